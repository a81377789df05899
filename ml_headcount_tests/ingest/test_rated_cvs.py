"""The rated CVs."""

from __future__ import annotations

import pandas as pd
import pytest

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.ingest import read_rated_cvs

from .conftest import VALIDATION, MakeStudy

DERIVED = """annotators:
  - {name: llm_x, kind: llm}
  - {name: filter_a, kind: filter}
  - {name: filter_b, kind: filter}
  - {name: filter_c, kind: filter, derived: [filter_a, filter_b]}
"""


def test_clean_file(make_study: MakeStudy) -> None:
    rated_cvs, rated_labels, rejects = read_rated_cvs(make_study())
    assert rejects.empty
    assert rated_cvs[["rated_id", "is_expert"]].to_dict("list") == {
        "rated_id": ["2", "3", "4", "5"],
        "is_expert": [1, 1, 0, 0],
    }
    wide = rated_labels.pivot(index="rated_id", columns="annotator", values="label")
    assert wide["llm_x"].tolist() == [1, 1, 0, 0]
    assert wide["filter_a"].tolist() == [1, 0, 1, 0]
    assert rated_labels["label"].dtype == "Int8"


@pytest.mark.parametrize("label", ["", "NA", "null", " na "])
def test_missing_labels_stay_missing(make_study: MakeStudy, label: str) -> None:
    rated_cvs, rated_labels, rejects = read_rated_cvs(
        make_study(validation=VALIDATION + f"1,{label},1\n")
    )
    assert len(rated_cvs) == 5
    last = rated_labels[rated_labels["rated_id"] == "6"].set_index("annotator")["label"]
    assert pd.isna(last["llm_x"])
    assert last["filter_a"] == 1
    assert rejects.empty


@pytest.mark.parametrize(
    ("label", "shown"), [("2", "2"), ("maybe", "'maybe'"), ("Jane Roe", "the text there")]
)
def test_unusable_label_is_missing_and_reported_without_text(
    make_study: MakeStudy, label: str, shown: str
) -> None:
    _, rated_labels, rejects = read_rated_cvs(make_study(validation=VALIDATION + f"1,{label},1\n"))
    assert rated_labels["label"].isna().sum() == 1
    assert rejects[["line", "field"]].values.tolist() == [[6, "llm_x"]]
    assert rejects["reason"][0].startswith(f"{shown} is not 0, 1 or empty")
    assert "Jane" not in rejects.to_csv()


@pytest.mark.parametrize("verdict", ["", "2", "expert"])
def test_cv_without_verdict_is_not_used(make_study: MakeStudy, verdict: str) -> None:
    rated_cvs, rated_labels, rejects = read_rated_cvs(
        make_study(validation=VALIDATION + f"{verdict},1,1\n")
    )
    assert len(rated_cvs) == 4
    assert "6" not in set(rated_labels["rated_id"])
    assert set(rejects["line"]) == {6}


def test_ids_of_cvs_are_used_and_have_to_differ(make_study: MakeStudy) -> None:
    rows = "is_expert,rated_id,llm_x,filter_a\n1,p,1,1\n0,q,0,0\n0,p,1,1\n0,,1,1\n"
    rated_cvs, _, rejects = read_rated_cvs(make_study(validation=rows))
    assert list(rated_cvs["rated_id"]) == ["p", "q"]
    assert list(rejects["line"]) == [4, 5]


def test_ids_of_cvs_in_formulas(make_study: MakeStudy) -> None:
    rows = 'is_expert,rated_id,llm_x,filter_a\n1,="p",1,1\n0,p,0,0\n0,="q",1,1\n'
    rated_cvs, _, rejects = read_rated_cvs(make_study(validation=rows))
    assert list(rated_cvs["rated_id"]) == ["p", "q"]
    assert list(rejects["line"]) == [3]


@pytest.mark.parametrize(("verdict", "kind"), [("0", "an expert"), ("1", "a non-expert")])
def test_both_verdicts_are_needed(make_study: MakeStudy, verdict: str, kind: str) -> None:
    rows = "is_expert,llm_x,filter_a\n" + f"{verdict},1,0\n" * 5
    with pytest.raises(InputError, match=f"validation.csv: no CV is rated as {kind}"):
        read_rated_cvs(make_study(validation=rows))


def test_annotator_without_labels_is_an_error(make_study: MakeStudy) -> None:
    rows = "is_expert,llm_x,filter_a\n1,maybe,0\n0,x,0\n"
    with pytest.raises(InputError, match="'llm_x' has not one label"):
        read_rated_cvs(make_study(validation=rows))


def test_derived_annotator_that_disagrees_is_an_error_with_a_count(
    make_study: MakeStudy,
) -> None:
    header = "is_expert,llm_x,filter_a,filter_b,filter_c\n"
    profiles = "company_id,llm_x,filter_a,filter_b,filter_c\nacme,1,1,1,1\n"
    good = "1,1,1,1,1\n0,1,1,0,0\n0,0,1,,0\n"
    rated_cvs, _, _ = read_rated_cvs(
        make_study(validation=header + good, profile_labels=profiles, config=DERIVED)
    )
    assert len(rated_cvs) == 3
    spoilt = header + good + "0,1,0,0,1\n0,1,1,1,0\n"
    with pytest.raises(InputError, match=r"validation\.csv, 2 of 5 rows.*'filter_c'"):
        read_rated_cvs(make_study(validation=spoilt, profile_labels=profiles, config=DERIVED))
