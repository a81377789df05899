"""Who is asked and whose labels are imported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.ingest import study_annotators
from ml_headcount_assets.labelling.llm_sources import LlmSources, llm_sources
from ml_headcount_assets.model import Annotator
from ml_headcount_assets.study import Study, load_study

ASKED = {
    "name": "llm_asked",
    "kind": "llm",
    "model": "asked-1",
    "endpoint": "https://api.example.com/v1",
    "price_per_million": {"input": 0, "output": 0},
}
IMPORTED = {"name": "llm_imported", "kind": "llm", "model": "imported-1"}


def raw_study(
    directory: Path, entries: list[dict[str, Any]] | None, *folders: str, **settings: Any
) -> Study:
    """Return a study of raw profiles with some annotators and some folders of batch results."""
    (directory / "companies.csv").write_text("company_id,headcount\nacme,10\n")
    (directory / "profiles.jsonl").write_text("{}")
    (directory / "validation.csv").write_text(
        "rated_id,is_expert,text\n1,1,deep learning\n2,0,sales\n"
    )
    for folder in folders:
        (directory / "labels" / folder).mkdir(parents=True)
    if entries is not None:
        (directory / "study.yaml").write_text(yaml.safe_dump({"annotators": entries, **settings}))
    return load_study(directory)


def sources_of(study: Study) -> LlmSources:
    return llm_sources(study, study_annotators(study))


def test_an_llm_is_asked_or_imported(tmp_path: Path) -> None:
    sources = sources_of(raw_study(tmp_path, [ASKED, IMPORTED], "llm_imported", "llm_left_out"))
    assert [entry.name for entry in sources.asked] == ["llm_asked"]
    assert sources.imported == {"llm_imported": "imported-1"}


def test_folders_alone_make_annotators(tmp_path: Path) -> None:
    sources = sources_of(raw_study(tmp_path, None, "llm_imported"))
    assert sources.asked == ()
    assert sources.imported == {"llm_imported": None}


def test_labels_have_to_come_from_one_place(tmp_path: Path) -> None:
    study = raw_study(tmp_path, [ASKED, IMPORTED], "llm_asked", "llm_imported")
    with pytest.raises(InputError, match="llm_asked has both an 'endpoint' and a folder"):
        sources_of(study)
    (tmp_path / "labels" / "llm_imported").rmdir()
    (tmp_path / "labels" / "llm_asked").rmdir()
    with pytest.raises(InputError, match=r"llm_imported has neither.*labels/llm_imported/"):
        sources_of(load_study(tmp_path))


def test_a_study_with_labels_asks_nobody(tmp_path: Path) -> None:
    raw_study(tmp_path, None)
    (tmp_path / "profiles.jsonl").rename(tmp_path / "profile_labels.jsonl")
    annotators = [Annotator("llm_a", "llm")]
    assert llm_sources(load_study(tmp_path), annotators) == LlmSources((), {})


def test_an_llm_that_labels_profiles_is_not_derived(tmp_path: Path) -> None:
    both = {"name": "llm_both", "kind": "llm", "derived": ["llm_asked", "llm_imported"]}
    study = raw_study(tmp_path, [ASKED, IMPORTED, both], "llm_imported")
    with pytest.raises(InputError, match="llm_both is derived from others"):
        sources_of(study)


def test_rated_cvs_are_labelled_like_profiles_where_that_can_be(tmp_path: Path) -> None:
    sources = sources_of(raw_study(tmp_path, [ASKED, IMPORTED], "llm_imported"))
    assert sources.for_rated_cvs([], have_text=True) == sources
    in_file = ["llm_asked", "llm_imported"]
    assert sources.for_rated_cvs(in_file, have_text=True) == LlmSources(sources.asked, {})
    assert sources.for_rated_cvs(in_file, have_text=False) == LlmSources((), {})
    with pytest.raises(InputError, match=r"llm_asked cannot label the rated CVs.*Add their text"):
        sources.for_rated_cvs(["llm_imported"], have_text=False)
