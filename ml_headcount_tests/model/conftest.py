"""Small studies and gold values for the tests of the model."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from ml_headcount_assets.worlds.simulation import SimulatedWorld, simulate_study

_GOLD = Path(__file__).resolve().parents[2].parent / "shared" / "gold" / "gold.json"

# The order in which the published run handed its validation columns over, and as what it read
# them (reference-study/README.md).
_HANDED_OVER = (
    "llm_gemini_2_5_flash",
    "llm_sonnet_4",
    "llm_gpt_5_mini",
    "filter_broad_yes",
    "filter_strict_no",
    "filter_broad_yes_strict_no",
)
_READ_AS = (
    "filter_broad_yes",
    "filter_strict_no",
    "filter_broad_yes_strict_no",
    "llm_gemini_2_5_flash",
    "llm_gpt_5_mini",
    "llm_sonnet_4",
)


@pytest.fixture(scope="session")
def gold() -> dict:
    """Exact orthants and tetrachoric correlations from R and from quadrature."""
    if not _GOLD.is_file():
        pytest.skip("needs the gold values at ../shared/gold/gold.json, which are not there")
    return json.loads(_GOLD.read_text())


@pytest.fixture(scope="session")
def world() -> SimulatedWorld:
    return simulate_study(companies=40, profiles=8_000, seed=3)


@pytest.fixture(scope="session")
def few() -> SimulatedWorld:
    """A world that is fitted in a third of the time, for what any fit has to hold."""
    return simulate_study(companies=10, profiles=1_500, seed=3)


@pytest.fixture(scope="session")
def rated(reference_directory: Path) -> pd.DataFrame:
    return pd.read_csv(reference_directory / "validation_labels.csv")


@pytest.fixture(scope="session")
def reference(reference_directory: Path) -> dict[str, pd.DataFrame]:
    """Tables of the like-for-like run on the twelve published companies."""
    rated = pd.read_csv(reference_directory / "validation_labels.csv")
    published = pd.read_csv(reference_directory / "published_comparator_ml.csv")
    companies = published.rename(columns={"linkedin_id": "company_id", "n_employees": "headcount"})
    permuted = rated[["is_expert", *_HANDED_OVER]]
    return {
        "rated": rated,
        "permuted": permuted.rename(columns=dict(zip(_HANDED_OVER, _READ_AS, strict=True))),
        "profiles": pd.read_csv(reference_directory / "profile_labels.csv"),
        "companies": companies[["company_id", "headcount"]],
        "published": published.set_index("linkedin_id").rename(
            columns={"q10": "low", "q50": "median", "q90": "high"}
        ),
    }
