"""Which company of the study a profile means."""

from __future__ import annotations

import pandas as pd
import pytest

from ml_headcount_assets.ingest.employers import Directory, Employer, employer_of


@pytest.mark.parametrize(
    ("ids", "pages", "names", "employer"),
    [
        ([" ACME/ "], [], ["X"], (("acme",), "X")),
        ([357, 357.0, "357"], [], [], (("357",), "")),
        (["urn:li:fsd_company:357"], [], [], (("357",), "")),
        ([], ["https://x.com/company/acme?a=b"], [], (("acme",), "")),
        ([], ["https://www.linkedin.com/company-beta/357/about/"], [], (("357",), "")),
        ([], ["https://acme.com/"], ["Acme"], ((), "Acme")),
        (["acme"], ["https://x.com/company/acme/", "/company/1"], ["A"], (("acme", "1"), "A")),
        ([], [], ["https://www.linkedin.com/company/acme"], (("acme",), "")),
        ([], [], [None, " Acme Inc "], ((), "Acme Inc")),
        ([True, ["x"], float("nan"), None], [3], [{}], None),
        ([], [], [], None),
    ],
)
def test_what_a_record_names(
    ids: list, pages: list, names: list, employer: tuple[tuple[str, ...], str] | None
) -> None:
    assert employer_of(ids, pages, names) == (Employer(*employer) if employer else None)


@pytest.fixture
def directory() -> Directory:
    return Directory(
        pd.DataFrame(
            {
                "company_id": ["acme", "globex", "twin-a", "twin-b", "nameless"],
                "name": ["Acme Inc", "Globex", "Twins", "twins", None],
                "aliases": ["357; acme-old ;Akme GmbH", None, None, None, None],
            }
        )
    )


@pytest.mark.parametrize(
    ("ids", "name", "match"),
    [
        (["acme"], "", ("acme", False)),
        (["acme"], "Globex", ("acme", False)),
        (["zzz", "acme"], "", ("acme", False)),
        (["357"], "", ("acme", False)),
        (["acme-old"], "", ("acme", False)),
        ([], "AKME", ("acme", False)),
        ([], "ACME  inc", ("acme", False)),
        ([], "Ａｃｍｅ, Inc.", ("acme", False)),
        ([], "\u200fAcme\u200f", ("acme", False)),
        (["acmee"], "Globex", ("globex", True)),
        (["1234"], "Acme", ("acme", True)),
        ([], "Twins", None),
        ([], "acme-old", ("acme", False)),
        (["zzz"], "Nobody", None),
        (["nameless"], "", ("nameless", False)),
    ],
)
def test_companies_go_by_their_ids_and_else_by_their_names(
    directory: Directory, ids: list[str], name: str, match: tuple[str, bool] | None
) -> None:
    assert directory.find(Employer(tuple(ids), name)) == match


def test_strangers_are_told_what_they_are_most_like(directory: Directory) -> None:
    strangers = [
        *[Employer(("acmee",), "")] * 2,
        *[Employer((), "Globexx"), Employer(("zzz",), ""), Employer(("a b",), "")],
        Employer(("356",), ""),
    ]
    reasons = directory.reasons(strangers)
    assert "'acmee' has no row" in reasons[strangers[0]]
    assert "likeliest match 'acme'" in reasons[strangers[0]]
    assert "(2 profiles of it)" in reasons[strangers[0]]
    assert "likeliest match 'globex'" in reasons[strangers[2]]
    assert "likeliest" not in reasons[strangers[3]]
    assert "likeliest" not in reasons[strangers[5]]  # one number is as like as any other
    # What is no id could be anything, and a firm's name somebody's.
    assert "Globexx" not in reasons[strangers[2]]
    assert "a b" not in reasons[strangers[4]]
