"""Small tables in the shape of the warehouse's."""

from __future__ import annotations

import pandas as pd
import pytest


@pytest.fixture
def companies() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "company": ["acme", "bits", "core", "dusk"],
            "company_id": ["acme", "bits", "core", "dusk"],
            "name": ["Acme <b>& Sons</b>", "Bits", None, "Dusk"],
        }
    )


@pytest.fixture
def intervals() -> pd.DataFrame:
    """Two estimators; bits may be zero, dusk has no evidence."""
    rows = [
        ("acme", "profiles", 100, 900, 40.0, 60.0, 90.0),
        ("bits", "aggregates", 0, 50, 0.0, 1.0, 4.0),
        ("core", "profiles", 20, None, 2.0, 5.0, 9.0),
        ("dusk", "none", 0, None, None, None, None),
    ]
    names = ["company", "evidence", "n_profiles", "headcount", "low", "median", "high"]
    first = pd.DataFrame(rows, columns=names).astype({"headcount": "Int64"})
    first = first.assign(company_id=first["company"], mean=first["median"], level=0.8)
    first = first.assign(estimator="five_layer")
    other = first.assign(estimator="log_debias", high=first["high"] * 10)
    return pd.concat([first, other], ignore_index=True)
