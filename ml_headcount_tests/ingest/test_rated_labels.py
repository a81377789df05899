"""Rated CVs in a study of raw profiles: filters label their text, as they do the profiles'."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.ingest import read_rated_cvs, study_annotators
from ml_headcount_assets.model import Annotator
from ml_headcount_assets.study import Study, load_study
from ml_headcount_assets.text.recipe import RECIPE_VERSION, hash_text

CONFIG = """
filters:
  terms: {ml: [ML], sales: [sales]}
  rules:
    filter_ml: {all_of: [ml]}
    filter_dull: {all_of: [sales], none_of: [ml]}
"""
TEXTS = ["ML", "ML sales", "sales", "html"]


def _study(directory: Path, cvs: list[dict[str, Any]], config: str = CONFIG) -> Study:
    (directory / "companies.csv").write_text("company_id,headcount\nacme,10\n")
    (directory / "validation.jsonl").write_text("\n".join(map(json.dumps, cvs)))
    (directory / "profiles").mkdir()
    (directory / "study.yaml").write_text(config)
    return load_study(directory)


def _cvs(**columns: list[Any]) -> list[dict[str, Any]]:
    rows = [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]
    return [{"is_expert": int(number < 2), **row} for number, row in enumerate(rows)]


def _labels(study: Study) -> dict[str, list[int]]:
    _, labels, _ = read_rated_cvs(study)
    wide = labels.pivot(index="rated_id", columns="annotator", values="label").fillna(-1)
    return {name: wide[name].tolist() for name in wide}


def test_filters_label_the_text(tmp_path: Path) -> None:
    study = _study(tmp_path, _cvs(text=TEXTS))
    assert _labels(study) == {"filter_ml": [1, 1, 0, 0], "filter_dull": [0, 0, 1, 0]}
    assert study_annotators(study) == (
        Annotator("filter_dull", "filter"),
        Annotator("filter_ml", "filter"),
    )


def test_text_is_made_of_fields_as_that_of_profiles_is(tmp_path: Path) -> None:
    posts = [[{"title": "ML", "description": None}], [], None, [{"title": "sales"}]]
    study = _study(tmp_path, _cvs(about=["x", "y", None, None], experience=posts))
    assert _labels(study)["filter_ml"] == [1, 0, -1, 0]
    texts, _, rejects = read_rated_cvs(study)
    assert texts["rated_id"].tolist() == ["1", "2", "3", "4"]
    assert texts["text"].tolist() == ["x\n|\nML", "y", "", "sales"]
    assert texts["text_hash"].tolist() == [hash_text(text) for text in texts["text"]]
    assert texts["recipe"].unique().tolist() == [RECIPE_VERSION]
    assert rejects[["line", "field"]].values.tolist() == [[3, "text"]]


def test_llms_may_have_labels_in_the_file_or_elsewhere(tmp_path: Path) -> None:
    listed = (
        "annotators: [{name: llm_a, kind: llm}, {name: llm_b, kind: llm, column: b},"
        " {name: filter_ml, kind: filter}]"
    )
    study = _study(tmp_path, _cvs(text=TEXTS, b=[1, None, 0, 0]), CONFIG + listed)
    assert _labels(study) == {"filter_ml": [1, 1, 0, 0], "llm_b": [1, -1, 0, 0]}
    assert [a.name for a in study_annotators(study)] == ["filter_ml", "llm_a", "llm_b"]


def test_unlisted_llms_are_those_with_a_folder_of_labels(tmp_path: Path) -> None:
    (tmp_path / "labels" / "gpt").mkdir(parents=True)
    study = _study(tmp_path, _cvs(text=TEXTS, name=["A", "B", "C", "D"]))
    assert study_annotators(study)[-1] == Annotator("gpt", "llm")
    assert len(study_annotators(study)) == 3


def test_the_text_counts_more_than_the_file(tmp_path: Path) -> None:
    study = _study(tmp_path, _cvs(text=TEXTS, filter_ml=[1, 0, 0, None]))
    assert _labels(study)["filter_ml"] == [1, 1, 0, 0]
    _, _, rejects = read_rated_cvs(study)
    assert rejects[["line", "field"]].values.tolist() == [[2, "filter_ml"]]
    assert "the text counts" in rejects["reason"][0]


def test_without_text_the_labels_in_the_file_are_used_and_that_is_told(tmp_path: Path) -> None:
    columns = {"filter_ml": [1, 1, 0, 1], "filter_dull": [0, 0, 1, 0]}
    study = _study(tmp_path, _cvs(**columns))
    assert _labels(study) == columns
    rated, _, rejects = read_rated_cvs(study)
    assert rejects["field"].tolist() == ["(file)", "(file)"]
    assert "the CVs have no text" in rejects["reason"][0]
    assert rated["text"].unique().tolist() == [""]


def test_neither_text_nor_labels_is_an_error(tmp_path: Path) -> None:
    study = _study(tmp_path, _cvs(filter_ml=[1, 1, 0, 1]))
    with pytest.raises(InputError, match=r"'filter_dull' cannot label the rated CVs.*Add the text"):
        read_rated_cvs(study)


def test_a_filter_that_does_not_follow_from_others_is_refused(tmp_path: Path) -> None:
    config = CONFIG + (
        "    filter_both: {any_of: [ml, sales]}\n"
        "annotators: [{name: filter_ml, kind: filter}, {name: filter_dull, kind: filter},"
        " {name: filter_both, kind: filter, derived: [filter_ml, filter_dull]}]\n"
    )
    study = _study(tmp_path, _cvs(text=TEXTS), config)
    with pytest.raises(InputError, match="3 of 4 rows"):
        read_rated_cvs(study)


def test_derivation_is_inferred_from_the_rated_texts(tmp_path: Path) -> None:
    texts = ["ML sales", "ML", "sales", "x"] * 10
    config = CONFIG.replace("none_of: [ml]", "none_of: []") + (
        "    filter_both: {all_of: [ml, sales]}\n"
    )
    study = _study(tmp_path, _cvs(text=texts), config)
    found = {a.name: a.derived for a in study_annotators(study)}
    assert found == {
        "filter_ml": (),
        "filter_dull": (),
        "filter_both": ("filter_dull", "filter_ml"),
    }
    assert isinstance(read_rated_cvs(study)[1], pd.DataFrame)
