"""Blemishes of real files, of the kinds that have tests of their own: some more of each."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.ingest.dates import read_moment
from ml_headcount_assets.ingest.identifiers import normalise_company_id, normalise_profile_id
from ml_headcount_assets.ingest.labels import read_labels
from ml_headcount_assets.ingest.numbers import read_headcounts
from ml_headcount_assets.ingest.post_fields import POST_ROLES
from ml_headcount_assets.ingest.posts import State, read_posts
from ml_headcount_assets.ingest.rejects import Rejects
from ml_headcount_assets.text.llm.batches.openai import FORM
from ml_headcount_assets.text.llm.missing import Missing
from ml_headcount_assets.text.llm.verdicts import read_verdict


@pytest.mark.parametrize(
    ("said", "label"),
    [
        ("<think>\nFirst look:\nACCEPT\nbut no.\n</think>\n\nREJECT: he sells houses", 0),
        ("Hm.\nACCEPT\n</think>\nREJECT", 0),
        ("<think>\nACCEPT", Missing.NO_VERDICT),
        ("No, I cannot evaluate real people.", Missing.NO_VERDICT),
        ("No - insufficient information.", Missing.NO_VERDICT),
        ("No, this person sells houses.", 0),
        ("ACCEPT: no\nREJECT: yes", Missing.NO_VERDICT),
        ("ACCEPT: 0\nREJECT: 1", Missing.NO_VERDICT),
        ("**Verdict:** ACCEPT", 1),
        ("The profile is strong.\n\n**Final verdict**: **REJECT**", 0),
    ],
)
def test_what_is_thought_or_refused_is_no_verdict(said: str, label: int | Missing) -> None:
    assert read_verdict(said) == label


@pytest.mark.parametrize(
    ("said", "missing"), [("ACCEPT REJECT", Missing.NO_VERDICT), ("ACCEPT ACCEPT", None)]
)
def test_choices_that_contradict_each_other_are_no_answer(said, missing) -> None:
    choices = [{"message": {"content": each}, "finish_reason": "stop"} for each in said.split()]
    response = {"status_code": 200, "body": {"choices": choices}}
    answer = FORM.answer({"custom_id": "x", "response": response, "error": None})
    assert answer.missing == missing


@pytest.mark.parametrize("stamp", ["20190305101500", 20190305101500])
def test_fourteen_digits_are_a_day_and_a_time(stamp: object) -> None:
    found = read_moment(stamp)
    assert found is not None
    assert found.first == found.last == datetime(2019, 3, 5, 10, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ("https://www.linkedin.com/pub/john-doe/1/2a/3b4", "john-doe-3b402a001"),
        ("https://www.linkedin.com/pub/john-doe/5/6a/7b8", "john-doe-7b806a005"),
        ("https://www.linkedin.com/pub/john-doe", "john-doe"),
        ("https://www.linkedin.com/in/", ""),
        ("null", ""),
        ("N/A", ""),
        ("-", ""),
    ],
)
def test_ids_of_nobody_and_of_old_pages(raw: str, found: str) -> None:
    assert normalise_profile_id(raw) == found
    assert normalise_profile_id(found) == found


@pytest.mark.parametrize("raw", ["null", "N/A", "-", "https://www.linkedin.com/company/"])
def test_ids_of_no_company(raw: str) -> None:
    assert normalise_company_id(raw) == ""


@pytest.mark.parametrize(
    "text",
    ["1,500k", "(1,234)", '{"count": 5, "year": 2024}', "500²", "2024-01-01"],
)
def test_numbers_that_can_be_read_in_two_ways_are_listed(text: str) -> None:
    rejects = Rejects("companies.csv")
    values = np.array([text], dtype=object)
    found = read_headcounts(values, np.array([2]), "headcount", rejects)
    assert found.low.isna().all()
    assert found.headcount.isna().all()
    assert len(rejects.frame()) == 1


@pytest.mark.parametrize("end", ["1970-01-01", "0001-01-01", "1900-01-01"])
def test_days_on_which_calendars_begin_are_no_ends(end: str) -> None:
    entry = {"company_id": "acme", "title": "x", "start_date": "2020-01", "end_date": end}
    (post,) = read_posts([entry], POST_ROLES, datetime(2025, 1, 1, tzinfo=UTC), null_is_open=True)
    assert post.state is State.UNTOLD


def test_labels_of_one_and_minus_one_stop_the_run() -> None:
    values = np.array(["1", "-1"] * 20, dtype=object)
    with pytest.raises(InputError, match="never 0"):
        read_labels(values, np.arange(40), "llm_a", Rejects("profile_labels.csv"))
