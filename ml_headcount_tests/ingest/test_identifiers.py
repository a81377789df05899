"""One spelling for each company, and a key for each spelling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_headcount_assets.ingest import company_slug, normalise_company_id
from ml_headcount_assets.ingest.identifiers import normalise_profile_id

# Pieces that page addresses and exported tables are made of, in any order, beside any text.
_PIECES = st.sampled_from(
    ["/company/", "/school/", "https://", "www.linkedin.com", "?trk=x", "#", "%", "%25", "%2F",
     "%E6%97%B7", "/", " ", "357", ".0", "İ", "ß", "旷视", "A", "é", "%3F"]
)  # fmt: skip
_IDS = st.one_of(st.text(), st.lists(_PIECES, max_size=8).map("".join))


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("openai", "openai"),
        ("  OpenAI \n", "openai"),
        ("357", "357"),
        ("357.0", "357"),
        (357, "357"),
        (357.0, "357"),
        ("46119?trk=public_profile", "46119"),
        ("megvii%E6%97%B7%E8%A7%86", "megvii旷视"),
        ("megvii旷视", "megvii旷视"),
        ("next%27s", "next's"),
        ("100%", "100%"),
        ("https://www.linkedin.com/company/OpenAI/?trk=x#about", "openai"),
        ("linkedin.com/showcase/microsoftresearch", "microsoftresearch"),
        ("/school/mila/people/", "mila"),
        ("https%3A%2F%2Fwww.linkedin.com%2Fcompany%2Fopenai", "openai"),
        ("openai/", "openai"),
        ("open\u200bai\ufeff", "openai"),
        ("https://www.linkedin.com/edu/school?id=17926&trk=x", "17926"),
        ("urn:li:fs_miniCompany:1441", "1441"),
        ("my-company-abroad", "my-company-abroad"),
        ('=HYPERLINK("https://www.linkedin.com/company/OpenAI/","Open AI")', "openai"),
        ('=hyperlink("https://openai.com" ; "OpenAI")', "openai"),
        ('=HYPERLINK("linkedin.com/company/357")', "357"),
        ('="00357"', "00357"),
        ("", ""),
        ("   ", ""),
        (None, ""),
        (float("nan"), ""),
    ],
)
def test_normalised_id(raw: object, expected: str) -> None:
    assert normalise_company_id(raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("https://www.linkedin.com/profile/view?id=55&trk=x", "55"),
        ("https://www.linkedin.com/profile/view?trk=x&id=56", "56"),
        ("urn:li:fs_miniProfile:ACoAAAabcDEF", "ACoAAAabcDEF"),
        ("urn:li:fsd_profile:ACoAAAabcDEF", "ACoAAAabcDEF"),
        ("https://www.linkedin.com/talent/profile/x1", "x1"),
        ("https://www.linkedin.com/in/Jos\u00e9\u200b-x1/details/", "jos\u00e9-x1"),
        ("jos\u00ade", "jose"),
        ("https://www.linkedin.com/pub/jane-roe/a7/576/b50", "jane-roe-b50576a7"),
        ("https://www.linkedin.com/pub/john-doe/1/2a/3b4?trk=x", "john-doe-3b402a1"),
        ("https://www.linkedin.com/pub/john-doe/5/6a/7b8/", "john-doe-7b806a5"),
        ("https://www.linkedin.com/pub/john-doe", "john-doe"),
        ('=HYPERLINK("https://www.linkedin.com/in/Jane-X1?trk=x","Jane Roe")', "jane-x1"),
        ('="12345"', "12345"),
    ],
)
def test_people_are_one_in_every_spelling(raw: str, expected: str) -> None:
    assert normalise_profile_id(raw) == expected


@pytest.mark.parametrize("raw", ["null", "N/A", "-", "https://www.linkedin.com/{}/"])
def test_what_stands_for_no_id_is_none(raw: str) -> None:
    assert normalise_profile_id(raw.format("in")) == ""
    assert normalise_company_id(raw.format("company")) == ""


@given(_IDS)
def test_normalising_a_person_twice_changes_nothing(raw: str) -> None:
    once = normalise_profile_id(raw)
    assert normalise_profile_id(once) == once


@given(_IDS)
def test_normalising_twice_changes_nothing(raw: str) -> None:
    once = normalise_company_id(raw)
    assert normalise_company_id(once) == once


@given(st.sets(_IDS.map(normalise_company_id), max_size=30))
def test_slugs_are_ascii_and_differ_where_ids_differ(ids: set[str]) -> None:
    slugs = [company_slug(company_id) for company_id in ids]
    assert len(set(slugs)) == len(ids)
    for slug in slugs:
        assert slug.isascii()
        assert 0 < len(slug) <= 80
        assert not set(slug) - set("abcdefghijklmnopqrstuvwxyz0123456789-_.")
        assert ".." not in slug  # a partition range is written with dots


def test_an_ordinary_id_is_its_own_slug() -> None:
    assert company_slug("cohere-ai") == "cohere-ai"
    assert company_slug("357") == "357"


def test_slug_of_other_ids_is_readable_and_stable() -> None:
    assert company_slug("megvii旷视") == "megvii.7de1c5c9e8"
    assert company_slug("旷视").startswith("company.")
    assert company_slug("biz-conexión-digital").startswith("biz-conexion-digital.")
