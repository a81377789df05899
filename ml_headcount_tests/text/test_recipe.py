"""One function builds the text of profiles and of rated CVs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_headcount_assets.text.filters import reference_pattern
from ml_headcount_assets.text.recipe import hash_text, joined_text, profile_text, text_fields

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
    text, unread, unknown = profile_text(PROFILE)
    assert unread == unknown == ()
    assert text.split("\n|\n") == [
        "Scientist",
        "Scientist",
        "I train\nnetworks.",
        f"Scientist | {'d' * 9_000}",
        "Intern | Made coffee",
        "Analyst",
        "Waiter",
        "A University | PhD | CS",
        "Diving | A school",
    ]


def test_a_plain_text_is_taken_alone() -> None:
    assert profile_text({"text": " whole CV ", "about": "other"}).text == "whole CV"
    assert profile_text({"text": " ", "about": "other"}).text == "other"
    assert profile_text({"text": "*** ****", "about": "other"}).text == "other"


_ELSEWHERE: list[dict[str, Any]] = [
    *({name: "ML"} for name in ("headline", "occupation", "summary", "job_title", "bio")),
    *({name: ["ML"]} for name in ("skills", "courses", "projects", "interests")),
    *({name: [{"title": "ML"}]} for name in ("courses", "publications", "patents", "projects")),
    *({name: [{"name": "ML"}]} for name in ("accomplishment_courses", "skills", "certifications")),
    {"educations_details": "ML"},
    {"experience": [{"title": None, "description": None, "description_html": "<p>ML</p>"}]},
    {"experiences": [{"subComponents": [{"description": [{"type": "text", "text": "ML"}]}]}]},
    {"member_experience_collection": [{"description": "ML"}]},
    {"experience": [{"title": {"name": "ML", "levels": ["cxo"]}}]},
    {"education": [{"school": {"name": "X"}, "majors": ["ML"]}]},
    {"positions": {"positionHistory": [{"title": "ML"}]}},
    {"headline": {"localized": {"en_US": "ML"}, "preferredLocale": {"language": "en"}}},
    {"multiLocaleHeadline": {"en_US": "ML"}},
    {"localizedHeadline": "ML"},
    {"volunteer_work": [{"title": "ML"}]},
    {"honors_and_awards": [{"title": "ML"}]},
]


@pytest.mark.parametrize("record", _ELSEWHERE)
def test_text_is_read_under_the_names_of_all_vendors(record: dict[str, Any]) -> None:
    assert reference_pattern(["ml"]).search(profile_text(record).text)


@pytest.mark.parametrize(
    "record",
    [
        {"about": "ML", "about_html": "ML"},
        {"experience": [{"description": "ML", "description_html": "ML"}]},
    ],
)
def test_what_is_given_plain_and_in_html_is_read_once(record: dict[str, Any]) -> None:
    assert profile_text(record).text == "ML"


EMPTY: list[dict[str, Any]] = [
    {"experience": [{"company": "Acme", "title": "Acme", "subtitle": "*** ****"}]},
    {"position": "Acme, Inc.", "current_company": {"name": "Acme Inc"}},
    {"position": "--", "about": "***", "experience": [{"title": "S******* E*******"}]},
    {"headline": "at Acme", "current_company_name": "Acme"},
    {"headline": "n/a", "summary": "None", "name": "A B", "position": "A B"},
    {"position": None, "about": "", "education": [], "experience": None},
    {},
]


@pytest.mark.parametrize("record", EMPTY)
def test_what_holds_nothing_of_the_person_has_no_text(record: dict[str, Any]) -> None:
    assert profile_text(record).text == ""


@pytest.mark.parametrize(
    "record",
    [
        {"position": "Office manager", "current_company": {"name": "Deep Learning Works"}},
        {"position": "Office manager at Deep Learning Works", "company": "Deep Learning Works"},
        {
            "headline": "Deep Learning Works GmbH | Office manager",
            "experiences": [{"companyName": "Deep Learning Works", "title": "Office manager"}],
        },
        {
            "about": "I keep the office @Deep Learning Works, Inc. and like it",
            "experience": [{"title": "x", "company": {"name": "Deep Learning Works Inc."}}],
        },
    ],
)
def test_the_name_of_an_employer_says_nothing_of_the_person(record: dict[str, Any]) -> None:
    text = profile_text(record).text
    assert text
    assert not reference_pattern(["deep learning"]).search(text)


def test_a_word_that_is_also_an_employers_name_stays() -> None:
    record = {"position": "Machine learning engineer", "current_company": {"name": "Machine"}}
    assert profile_text(record).text == "Machine learning engineer"


def test_no_phrase_spans_two_parts() -> None:
    experience = [{"title": "Deep", "company": "Learning"}, {"title": "Machine"}, "learning"]
    record = {"position": "deep", "about": "learning", "experience": experience}
    assert not reference_pattern(["deep learning", "machine learning"]).search(
        profile_text(record).text
    )


def test_what_the_recipe_does_not_read_is_named() -> None:
    record = {
        "position": [True],
        "about": True,
        "current_company": [True],
        "experience": {"title": {"a": [1]}},
        "education": [{"title": {"a": "b"}}, [True]],
        "certifications": [5, None],
    }
    text, unread, _ = profile_text(record)
    assert text == "5"
    assert set(unread) == {"position", "current_company", "about", "experience", "education"}


def test_text_in_fields_that_are_not_known_is_named() -> None:
    record = {
        "about": "x",
        "posts": [{"body": "I wrote a long text"}],
        "life_story": "It began in a small town",
        "experience": [{"title": "x", "war_stories": "There were a few of them"}],
        "location": "A town in a country",
        "profile_pic_url": "https://example.com/a b c d",
        "timestamp": "5 March 2025 10:00",
    }
    assert set(profile_text(record).unknown) == {"posts", "life_story", "experience[].war_stories"}


def test_columns_of_a_table_that_are_read() -> None:
    columns = ["rated_id", "is_expert", "Summary", "company", "llm_x", "skills", "text"]
    assert text_fields(columns) == ["Summary", "company", "skills", "text"]
    assert text_fields(["rated_id", "company", "llm_x"]) == []


def test_parts_that_somebody_has_named() -> None:
    assert joined_text(["ML at Acme", None, ["a", "b"], "--"], ["Acme"]) == "ML\n|\na | b"


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


_FIELDS = ["text", "position", "about", "current_company", "experience", "education", "skills"]


@given(st.dictionaries(st.sampled_from(_FIELDS), _JSON))
def test_any_json_gives_a_text(record: dict[str, Any]) -> None:
    record = json.loads(json.dumps(record))
    text, unread, _ = profile_text(record)
    text.encode()
    assert set(unread) <= set(_FIELDS)
    assert profile_text({"text": text}).text == text
