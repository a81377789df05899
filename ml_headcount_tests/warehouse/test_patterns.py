"""Patterns counted by SQL are those that the model would count."""

import numpy as np
import pandas as pd

from ml_headcount_assets.model import count_patterns as count_in_memory
from ml_headcount_assets.warehouse.patterns import count_patterns
from ml_headcount_assets.warehouse.records import label_rows
from ml_headcount_assets.warehouse.store import TableStore
from ml_headcount_assets.warehouse.view import TableView

NAMES = ["filter_b", "llm_a", "llm_c"]


def wide_profiles(seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"company_id": rng.choice(["x", "y", "z"], 200)})
    for name in NAMES:
        frame[name] = pd.array(rng.choice([0, 1, -1], 200), "Int8")
        frame[name] = frame[name].mask(frame[name] < 0)
    return frame


def view_of(store: TableStore, companies: list[str]) -> TableView:
    return TableView(store.path, {"profile_labels": None}, companies)


def stored(store: TableStore, wide: pd.DataFrame) -> None:
    long = wide.reset_index(names="profile_id").melt(
        ["profile_id", "company_id"], var_name="annotator", value_name="label"
    )
    long["company"] = "slug-" + long["company_id"]
    store.write("profile_labels", label_rows(long.astype({"profile_id": "str"})))


def test_as_the_model_counts(tmp_path):
    store, wide = TableStore(tmp_path / "w"), wide_profiles()
    stored(store, wide)
    found = count_patterns(view_of(store, ["slug-x", "slug-y", "slug-z"]), NAMES)
    pd.testing.assert_frame_equal(
        found[["company_id", "pattern", "n_profiles"]],
        count_in_memory(wide, NAMES),
        check_dtype=False,
    )
    assert found["company"].tolist() == ("slug-" + found["company_id"]).tolist()


def test_only_of_the_companies_asked_for(tmp_path):
    store = TableStore(tmp_path / "w")
    stored(store, wide_profiles())
    assert count_patterns(view_of(store, ["slug-y"]), NAMES)["company"].unique().tolist() == [
        "slug-y"
    ]
    assert count_patterns(view_of(store, ["nobody"]), NAMES).empty


def test_a_label_without_a_row_is_missing(tmp_path):
    store = TableStore(tmp_path / "w")
    rows = [("a", "A", "1", "llm_a", 1), ("a", "A", "2", "llm_c", 0)]
    columns = ["company", "company_id", "profile_id", "annotator", "label"]
    store.write("profile_labels", label_rows(pd.DataFrame(rows, columns=columns)))
    assert count_patterns(view_of(store, ["a"]), NAMES)["pattern"].tolist() == ["--0", "-1-"]
