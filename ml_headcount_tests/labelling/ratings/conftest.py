"""A warehouse with a few people in it, whose texts say who they are wherever they can."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from ml_headcount_assets.warehouse.store import TableStore

TEXT = (
    "Engineer at Acme Robotics | =HYPERLINK(1)\n|\nAs Jane Doe I built nets for Acme Robotics in"
    " 2020, see https://jane.example/x or jane@doe.example"
)


@pytest.fixture
def warehouse(tmp_path) -> Path:
    """A company with six people, the last of whom has labels and no text."""
    people = [("jane-doe-84b2", TEXT, "h0")] + [
        (f"p{n}", f"=1+{n} Researcher who trains nets", f"h{n}") for n in range(1, 5)
    ]
    profiles = pd.DataFrame(people, columns=["profile_id", "text", "text_hash"])
    labels = pd.DataFrame({"profile_id": [*profiles["profile_id"], "p9"]})
    one = {"company": "acme", "company_id": "acme"}
    with TableStore(tmp_path / "warehouse").transaction() as transaction:
        transaction.replace(
            "companies",
            pd.DataFrame([{**one, "name": "Acme Robotics Inc.", "aliases": "Acme Robotics",
                           "headcount": 10, "headcount_low": None, "headcount_high": None,
                           "size_band": "under_100", "cohort": None, "headquarters": None,
                           "country": None}]),
        )  # fmt: skip
        transaction.replace("profiles", profiles.assign(**one, snapshot=None, recipe="2"))
        blank = dict.fromkeys(("missing", "recipe", "model", "prompt", "labelled_at"))
        transaction.replace(
            "profile_labels", labels.assign(**one, annotator="llm", label=1, **blank)
        )
    return tmp_path / "warehouse"


@pytest.fixture
def listed(tmp_path) -> Path:
    """A list of profiles to rate, with rows that cannot be used."""
    path = tmp_path / "round.csv"
    rows = [
        *("jane-doe-84b2", "p1", "p2", "p3", "p4"),
        *("p9", "p1", "nobody"),
    ]
    lines = [f"Acme,{person},0.5" for person in rows] + ["elsewhere,p1,0.5"]
    path.write_text("company_id,profile_id,inclusion\n" + "\n".join(lines) + "\n")
    return path
