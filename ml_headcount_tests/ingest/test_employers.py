"""Which company a profile belongs to."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from ml_headcount_assets.ingest.employers import Directory, Employer, current_employer

ACME = {"company_id": "acme", "name": "Acme"}


def _post(company: str | None, start: object = None, end: object = None, **more: Any) -> dict:
    return {"company": company, "start_date": start, "end_date": end, **more}


@pytest.mark.parametrize(
    ("record", "employer"),
    [
        ({"current_company": ACME, "experience": [_post("Other")]}, ("acme", "")),
        ({"current_company": {"company_id": " ACME/ ", "name": "X"}}, ("acme", "")),
        ({"current_company": {"company_id": 357}}, ("357", "")),
        ({"current_company": {"company_id": 357.0}}, ("357", "")),
        ({"current_company": {"link": "https://x.com/company/acme?a=b"}}, ("acme", "")),
        ({"current_company": {"link": "https://acme.com/", "name": "Acme"}}, ("", "Acme")),
        ({"current_company": {"name": " Acme Inc "}}, ("", "Acme Inc")),
        ({"current_company": "Acme"}, ("", "Acme")),
        ({"current_company": {"title": "Boss", "location": "X"}}, None),
        ({"current_company": {"company_id": None, "name": ""}}, None),
        ({"current_company": None, "experience": [_post("A"), _post("B")]}, ("", "A")),
        ({"experience": [_post("A", end="2020"), _post("B")]}, ("", "B")),
        ({"experience": [_post("A", end="Present"), _post("B")]}, ("", "A")),
        ({"experience": [_post("A", "2019"), _post("B", "2021")]}, ("", "B")),
        ({"experience": [_post("A", "Jan 2021"), _post("B", "Mar 2021")]}, ("", "B")),
        ({"experience": [_post("A", "2021-11"), _post("B", "2021-02-01")]}, ("", "A")),
        ({"experience": [_post("A"), _post("B", "1999")]}, ("", "B")),
        ({"experience": [_post(None, "2023"), _post("B", "1999")]}, ("", "B")),
        ({"experience": [_post("A", company_id="acme")]}, ("acme", "")),
        ({"experience": [_post("A", url="https://x.com/company/acme")]}, ("acme", "")),
        ({"experience": [_post("A", end="2020")]}, None),
        ({"experience": ["A", 3, None, [], {}]}, None),
        ({"experience": "A"}, None),
        ({"current_company": [ACME], "experience": {"company": "A"}}, None),
        ({"current_company": {"company_id": True, "name": ["x"]}}, None),
        ({"current_company": {"company_id": float("nan")}}, None),
        ({}, None),
    ],
)
def test_the_rule(record: dict, employer: tuple[str, str] | None) -> None:
    assert current_employer(record) == (Employer(*employer) if employer else None)


@pytest.fixture
def directory() -> Directory:
    names = ["Acme Inc", "Globex", "Twins", "twins", None]
    ids = ["acme", "globex", "twin-a", "twin-b", "nameless"]
    return Directory(pd.DataFrame({"company_id": ids, "name": names}))


@pytest.mark.parametrize(
    ("employer", "company_id"),
    [
        (("acme", ""), "acme"),
        (("acme", "Globex"), "acme"),
        (("acmee", "Globex"), None),
        (("", "ACME  inc"), "acme"),
        (("", "Twins"), None),
        (("", "acme"), None),
        (("nameless", ""), "nameless"),
    ],
)
def test_companies_go_by_their_ids_and_else_by_their_names(
    directory: Directory, employer: tuple[str, str], company_id: str | None
) -> None:
    assert directory.find(Employer(*employer)) == company_id


def test_strangers_are_told_what_they_are_most_like(directory: Directory) -> None:
    strangers = [Employer("acmee", ""), Employer("acmee", ""), Employer("", "Globexx")]
    reasons = directory.reasons([*strangers, Employer("zzz", ""), Employer("a b", "")])
    assert "'acmee' has no row" in reasons[strangers[0]]
    assert "likeliest match 'acme'" in reasons[strangers[0]]
    assert "all 2 profiles" in reasons[strangers[0]]
    assert "likeliest match 'globex'" in reasons[strangers[2]]
    assert "likeliest" not in reasons[Employer("zzz", "")]
    # What is no id could be anything, and a firm's name somebody's.
    assert "Globexx" not in reasons[strangers[2]]
    assert "a b" not in reasons[Employer("a b", "")]
