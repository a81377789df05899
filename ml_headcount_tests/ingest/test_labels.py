"""What counts as a label, and which columns hold none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.ingest import read_profile_labels, read_rated_cvs
from ml_headcount_assets.ingest.labels import read_labels
from ml_headcount_assets.ingest.rejects import Rejects

from .conftest import MakeStudy


def _read(*texts: str, threshold: float | None = None) -> tuple[list[int | None], pd.DataFrame]:
    rejects = Rejects("validation.csv")
    values = np.array(texts, dtype=object)
    labels = read_labels(
        values, np.arange(2, 2 + len(values)), "llm_x", rejects, threshold=threshold
    )
    assert str(labels.dtype) == "Int8"
    return [None if pd.isna(each) else int(each) for each in labels], rejects.frame()


def test_spellings_of_labels() -> None:
    texts = ["yes", "N", "ACCEPT", "Rejected", "WAHR", "faux", "'1'", '"0"', "１", '="0"']
    labels, rejects = _read(*texts)
    assert labels == [1, 0, 1, 0, 1, 0, 1, 0, 1, 0]
    assert rejects.empty
    texts = ["1", "0", "1.0", "0.00", "True", "FALSE", " true ", "1.00", "1,0", "", "NA", "null"]
    labels, rejects = _read(*texts)
    assert labels == [1, 0, 1, 0, 1, 0, 1, 1, 1, None, None, None]
    assert rejects.empty


def test_abstentions_are_missing_and_counted_once() -> None:
    labels, rejects = _read("1", "-1", "0", "-1")
    assert labels == [1, None, 0, None]
    assert rejects["line"].isna().tolist() == [True]
    assert "2 times -1" in rejects["reason"][0]


def test_what_is_no_label_is_missing_and_listed() -> None:
    labels, rejects = _read("1", "0", "maybe", "Jane", "3", *["0"] * 40)
    assert labels[:5] == [1, 0, None, None, None]
    assert rejects[["line", "reason"]].values.tolist() == [
        [4, "'maybe' is not 0, 1 or empty; taken as missing"],
        [5, "the text there is not 0, 1 or empty; taken as missing"],
        [6, "3 is not 0, 1 or empty; taken as missing"],
    ]


def test_a_single_odd_value_among_many_labels_is_listed() -> None:
    labels, rejects = _read("0.5", *["0", "1"] * 20)
    assert labels[0] is None
    assert rejects["line"].tolist() == [2]


@pytest.mark.parametrize(
    "texts", [["0.9", "0.2", "1"], ["0.5"], ["1e-3", "0", "0", "0,7"], ["90%", "5%"]]
)
def test_probabilities_stop(texts: list[str]) -> None:
    with pytest.raises(InputError, match=r"validation.csv: 'llm_x' holds probabilities"):
        _read(*texts)


def test_a_threshold_makes_labels_of_probabilities() -> None:
    labels, rejects = _read("0.9", "0.7", "0.69", "0", "1", "", "-1", "7", "x", threshold=0.7)
    assert labels == [1, 1, 0, 0, 1, None, None, None, None]
    assert rejects["line"].dropna().tolist() == [9, 10]


@pytest.mark.parametrize("texts", [["1", "2", "2"], ["1.0", "2.0", ""]])
def test_one_and_two_stop(texts: list[str]) -> None:
    with pytest.raises(InputError, match="never 0, as if coded 1 and 2"):
        _read(*texts)


def test_one_and_minus_one_stop() -> None:
    with pytest.raises(InputError, match=r"20 times 1, 20 times -1, and never 0"):
        _read(*["1", "-1"] * 20)


def test_a_single_abstention_beside_ones_does_not_stop() -> None:
    labels, _ = _read("1", "1", "-1")
    assert labels == [1, 1, None]


@pytest.mark.parametrize("texts", [["90", "10", "0"], ["100", "0", "100"], ["5", "4", "1", "0"]])
def test_scores_stop(texts: list[str]) -> None:
    with pytest.raises(InputError, match=r"scores or per cent"):
        _read(*texts)


def test_the_line_to_write_is_told_and_works(make_study: MakeStudy) -> None:
    scores = "company_id,filter_a,llm_x\nacme,0,0.91\nglobex,1,0.12\nacme,1,0.55\n"
    rated = "is_expert,llm_x,filter_a\n1,0.9,1\n1,0.8,0\n0,0.2,1\n0,0.6,0\n"
    study = make_study(profile_labels=scores, validation=rated)
    with pytest.raises(InputError, match=r"threshold: 0\.5"):
        read_rated_cvs(study)
    with pytest.raises(InputError, match=r"threshold: 0\.5"):
        read_profile_labels(make_study(profile_labels=scores), ["acme", "globex"])
    config = (
        "annotators: [{name: llm_x, kind: llm, threshold: 0.5}, {name: filter_a, kind: filter}]\n"
    )
    study = make_study(profile_labels=scores, validation=rated, config=config)
    labels, _ = read_profile_labels(study, ["acme", "globex"])
    assert labels.loc[labels["annotator"] == "llm_x", "label"].tolist() == [1, 0, 1]
    _, labels, _ = read_rated_cvs(study)
    assert labels.loc[labels["annotator"] == "llm_x", "label"].tolist() == [1, 1, 0, 1]


def test_verdicts_of_raters_are_no_shares(make_study: MakeStudy) -> None:
    rated = "is_expert,llm_x,filter_a\n1,1,1\n0.33,1,0\n0.67,0,1\n0,0,0\n"
    with pytest.raises(InputError, match=r"'is_expert' holds probabilities.*decide"):
        read_rated_cvs(make_study(validation=rated))


def test_true_and_false_are_what_1_and_0_are(make_study: MakeStudy) -> None:
    rated = "is_expert,llm_x,filter_a\nTrue,True,1.00\n1,true,0.00\nFalse,False,1\n0,0,0\n"
    verdicts, labels, rejects = read_rated_cvs(make_study(validation=rated))
    assert rejects.empty
    assert verdicts["is_expert"].tolist() == [1, 1, 0, 0]
    wide = labels.pivot(index="rated_id", columns="annotator", values="label")
    assert wide["llm_x"].tolist() == [1, 1, 0, 0]
    assert wide["filter_a"].tolist() == [1, 0, 1, 0]
