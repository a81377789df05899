"""Labels of the rated CVs by a filter that was learned on them come from a file of their own."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.ingest import read_rated_cvs, study_annotators
from ml_headcount_assets.model import Annotator
from ml_headcount_assets.orchestration.versions import source_versions
from ml_headcount_assets.study import Study, load_study
from ml_headcount_assets.text.recipe import hash_text

CONFIG = """
filters:
  terms: {ml: [ML]}
  rules: {learned: {all_of: [ml]}, own: {all_of: [ml]}}
annotators:
  - {name: own, kind: filter}
  - {name: learned, kind: filter, rated_labels: keywords/learned.csv}
"""
TEXTS = ["ML", "ML", "ML", "other"]


def write(directory: Path, rows: str, config: str = CONFIG, extra: str = "") -> Study:
    (directory / "companies.csv").write_text("company_id,headcount\nacme,9\n")
    (directory / "profiles").mkdir(exist_ok=True)
    (directory / "keywords").mkdir(exist_ok=True)
    header = f"rated_id,is_expert,text{',learned' if extra else ''}\n"
    cvs = [f"cv{n},{int(n < 2)},{text}{extra}\n" for n, text in enumerate(TEXTS)]
    (directory / "validation.csv").write_text(header + "".join(cvs))
    (directory / "keywords" / "learned.csv").write_text(rows)
    (directory / "study.yaml").write_text(config)
    return load_study(directory)


def labels(study: Study) -> dict[str, list[int]]:
    _, long, _ = read_rated_cvs(study)
    wide = long.pivot(index="rated_id", columns="annotator", values="label").fillna(-1)
    return {name: wide[name].tolist() for name in wide}


def reasons(study: Study) -> list[tuple[str, int, str]]:
    rejects = read_rated_cvs(study)[2]
    return list(rejects[["source_file", "line", "reason"]].itertuples(index=False, name=None))


def test_the_file_counts_and_not_the_rule(tmp_path: Path) -> None:
    study = write(tmp_path, "rated_id,label\ncv0,0\ncv3,1\ncv1,1\n")
    assert labels(study) == {"learned": [0, 1, -1, 1], "own": [1, 1, 1, 0]}
    assert study_annotators(study) == (Annotator("learned", "filter"), Annotator("own", "filter"))
    assert reasons(study) == []


def test_rows_that_cannot_be_used_are_told(tmp_path: Path) -> None:
    study = write(tmp_path, "rated_id,label\ncv0,1\nnobody,1\ncv0,0\ncv1,perhaps\ncv2,\n")
    assert labels(study)["learned"] == [1, -1, -1, -1]
    told = reasons(study)
    assert [(file, line) for file, line, _ in told] == [
        ("learned.csv", 3),
        ("learned.csv", 4),
        ("learned.csv", 5),
    ]
    assert "no rated CV of this id" in told[0][2]
    assert "earlier row" in told[1][2]
    assert "is not 0, 1 or empty" in told[2][2]


def test_a_cv_with_another_text_has_no_label(tmp_path: Path) -> None:
    hashed = [f"cv{n},1,{hash_text(text)}\n" for n, text in enumerate(["ML", "changed", "ML"])]
    study = write(tmp_path, "rated_id,label,text_hash\n" + "".join(hashed))
    assert labels(study)["learned"] == [1, -1, 1, -1]
    assert [line for _, line, _ in reasons(study)] == [3]


def test_a_column_in_the_file_of_rated_cvs_is_not_used_and_that_is_told(tmp_path: Path) -> None:
    study = write(tmp_path, "rated_id,label\ncv0,0\n", extra=",1")
    assert labels(study)["learned"] == [0, -1, -1, -1]
    assert "learned on these CVs" in reasons(study)[0][2]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("", "is empty"),
        ("rated_id,verdict\ncv0,1\n", "no column 'label'"),
        ("id,label\ncv0,1\n", "no column 'rated_id'"),
        ("rated_id,label\nnobody,1\n", "has not one label"),
        ("rated_id,label\ncv0,x\n", "has not one label"),
    ],
)
def test_a_file_of_no_use_stops_the_run(tmp_path: Path, rows: str, message: str) -> None:
    study = write(tmp_path, rows)
    with pytest.raises(InputError, match=f"learned.csv.*{message}"):
        read_rated_cvs(study)


def test_a_missing_file_is_told_with_the_annotator(tmp_path: Path) -> None:
    write(tmp_path, "rated_id,label\ncv0,1\n")
    (tmp_path / "keywords" / "learned.csv").unlink()
    with pytest.raises(
        InputError, match=r"study.yaml: annotators: learned: .*keywords/learned.csv"
    ):
        load_study(tmp_path)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("kind: filter, rated_labels", "kind: llm, rated_labels", "that are not derived"),
        ("learned: {all_of: [ml]}, ", "", "no rule of that name"),
        ("rated_labels: keywords/learned.csv", "rated_labels: 3", "rated_labels"),
    ],
)
def test_what_does_not_go_together(tmp_path: Path, before: str, after: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        write(tmp_path, "rated_id,label\ncv0,1\n", CONFIG.replace(before, after))


def test_prepared_labels_have_no_use_for_it(tmp_path: Path) -> None:
    write(tmp_path, "rated_id,label\ncv0,1\n")
    (tmp_path / "profiles").rmdir()
    pd.DataFrame({"company_id": ["acme"], "own": [1], "learned": [1]}).to_csv(
        tmp_path / "profile_labels.csv", index=False
    )
    with pytest.raises(InputError, match="no raw profiles"):
        load_study(tmp_path)


def test_the_version_of_the_rated_cvs_is_also_that_of_the_labels(tmp_path: Path) -> None:
    first = source_versions(write(tmp_path, "rated_id,label\ncv0,1\n"))
    second = source_versions(write(tmp_path, "rated_id,label\ncv0,0\n"))
    assert {name for name in first if first[name] != second[name]} == {"validation_file"}
    moved = tmp_path / "moved"
    moved.mkdir()
    assert source_versions(write(moved, "rated_id,label\ncv0,0\n")) == second
