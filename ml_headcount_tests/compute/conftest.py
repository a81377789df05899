"""A world that is estimated here and elsewhere."""

from __future__ import annotations

import pytest

from ml_headcount_assets.worlds.simulation import SimulatedWorld, simulate_study


@pytest.fixture(scope="session")
def world() -> SimulatedWorld:
    return simulate_study(companies=40, profiles=8_000, seed=3)
