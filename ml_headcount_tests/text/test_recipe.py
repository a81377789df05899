"""One function builds the text of profiles and of rated CVs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_headcount_assets.text.filters import reference_pattern
from ml_headcount_assets.text.recipe import TEXT_FIELDS, hash_text, profile_text

PROFILE: dict[str, Any] = {
    "linkedin_id": "p1",
    "name": "Somebody",
    "position": " Scientist at Acme ",
    "about": "I train\nnetworks.",
    "current_company": {
        "company_id": "acme",
        "name": "Acme",
        "title": "Scientist",
        "location": "X",
    },
    "experience": [
        {
            "title": "Scientist",
            "company": "Acme",
            "description": "d" * 9_000,
            "positions": [{"title": "Intern", "description": "Made coffee"}],
        },
        {"title": "Analyst", "company": None, "start_date": "2001"},
        "Waiter",
    ],
    "education": [{"title": "A University", "degree": "PhD", "field": "CS", "end_year": "2000"}],
    "certifications": [{"title": "Diving", "subtitle": "A school"}],
}


def test_everything_about_work_and_nothing_else_is_in_the_text() -> None:
    text, unread = profile_text(PROFILE)
    assert unread == ()
    assert text.split("\n|\n") == [
        "Scientist at Acme",
        "Scientist | Acme",
        "I train\nnetworks.",
        f"Scientist | Acme | {'d' * 9_000}",
        "Intern | Made coffee",
        "Analyst",
        "Waiter",
        "A University | PhD | CS",
        "Diving | A school",
    ]


def test_a_plain_text_is_taken_alone() -> None:
    assert profile_text({"text": " whole CV ", "about": "other"}) == ("whole CV", ())
    assert profile_text({"text": " ", "about": "other"}) == ("other", ())


def test_no_phrase_spans_two_parts() -> None:
    experience = [{"title": "Deep", "company": "Learning"}, {"title": "Machine"}, "learning"]
    record = {"position": "deep", "about": "learning", "experience": experience}
    assert not reference_pattern(["deep learning", "machine learning"]).search(
        profile_text(record).text
    )


def test_what_the_recipe_does_not_read_is_named() -> None:
    record = {
        "position": ["x"],
        "about": True,
        "current_company": [1],
        "experience": {"title": "x"},
        "education": [{"title": {"a": "b"}}, [1]],
        "certifications": [5, None],
    }
    text, unread = profile_text(record)
    assert text == "5"
    assert unread == ("position", "current_company", "about", "experience", "education")


@pytest.mark.parametrize("raw", ["a\x00b", "a\ud800b", "cafe\u0301"])
def test_text_can_be_stored(raw: str) -> None:
    text = profile_text({"about": raw}).text
    text.encode()
    assert "\x00" not in text
    assert profile_text({"about": text}).text == text
    assert len(hash_text(text)) == 32


def test_accents_are_no_boundaries() -> None:
    text = profile_text({"about": "re\u0301sume\u0301"}).text
    assert not reference_pattern(["re", "sum"]).search(text)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["title", "company", "description", "positions", "x"]), inner
        )
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*TEXT_FIELDS, "name"]), _JSON))
def test_any_json_gives_a_text(record: dict[str, Any]) -> None:
    record = json.loads(json.dumps(record))
    text, unread = profile_text(record)
    text.encode()
    assert set(unread) <= set(TEXT_FIELDS)
    assert profile_text({**record, "name": "other"}) == (text, unread)
