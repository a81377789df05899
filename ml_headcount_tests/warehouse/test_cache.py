"""Results are made anew when, and only when, something they are made from has changed."""

import pandas as pd
import pytest

from ml_headcount_assets.warehouse.cache import WHOLE, compare
from ml_headcount_assets.warehouse.store import TableStore


@pytest.fixture
def store(tmp_path):
    return TableStore(tmp_path / "warehouse")


def counts(**of_company: dict[str, int]) -> pd.DataFrame:
    rows = [
        (company, company.upper(), pattern, number)
        for company, patterns in of_company.items()
        for pattern, number in patterns.items()
    ]
    return pd.DataFrame(rows, columns=["company", "company_id", "pattern", "n_profiles"])


def rated(verdict: int) -> pd.DataFrame:
    text = {"text": [""], "text_hash": ["h"], "recipe": ["1"]}
    return pd.DataFrame({"rated_id": ["1"], "is_expert": [verdict], **text})


def plan(store, companies, *, settings="s", code_version="1"):
    with store.snapshot() as snapshot:
        reads = {table: snapshot.digests(table) for table in ("pattern_counts", "rated_cvs")}
        return compare(
            "headcount_draws",
            companies,
            reads=reads,
            settings=settings,
            code_version=code_version,
            stored=snapshot.cached("headcount_draws"),
        )


def remember(store, comparison, version):
    with store.transaction() as transaction:
        transaction.remember(comparison, version)


@pytest.fixture
def filled(store):
    store.write("pattern_counts", counts(a={"01": 2, "11": 1}, b={"00": 5}))
    store.write("rated_cvs", rated(0))
    remember(store, plan(store, ["a", "b", "c"]), "v1")
    return store


def test_nothing_has_changed(filled):
    again = plan(filled, ["a", "b", "c"])
    assert again.misses == ()
    assert again.settled_version() == "v1"


def test_only_the_company_whose_rows_changed_is_made_anew(filled):
    filled.write("pattern_counts", counts(b={"00": 6}), companies=["b"])
    again = plan(filled, ["a", "b", "c"])
    assert again.misses == ("b",)
    assert again.settled_version() is None


def test_the_order_of_rows_is_no_change(filled):
    filled.write("pattern_counts", counts(b={"00": 5}, a={"11": 1, "01": 2}))
    assert plan(filled, ["a", "b", "c"]).misses == ()


def test_a_part_that_becomes_empty_has_changed(filled):
    filled.write("pattern_counts", counts(), companies=["b"])
    assert plan(filled, ["a", "b"]).misses == ("b",)


@pytest.mark.parametrize("change", [{"settings": "t"}, {"code_version": "2"}])
def test_other_settings_or_code_change_every_company(filled, change):
    assert plan(filled, ["a", "b"], **change).misses == ("a", "b")


def test_rows_of_the_cohort_change_every_company(filled):
    filled.write("rated_cvs", rated(1))
    assert plan(filled, ["a", "b"]).misses == ("a", "b")


def test_a_result_of_the_cohort_depends_on_every_company(filled):
    remember(filled, plan(filled, None), "v1")
    assert plan(filled, None).misses == ()
    filled.write("pattern_counts", counts(b={"00": 6}), companies=["b"])
    assert plan(filled, None).misses == (WHOLE,)


def test_a_company_refreshed_alone_keeps_the_others_cached(filled):
    filled.write("pattern_counts", counts(b={"00": 6}), companies=["b"])
    remember(filled, plan(filled, ["b"]), "v2")
    again = plan(filled, ["a", "b", "c"])
    assert again.misses == ()
    assert again.settled_version() is None  # two versions: neither speaks for all


def test_digests_tell_similar_rows_apart(store):
    base = {"company": "a", "company_id": "A", "size_band": "unknown", "headcount": None}
    base |= dict.fromkeys(("aliases", "headcount_low", "headcount_high"))
    texts = [("ab", "c"), ("a", "bc"), ("abc", None), ("abc", ""), (None, "abc")]
    seen = set()
    for name, cohort in texts:
        row = {**base, "name": name, "cohort": cohort, "headquarters": None, "country": None}
        store.write("companies", pd.DataFrame([row]))
        with store.snapshot() as snapshot:
            seen.add(snapshot.digests("companies")["a"])
    assert len(seen) == len(texts)


def test_companies_that_left_the_study_are_forgotten(filled):
    with filled.transaction() as transaction:
        transaction.keep_companies(["b"])
    assert filled.read("pattern_counts")["company"].unique().tolist() == ["b"]
    assert filled.read("rated_cvs").shape == (1, 5)
    assert plan(filled, ["a", "b"]).misses == ("a",)
    with filled.snapshot() as snapshot:
        assert set(snapshot.digests("pattern_counts")) == {"b"}
