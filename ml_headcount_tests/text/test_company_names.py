"""Names of companies, and texts without them."""

from __future__ import annotations

import pytest

from ml_headcount_assets.text.company_names import company_key, without_companies


@pytest.mark.parametrize(
    "name",
    [
        "Acme",
        "ACME",
        "Acme Inc.",
        "Acme, Inc",
        "acme  GmbH",
        "Ａｃｍｅ",
        "A\u00adcme",
        "\u200eAcme",
    ],
)
def test_one_key_for_the_ways_a_name_is_written(name: str) -> None:
    assert company_key(name) == "acme"


@pytest.mark.parametrize(
    ("name", "key"),
    [
        *(("SE", "se"), ("S.A.", "sa"), ("A&B Co.", "a&b"), ("", ""), ("Acme Labs", "acme labs")),
        *(
            ("Café Müller", "café müller"),
            ("🚀 Rocket 🚀", "rocket"),
            ("ﾄﾖﾀ株式会社", "トヨタ株式会社"),
        ),
    ],
)
def test_other_names_keep_what_tells_them_apart(name: str, key: str) -> None:
    assert company_key(name) == key


@pytest.mark.parametrize(
    ("part", "left"),
    [
        ("Acme", []),
        ("Acme Inc.", []),
        ("Engineer at Acme", ["Engineer"]),
        ("Engineer @ Acme Inc. | dad", ["Engineer | dad"]),
        ("Engineer, Acme", ["Engineer"]),
        ("Engineer - Acme", ["Engineer"]),
        ("Entwickler bei Acme", ["Entwickler"]),
        ("Acme engineer", ["Acme engineer"]),
        ("Engineer at Acmeville", ["Engineer at Acmeville"]),
        ("Engineer", ["Engineer"]),
    ],
)
def test_the_employer_is_left_out_where_it_stands_for_itself(part: str, left: list[str]) -> None:
    assert without_companies([part], ["Acme Inc"]) == left


def test_without_companies_nothing_is_left_out() -> None:
    assert without_companies(["a at b"], []) == ["a at b"]
