"""Small studies on disk, of which a test spoils one file at a time."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ml_headcount_assets.ingest import read_companies, read_profiles
from ml_headcount_assets.study import Study, load_study

COMPANIES = """company_id,name,headcount,headquarters,cohort,filter_a_hits
acme,Acme,120,"Paris, France",consulting,7
globex,Globex,40,Japan,consulting,0
"""
VALIDATION = """is_expert,llm_x,filter_a
1,1,1
1,1,0
0,0,1
0,0,0
"""
PROFILE_LABELS = """company_id,filter_a,llm_x
acme,0,1
globex,1,
acme,1,0
"""

MakeStudy = Callable[..., Study]


@pytest.fixture
def make_study(tmp_path: Path) -> MakeStudy:
    """Write the three files, or what is given in their place, and load the study."""

    def make(
        companies: str | bytes = COMPANIES,
        validation: str | bytes = VALIDATION,
        profile_labels: str | bytes = PROFILE_LABELS,
        config: str | None = None,
    ) -> Study:
        for name, content in (
            ("companies.csv", companies),
            ("validation.csv", validation),
            ("profile_labels.csv", profile_labels),
            ("study.yaml", config),
        ):
            if content is not None:
                data = content.encode() if isinstance(content, str) else content
                (tmp_path / name).write_bytes(data)
        return load_study(tmp_path)

    return make


# --- studies of raw profiles -----------------------------------------------------------------

PEOPLE_COMPANIES = "company_id,name,headcount\nacme,Acme,100\nglobex,Globex,50\n"
PEOPLE_CVS = b'{"is_expert": 1, "text": "ML evals"}\n{"is_expert": 0, "text": "ML money"}\n'

ReadPeople = Callable[..., tuple[pd.DataFrame, pd.DataFrame]]


def study_of(folder: Path, config: str, files: dict[str, bytes], companies: str) -> Study:
    """Write a study and load it."""
    (folder / "companies.csv").write_text(companies)
    (folder / "validation.jsonl").write_bytes(PEOPLE_CVS)
    (folder / "study.yaml").write_text(config)
    profiles = folder / "profiles"
    profiles.mkdir(exist_ok=True)
    for old in profiles.iterdir():
        old.unlink()
    for name, content in files.items():
        (profiles / name).write_bytes(content)
    return load_study(folder)


def as_bytes(content: bytes | str | list[Any]) -> bytes:
    """Return a file's content; records become a JSON array."""
    if isinstance(content, bytes):
        return content
    return (content if isinstance(content, str) else json.dumps(content)).encode()


@pytest.fixture
def read_people(tmp_path: Path) -> ReadPeople:
    """Read profiles given as ``{file name: content}``, and return rows and rejects."""

    def read(
        files: dict[str, Any], config: str = "", companies: str = PEOPLE_COMPANIES
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        content = {name: as_bytes(each) for name, each in files.items()}
        study = study_of(tmp_path, config, content, companies)
        tables: dict[str, list[pd.DataFrame]] = {"profiles": [], "rejects": []}
        for table, rows in read_profiles(study, read_companies(study)[0]):
            tables[table].append(rows)
        return pd.concat(tables["profiles"], ignore_index=True), tables["rejects"][0]

    return read
