"""Prepared labels of profiles."""

from __future__ import annotations

import json
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.ingest import read_profile_labels
from ml_headcount_assets.study import load_study

from .conftest import PROFILE_LABELS, MakeStudy

KNOWN = ["acme", "globex"]
FIELDS = ["company_id", "profile_id", "filter_a", "llm_x"]
JSONL = """files: {profile_labels: {path: p.jsonl}}
annotators: [{name: llm_x, kind: llm}, {name: filter_a, kind: filter}]
"""


CONFIG = """files:
  companies: {path: companies.csv}
  validation: {path: validation.csv}
  profile_labels: {path: profile_labels.csv}
annotators:
- {name: llm_x, kind: llm}
- {name: filter_a, kind: filter}
"""


def test_clean_file(make_study: MakeStudy) -> None:
    labels, rejects = read_profile_labels(make_study(), KNOWN)
    assert rejects.empty
    wide = labels.pivot(index="profile_id", columns="annotator", values="label")
    assert wide["filter_a"].tolist() == [0, 1, 1]
    assert wide["llm_x"].fillna(-1).tolist() == [1, -1, 0]
    assert labels.set_index("profile_id")["company_id"].to_dict() == {
        "2": "acme",
        "3": "globex",
        "4": "acme",
    }
    assert (labels["company"] == labels["company_id"]).all()


def test_ids_are_normalised_on_both_sides(make_study: MakeStudy) -> None:
    rows = (
        "company_id,filter_a,llm_x\nmegvii%E6%97%B7,0,1\nMEGVII旷,0,1\n357.0,1,1\n46119?trk=x,1,1\n"
    )
    labels, rejects = read_profile_labels(
        make_study(profile_labels=rows), ["megvii旷", "357", "46119"]
    )
    assert rejects.empty
    assert labels["company_id"].value_counts().to_dict() == {"megvii旷": 4, "357": 2, "46119": 2}


def test_profiles_of_unknown_companies_are_counted_with_the_likeliest_match(
    make_study: MakeStudy,
) -> None:
    rows = PROFILE_LABELS + "acme-inc,0,0\nacne,0,0\nacne,1,1\n,1,1\n"
    labels, rejects = read_profile_labels(make_study(profile_labels=rows), KNOWN)
    assert labels["profile_id"].nunique() == 3
    by_line = rejects.set_index("line")["reason"]
    assert "1 profile of company 'acme-inc'" in by_line[5]
    assert "2 profiles of company 'acne'" in by_line[6]
    assert "likeliest match 'acme'" in by_line[6]
    assert "1 profile has no company id" in by_line[8]


@pytest.mark.parametrize("config", [CONFIG, None])
def test_of_one_workbook_for_all_each_table_has_its_sheet(
    make_study: MakeStudy, config: str | None
) -> None:
    study = make_study(config=config)
    tables = [pd.read_csv(path) for path in sorted(study.directory.glob("*.csv"))]
    for path in study.directory.glob("*.csv"):
        with pd.ExcelWriter(path.with_suffix(".xlsx")) as book:
            for number, table in enumerate(tables):
                table.to_excel(book, sheet_name=f"sheet {number}", index=False)
        path.unlink()
    if config is not None:
        (study.directory / "study.yaml").write_text(config.replace(".csv", ".xlsx"))
    study = load_study(study.directory)
    labels, _ = read_profile_labels(study, {"acme", "globex"})
    assert labels.groupby("annotator")["label"].sum().to_dict() == {"filter_a": 2, "llm_x": 1}


def test_no_profile_of_a_known_company_is_an_error(make_study: MakeStudy) -> None:
    with pytest.raises(InputError, match=r"none of its 3 rows.*profiles of company"):
        read_profile_labels(make_study(), ["hooli"])


def test_unusable_label_is_missing_and_the_row_survives(make_study: MakeStudy) -> None:
    rows = PROFILE_LABELS + "acme,2,1\nacme,maybe,1\nacme,1.0,0.0\n"
    labels, rejects = read_profile_labels(make_study(profile_labels=rows), KNOWN)
    wide = labels.pivot(index="profile_id", columns="annotator", values="label").loc[
        ["5", "6", "7"]
    ]
    assert wide["filter_a"].fillna(-1).tolist() == [-1, -1, 1]
    assert wide["llm_x"].tolist() == [1, 1, 0]
    assert rejects[["line", "field"]].values.tolist() == [[5, "filter_a"], [6, "filter_a"]]


def test_last_line_cut_off(make_study: MakeStudy) -> None:
    labels, rejects = read_profile_labels(
        make_study(profile_labels=PROFILE_LABELS + "globex,1"), KNOWN
    )
    assert labels["profile_id"].nunique() == 3
    assert rejects[["line", "field"]].values.tolist() == [[5, "(row)"]]


def test_profile_ids_have_to_differ_within_a_company(make_study: MakeStudy) -> None:
    rows = (
        "profile_id,company_id,filter_a,llm_x\n"
        "p,acme,1,1\nq,acme,1,1\np,acme,0,0\np,globex,0,0\n,acme,0,0\n"
    )
    labels, rejects = read_profile_labels(make_study(profile_labels=rows), KNOWN)
    kept = labels[["company_id", "profile_id"]].drop_duplicates().values.tolist()
    assert kept == [["acme", "p"], ["acme", "q"], ["globex", "p"]]
    assert list(rejects["line"]) == [4, 6]


def test_profile_ids_in_formulas(make_study: MakeStudy) -> None:
    rows = 'company_id,profile_id,llm_x,filter_a\nacme,p,1,1\nacme,="p",0,0\nacme,="q",1,0\n'
    labels, rejects = read_profile_labels(make_study(profile_labels=rows), ["acme"])
    assert set(labels["profile_id"]) == {"p", "q"}
    assert list(rejects["line"]) == [3]


def test_a_quarter_of_a_million_profiles(make_study: MakeStudy) -> None:
    """Reading them takes about 1.3 s; ten times that would mean rows are handled one by one."""
    rng = np.random.default_rng(1)
    rows = 250_000
    frame = pd.DataFrame({"company_id": rng.choice(KNOWN, rows)})
    names = [f"llm_{i}" for i in range(6)]
    for name in names:
        frame[name] = rng.integers(0, 2, rows)
    validation = ",".join(["is_expert", *names]) + "\n1,1,1,1,1,1,1\n0,0,0,0,0,0,0\n"
    study = make_study(validation=validation, profile_labels=frame.to_csv(index=False))
    start = time.process_time()
    labels, rejects = read_profile_labels(study, KNOWN)
    assert time.process_time() - start < 13
    assert rejects.empty
    sums = labels.groupby("annotator")["label"].sum()
    assert sums.to_dict() == frame[names].sum().to_dict()


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children, max_size=2) | st.dictionaries(st.text(), children),
    max_leaves=4,
)


def _is_no_code(value: object) -> bool:
    """Whether it is nothing that stops the run for its column: probabilities, 1 and 2, scores."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return not (is_number and (0 < value < 1 or abs(value) >= 2))  # type: ignore[operator,arg-type]


_LABELS = dict.fromkeys(("filter_a", "llm_x"), _JSON.filter(_is_no_code))


@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                **dict.fromkeys(FIELDS, _JSON),
                **_LABELS,
                "company_id": _JSON | st.sampled_from(KNOWN),
            },
        ),
        max_size=5,
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_value_in_any_field_costs_a_good_row(
    make_study: MakeStudy, rows: list[dict[str, object]]
) -> None:
    good = {"company_id": "acme", "profile_id": "good", "filter_a": 1, "llm_x": 0}
    lines = [json.dumps(row) for row in [good, *rows]]
    directory = make_study().directory
    (directory / "p.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (directory / "jsonl.yaml").write_text(JSONL)
    study = load_study(directory, directory / "jsonl.yaml")
    labels, _ = read_profile_labels(study, KNOWN)
    first = labels[labels["profile_id"] == "good"].set_index("annotator")["label"]
    assert first.to_dict() == {"filter_a": 1, "llm_x": 0}
    assert labels["label"].dropna().isin([0, 1]).all()
