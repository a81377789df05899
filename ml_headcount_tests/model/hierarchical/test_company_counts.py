"""Three blocks of data of a company, and what is mended in them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.model.annotators import Annotator
from ml_headcount_assets.model.hierarchical.company_counts import company_counts

from .conftest import Study

ANNOTATORS = (
    Annotator("llm_a", "llm"),
    Annotator("llm_b", "llm"),
    Annotator("filter_x", "filter"),
    Annotator("filter_y", "filter"),
    Annotator("filter_xy", "filter", ("filter_x", "filter_y")),
)
NAMES = [a.name for a in ANNOTATORS]
VALIDATION = pd.DataFrame([{"is_expert": z, **dict.fromkeys(NAMES, z)} for z in (0, 1)] * 3)


def _company(profiles=(), separate_search=False, **columns):
    """Return the counts of one company, its profiles given as patterns over `NAMES`."""
    table = pd.DataFrame(
        [{"company_id": "c", **dict(zip(NAMES, map(int, row), strict=True))} for row in profiles],
        columns=["company_id", *NAMES],
    )
    companies = pd.DataFrame([{"company_id": "c", **columns}])
    study = Study.of(VALIDATION, table, companies, ANNOTATORS)
    return company_counts(study.companies[0], study.instruments, separate_search=separate_search)


def test_hits_with_their_conjunction_are_an_exact_table():
    counts = _company(headcount=100, filter_x_hits=30, filter_y_hits=20, filter_xy_hits=5)
    assert counts.table[1].tolist() == [55, 25, 15, 5]
    assert counts.cells.counts.tolist() == [25, 15, 5]
    assert counts.cells.people.tolist() == [100, 100, 100]
    assert counts.cells.weight.tolist() == [1, 1, 1]
    assert counts.evidence == "aggregates"
    assert counts.rests_on == ("hits",)


def test_without_the_conjunction_margins_count_half():
    counts = _company(headcount=100, filter_x_hits=30, filter_y_hits=20)
    assert counts.table is None
    assert sorted(counts.cells.counts.tolist()) == [20, 30]
    assert counts.cells.weight.tolist() == [0.5, 0.5]


def test_hits_of_people_with_profiles_are_not_counted_again():
    seen = ["00000", "11111", "00100", "00100"]
    hits = {"filter_x_hits": 8, "filter_y_hits": 4, "filter_xy_hits": 2}
    counts = _company(seen, headcount=40, **hits)
    # 40 people: 30 without a hit, 6 with x only, 2 with y only, 2 with both; seen 1, 2, 0, 1.
    assert counts.table[1].tolist() == [29, 4, 2, 1]
    own = _company(seen, separate_search=True, headcount=40, **hits)
    assert own.table[1].tolist() == [30, 6, 2, 2]


@pytest.mark.parametrize("both", [50, 25, -0.0])
def test_an_impossible_conjunction_is_mended_and_flagged(both):
    counts = _company(headcount=100, filter_x_hits=90, filter_y_hits=20, filter_xy_hits=both)
    assert "impossible_conjunction" in counts.flags
    assert counts.table[1].min() >= 0
    assert counts.table[1].sum() == 100


def test_more_hits_than_headcount_are_cut_and_flagged():
    counts = _company(headcount=10, filter_x_hits=30, filter_y_hits=2, filter_xy_hits=2)
    assert "more_hits_than_headcount" in counts.flags
    assert counts.table[1].tolist() == [0, 8, 0, 2]


def test_accepted_of_labelled_are_evidence_of_any_annotator():
    counts = _company(headcount=100, llm_a_accepted=12, llm_a_labelled=90, llm_b_hits=7)
    assert counts.evidence == "aggregates"
    assert counts.rests_on == ("accepted",)
    assert counts.cells.counts.tolist() == [12, 7]
    assert counts.cells.people.tolist() == [90, 100]


def test_more_labelled_than_headcount_raise_it():
    counts = _company(headcount=50, llm_a_accepted=12, llm_a_labelled=90)
    assert counts.headcount == 90
    assert "more_labelled_than_headcount" in counts.flags


def test_more_accepted_than_labelled_is_an_error_that_names_the_company():
    with pytest.raises(InputError, match=r"'c'.*llm_a_accepted"):
        _company(headcount=50, llm_a_accepted=12, llm_a_labelled=9)


def test_profiles_hits_and_accepted_mix():
    counts = _company(
        ["11000", "00000"],
        headcount=100,
        llm_a_accepted=11,
        llm_a_labelled=52,
        filter_x_hits=3,
        filter_y_hits=3,
        filter_xy_hits=1,
    )
    assert counts.evidence == "profiles"
    assert counts.rests_on == ("profiles", "accepted", "hits")
    accepted = counts.cells.people == 50
    assert counts.cells.counts[accepted].tolist() == [10]


def test_without_headcount_hits_say_nothing():
    assert _company(headcount=np.nan, filter_x_hits=3).evidence == "none"
