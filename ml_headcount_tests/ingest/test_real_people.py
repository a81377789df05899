"""Deliveries of people as they really come: each stands for a kind that once gave wrong numbers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow
import pytest

from ml_headcount_assets.ingest import read_companies, read_profiles
from ml_headcount_assets.study import load_study
from ml_headcount_assets.text.filters import FilterRule, KeywordFilters, keyword_labels

from .conftest import ReadPeople

Record = dict[str, Any]


def _fires(rows: pd.DataFrame) -> list[bool]:
    rule = KeywordFilters(
        terms={"ml": ("machine learning",)}, rules={"ml": FilterRule(all_of=("ml",))}
    )
    texts = pyarrow.array(rows["text"], pyarrow.large_string())
    return keyword_labels(texts, rule)["ml"].tolist()


def _at_acme(person: str, **more: Any) -> Record:
    return {"linkedin_id": person, "current_company": {"company_id": "acme"}, **more}


def test_people_who_have_left_are_not_counted(read_people: ReadPeople) -> None:
    ends = [
        {"positions": [{"title": "x", "end_date": "Mar 2018"}, {"title": "y", "end_date": "2014"}]},
        {"end_date": {"year": 2016, "month": 5}},
        {"endDate": "2016-05"},
        {"ends_at": {"year": 2016}},
        {"date_to": "May 2016"},
        {"is_current": False},
        {"end_date": "Heute"},
        {"end_date": "至今"},
        {"end_date": "Dec 2099"},
    ]
    records = [
        {"linkedin_id": f"p{n}", "position": "x", "experience": [{"company_id": "acme", **end}]}
        for n, end in enumerate(ends)
    ]
    rows, rejects = read_people({"a.jsonl": "\n".join(map(json.dumps, records))})
    assert rows["profile_id"].tolist() == ["p6", "p7", "p8"]
    assert rejects["line"].tolist() == [1, 2, 3, 4, 5, 6]


def test_profiles_of_nothing_but_the_employers_name_have_no_text(read_people: ReadPeople) -> None:
    company = {"company_id": "acme", "name": "Acme"}
    full = [_at_acme(f"f{n}", position="Machine learning") for n in range(5)]
    empty = [
        _at_acme(
            f"e{n}",
            position=None,
            experience=[{"company": "Acme", "title": "Acme", "subtitle": "*** ****"}],
        )
        for n in range(45)
    ]
    records = [{**record, "current_company": company} for record in [*full, *empty]]
    rows, rejects = read_people({"a.json": records})
    assert (rows["text"] == "").sum() == 45
    assert sum(_fires(rows)) == 5
    assert (rejects["field"] == "text").sum() == 45


def test_an_employer_called_machine_learning_makes_no_experts(read_people: ReadPeople) -> None:
    company = {"company_id": "acme", "name": "Machine Learning Works"}
    manager = {"position": "Office manager at Machine Learning Works", "current_company": company}
    rows, _ = read_people({"a.json": [_at_acme("p", **manager)]})
    assert _fires(rows) == [False]


def test_one_person_however_the_address_is_spelled(read_people: ReadPeople) -> None:
    spellings = ["josé-x1", "jos%C3%A9-x1", "José-X1", "jose\u0301-x1"]
    spellings += ["https://www.linkedin.com/in/jos%C3%A9-x1/", "xx.linkedin.com/in/josé-x1?trk=a"]
    rows, _ = read_people({"a.json": [_at_acme(each, position="x") for each in spellings]})
    assert rows["profile_id"].tolist() == ["josé-x1"]


@pytest.mark.parametrize(
    "company",
    [
        {"company_id": "urn:li:fsd_company:357"},
        {"link": "https://www.linkedin.com/company-beta/357/"},
        {"link": "https://www.linkedin.com/showcase/acme-labs/"},
        {"company_id": "acme-formerly"},
        {"company_id": 99999, "name": "ACME, Inc."},
    ],
)
def test_a_company_under_another_id(read_people: ReadPeople, company: Record) -> None:
    table = (
        "company_id,name,headcount,aliases\n"
        "acme,Acme,100,357;acme-labs;acme-formerly\nglobex,Globex,50,\n"
    )
    record = {"linkedin_id": "p", "position": "x", "current_company": company}
    rows, rejects = read_people({"a.json": [record]}, companies=table)
    assert rows["company"].tolist() == ["acme"]
    assert len(rejects) == ("name" in company)
    assert rejects["reason"].str.contains("taken by its name").all()


@pytest.mark.parametrize(
    "date", ["2025-03-05 10:00:00 UTC", "Mar 5, 2025", "2025年3月5日", "45721", "05/03/2025"]
)
def test_dates_of_snapshots_in_common_forms(read_people: ReadPeople, date: str) -> None:
    new = _at_acme("p", timestamp=date, position="new")
    old = {**_at_acme("p", timestamp="2019-01-01", position="old")}
    rows, _ = read_people({"a.json": [new, old]})
    assert rows["text"].tolist() == ["new"]


@pytest.mark.parametrize(
    ("first", "second"), [("soon", "2019-01-01"), ("05/03/2025", "2025-04-01")]
)
def test_no_ranking_by_dates_that_cannot_tell(
    read_people: ReadPeople, first: str, second: str
) -> None:
    dates = [(first, "one"), (second, "two")]
    for told in (dates, dates[::-1]):
        records = [_at_acme("p", timestamp=date, position=text) for date, text in told]
        rows, rejects = read_people({"a.json": records})
        assert rows["text"].tolist() == [told[-1][1]]
        assert rejects["reason"].str.contains("cannot be told which record").sum() == 1


def test_one_file_that_cannot_be_read_is_told(read_people: ReadPeople) -> None:
    people = json.dumps([_at_acme("p", position="x")])
    rows, rejects = read_people({"a.json": people, "b.docx": b"x", "c.json": b""})
    assert len(rows) == 1
    left_out = rejects[rejects["reason"].str.startswith("the whole file is left out")]
    assert left_out["source_file"].tolist() == ["profiles/b.docx", "profiles/c.json"]


@pytest.mark.parametrize(
    "content", [b'{"error": "rate limit exceeded"}', b"\x00\x01garbage{{{", b"[]"]
)
def test_a_file_of_nobody_is_told(read_people: ReadPeople, content: bytes) -> None:
    people = json.dumps([_at_acme("p", position="x")])
    rows, rejects = read_people({"a.json": people, "b.json": content})
    assert len(rows) == 1
    left_out = rejects[rejects["reason"].str.startswith("the whole file is left out")]
    assert left_out["source_file"].tolist() == ["profiles/b.json"]


def test_text_in_fields_that_are_not_read_is_told(read_people: ReadPeople) -> None:
    rows, rejects = read_people({"a.json": [_at_acme("p", life_story="It began in a small town")]})
    assert rows["text"].tolist() == [""]
    assert "life_story" in rejects["reason"].iloc[0]


# --- the deliveries that lie beside the repository -------------------------------------------

#: By folder: profiles a company, how many have the filter's label 1, how many have none.
_RIGHT: Mapping[str, tuple[Mapping[str, int], int, int]] = {
    "02-former-employees": ({"control": 1, "future-end": 1, "present-words": 6}, 0, 0),
    "03-profiles-without-content": ({"acme": 54}, 4, 42),
    "05-json-array": ({"acme": 30}, 6, 0),
    "06-text-as-people-write-it": ({"acme": 14}, 14, 0),
    "07-fields-left-unread": ({"acme": 8}, 8, 0),
    "09-one-person-four-spellings": ({"acme": 1}, 0, 0),
    "11-proxycurl": ({"acme": 20}, 6, 0),
    "13-coresignal": ({"999": 30}, 6, 0),
    "21-python-literals-in-csv": ({"acme": 20}, 6, 0),
    "25-dates-of-snapshots": ({"newco": 5}, 0, 0),
    "27-one-file-of-a-delivery-skipped": ({"acme": 30}, 6, 0),
}


@pytest.mark.parametrize("name", _RIGHT)
def test_deliveries_beside_the_repository(
    real_world_directory: Path, tmp_path: Path, name: str
) -> None:
    shutil.copytree(real_world_directory / name, tmp_path / "study")
    study = load_study(tmp_path / "study")
    tables = [
        rows
        for table, rows in read_profiles(study, read_companies(study)[0])
        if table == "profiles"
    ]
    rows = pd.concat(tables, ignore_index=True)
    counts, fire, empty = _RIGHT[name]
    assert rows["company"].value_counts().to_dict() == counts
    assert sum(_fires(rows)) == fire
    assert (rows["text"] == "").sum() == empty
