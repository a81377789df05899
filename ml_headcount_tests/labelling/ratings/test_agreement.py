"""Who is compared with whom on what, and which profiles need one more opinion."""

import math

import pandas as pd

from ml_headcount_assets.labelling.ratings.agreement import open_questions, rater_agreement
from ml_headcount_assets.warehouse.schemas import TABLES


def rated(*rows: tuple[str, str, str, list[str], str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["profile_id", "rater", "verdict", "criteria", "standing"])
    return frame.assign(company="acme", company_id="acme", text_hash="", rated_at="2026-01-01")


ROWS = rated(
    ("p1", "zoe", "yes", ["own method"], "counts"),
    ("p1", "ann", "yes", ["own method"], "counts"),
    ("p2", "zoe", "no", [], "counts"),
    ("p2", "ann", "yes", ["own method"], "counts"),
    ("p3", "zoe", "unsure", [], "unsure"),
    ("p3", "ann", "no", [], "counts"),
    ("p4", "ann", "unsure", [], "unsure"),
    ("p5", "zoe", "no", [], "text has changed"),
    ("p5", "ann", "yes", [], "counts"),
    ("p6", "ann", "no", [], "counts"),
    ("p6", "zoe", "no", [], "counts"),
)


def test_raters_are_compared_on_what_both_decided():
    found = TABLES["rater_agreement"].validate(rater_agreement(ROWS, 0.8)).set_index("criterion")
    assert found.index.tolist() == ["", "own method"]
    verdict = found.loc[""]
    assert verdict["raters"] == "A B"  # ann before zoe, and neither by name
    assert verdict["n_profiles"] == 3
    assert tuple(verdict[["both_yes", "first_only", "second_only", "both_no"]]) == (1, 1, 0, 1)
    assert math.isclose(verdict["kappa"], 0.4)


def test_raters_who_tick_nothing_are_not_compared_on_criteria():
    silent = ROWS.assign(criteria=[[] for _ in range(len(ROWS))])
    assert rater_agreement(silent, 0.8)["criterion"].tolist() == [""]


def test_one_rater_agrees_with_nobody():
    alone = ROWS[ROWS["rater"] == "ann"]
    assert TABLES["rater_agreement"].validate(rater_agreement(alone, 0.8)).empty


def test_a_third_opinion_is_asked_for_and_ends_it():
    assert open_questions(ROWS)[["profile_id", "why"]].to_numpy().tolist() == [
        ["p2", "raters disagree"],
        ["p4", "nobody is sure"],
    ]
    third = rated(("p2", "bob", "no", [], "counts"), ("p4", "bob", "no", [], "counts"))
    assert open_questions(pd.concat([ROWS, third])).empty
