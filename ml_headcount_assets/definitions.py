"""The Dagster code location. It assembles and defines nothing."""

from ml_headcount_assets.orchestration.build import build_definitions

definitions = build_definitions()
