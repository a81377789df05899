"""Counting on how many stored profiles phrases and filters fire, and where."""

import pandas as pd
import pytest

from ml_headcount_assets.text.filters import FilterRule, KeywordFilters
from ml_headcount_assets.warehouse import reach
from ml_headcount_assets.warehouse.reach import keyword_reach
from ml_headcount_assets.warehouse.store import TableStore

FILTERS = KeywordFilters(
    terms={"ml": ("ML", "deep learning"), "sales": ("sales",)},
    rules={"f": FilterRule(all_of=("ml",), none_of=("sales",))},
)
TEXTS = ["ML", "html", "deep\nlearning", "", "ML and sales", "sales"]
COMPANIES = ["b", "a", "a", "a", "b", "c"]


@pytest.fixture
def store(tmp_path) -> TableStore:
    store = TableStore(tmp_path / "w")
    profiles = pd.DataFrame({"text": TEXTS, "company_id": COMPANIES})
    profiles["company"], profiles["profile_id"] = COMPANIES, [f"p{n}" for n in range(len(TEXTS))]
    store.write("profiles", profiles.assign(snapshot=None, text_hash="h", recipe="1"))
    return store


@pytest.mark.parametrize("at_once", [1, 10_000])
def test_counts_are_those_of_the_filters_own_definition(store, monkeypatch, at_once):
    monkeypatch.setattr(reach, "_AT_ONCE", at_once)
    told = []
    phrases = ["ml", "deep learning", "nowhere"]
    rows = keyword_reach(store, phrases, FILTERS, lambda *done: told.append(done))
    store.write("keyword_reach", rows)
    rows = rows.set_index("name")
    assert rows["kind"].tolist() == ["phrase"] * 3 + ["filter"]
    assert rows["profiles"].tolist() == [2, 1, 0, 2]
    assert rows["companies"].tolist() == [1, 1, 0, 2]
    assert set(rows["of_profiles"]) == {5}  # one has no text
    assert set(rows["of_companies"]) == {3}
    assert rows["share"].tolist() == [0.4, 0.2, 0, 0.4]
    assert rows.loc["ml", ["top_companies", "top_profiles"]].tolist() == [["b"], [2]]
    assert rows.loc["f", ["top_companies", "top_profiles"]].tolist() == [["a", "b"], [1, 1]]
    assert rows.loc["nowhere", "top_companies"] == []
    assert told[-1] == (5, 5)


def test_without_profiles_or_rules_there_are_no_rows(store):
    assert keyword_reach(store, [], FILTERS.only([]), print).empty
    store.write("profiles", store.read("profiles")[:0])
    assert keyword_reach(store, ["ml"], FILTERS, print).empty
