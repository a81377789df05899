"""Profiles in the warehouse get the labels that their texts give."""

import pandas as pd
import pytest

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.model import Annotator
from ml_headcount_assets.text.filters import FilterRule, KeywordFilters
from ml_headcount_assets.warehouse import keyword_labels as keywords
from ml_headcount_assets.warehouse.keyword_labels import label_profiles
from ml_headcount_assets.warehouse.labels import gather_labels
from ml_headcount_assets.warehouse.records import label_rows
from ml_headcount_assets.warehouse.store import TableStore
from ml_headcount_assets.warehouse.view import TableView

FILTERS = KeywordFilters(
    terms={"ml": ("ML",), "sales": ("sales",)},
    rules={"filter_ml": FilterRule(all_of=("ml",)), "filter_s": FilterRule(all_of=("sales",))},
)
TEXTS = {"p1": "ML", "p2": "html sales", "p3": "", "p4": "sales of ML"}


@pytest.fixture
def store(tmp_path) -> TableStore:
    store = TableStore(tmp_path / "w")
    profiles = pd.DataFrame({"profile_id": list(TEXTS), "text": list(TEXTS.values())})
    profiles["company"] = profiles["company_id"] = ["a", "a", "b", "b"]
    store.write("profiles", profiles.assign(snapshot=None, text_hash="h", recipe="7"))
    return store


def view_of(store: TableStore, companies) -> TableView:
    tables = dict.fromkeys(["profiles", "keyword_labels", "llm_labels"])
    return TableView(store.path, tables, list(companies))


def labelled(store, companies=("a", "b"), filters=FILTERS, annotators=()) -> pd.DataFrame:
    told = []
    view = view_of(store, companies)
    rows = label_profiles(view, filters, annotators, lambda done, total: told.append((done, total)))
    frame = pd.concat(rows, ignore_index=True)
    people = sum(company in companies for company in "aabb")
    assert told[-1:] == [(people, people)] * bool(people)
    return frame.sort_values(["annotator", "profile_id"], ignore_index=True)


@pytest.mark.parametrize("at_once", [1, 10_000])
def test_labels_with_what_they_come_from(store, monkeypatch, at_once):
    monkeypatch.setattr(keywords, "_AT_ONCE", at_once)
    rows = labelled(store)
    assert rows["label"].fillna(-1).tolist() == [1, 0, -1, 1, 0, 1, -1, 1]
    assert rows["recipe"].unique().tolist() == ["7"]
    assert rows["model"].unique().tolist() == [
        FILTERS.fingerprint("filter_ml"),
        FILTERS.fingerprint("filter_s"),
    ]
    silent = rows[rows["missing"].notna()]
    assert silent["profile_id"].unique().tolist() == ["p3"]
    assert silent["missing"].unique().tolist() == ["the profile has no text"]


def test_only_the_companies_asked_for(store):
    assert labelled(store, ["b"])["profile_id"].unique().tolist() == ["p3", "p4"]
    assert labelled(store, ["nobody"]).empty


def test_without_filters_there_are_no_labels(store):
    assert labelled(store, filters=FILTERS.only([])).empty


def test_a_filter_that_does_not_follow_from_others_is_refused(store):
    rules = {**FILTERS.rules, "filter_both": FilterRule(any_of=("ml", "sales"))}
    filters = KeywordFilters(terms=FILTERS.terms, rules=rules)
    declared = Annotator("filter_both", "filter", ("filter_ml", "filter_s"))
    with pytest.raises(InputError, match=r"the profiles, 2 of 4 rows.*'filter_both'"):
        labelled(store, filters=filters, annotators=[declared])


def test_labels_of_all_annotators_are_gathered(store):
    store.write("keyword_labels", map(label_rows, label_profiles(store, FILTERS, (), print)))
    llm = pd.DataFrame({"profile_id": ["p1", "p4"], "company": ["a", "b"], "label": [1, None]})
    llm = llm.assign(company_id=llm["company"], annotator="llm_x", labelled_at="2026-01-01")
    store.write("llm_labels", label_rows(llm))
    tables = ("keyword_labels", "llm_labels")
    rows = gather_labels(store, tables, ["filter_ml", "llm_x"])
    store.write("profile_labels", rows)
    stored = store.read("profile_labels")
    assert stored[["profile_id", "annotator"]].values.tolist() == [
        ["p1", "filter_ml"],
        ["p1", "llm_x"],
        ["p2", "filter_ml"],
        ["p3", "filter_ml"],
        ["p4", "filter_ml"],
        ["p4", "llm_x"],
    ]
    assert stored["labelled_at"].notna().tolist() == [False, True, False, False, False, True]
    assert set(gather_labels(view_of(store, ["a"]), tables, ["llm_x"])["profile_id"]) == {"p1"}
