"""Numbers as people read them."""

import re

import numpy as np
import pandas as pd
import pytest

from ml_headcount_assets.wording import (
    NO_NUMBER,
    count,
    decimal,
    how_many,
    interval,
    lines_in_words,
    percent,
    share,
)
from ml_headcount_tests.arrows import PACKAGE


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([7], "line 7"),
        ([7, 7, 7], "line 7 (3 times)"),
        ([9, 7], "lines 7, 9"),
        ([2, 3, 4, 5, 6], "lines 2, 3, 4 and 2 more"),
        ([np.nan, 3], "line 3 and 1 more"),
        ([np.nan, np.nan], "2 lines"),
    ],
)
def test_lines_are_the_first_few(lines, words):
    assert lines_in_words(pd.array(lines, "Int64")) == words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.995, "100 %"),
        (1.0, "100 %"),
        (0.8349, "83 %"),
        (0.1, "10 %"),
        (0.0999, "10 %"),
        (0.05, "5 %"),
        (0.0123, "1.2 %"),
        (3e-7, "0.00003 %"),
        (0, "0 %"),
    ],
)
def test_shares_have_no_powers_of_ten(value, text):
    assert share(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.8, "80 %"),
        (0.995, "99.5 %"),
        ((1 - 0.8) / 2, "10 %"),
        (0.99999, "99.999 %"),
        (0.07, "7 %"),
    ],
)
def test_levels_are_written_as_they_were_chosen(value, text):
    assert percent(value) == text


@pytest.mark.parametrize("missing", [None, float("nan"), np.float64("nan"), pd.NA])
def test_what_is_missing_is_never_a_zero(missing):
    assert {count(missing), share(missing), percent(missing), decimal(missing, 2)} == {NO_NUMBER}


def test_people_are_whole_and_thousands_are_set_apart():
    assert count(1_234_567.4) == "1,234,567"
    assert interval(0, 12_345) == "0 to 12,345"


@pytest.mark.parametrize(
    ("number", "words", "text"),
    [
        (1, ["company"], "1 company"),
        (0, ["company"], "0 companies"),
        (1_234, ["rated CV"], "1,234 rated CVs"),
        (2, ["day"], "2 days"),
        (2, ["person"], "2 people"),
        (0.6, ["expert"], "1 expert"),  # it is written as 1
        (float("nan"), ["expert"], "– experts"),
        (1, ["row has", "rows have"], "1 row has"),
        (2, ["row has", "rows have"], "2 rows have"),
    ],
)
def test_one_thing_is_not_called_several(number, words, text):
    assert how_many(number, *words) == text


#: Words that follow a number, in the plural.
_PLURALS = r"(companies|profiles|people|experts|employees|files|rows|verdicts|texts|records|labels)"


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.stem)
def test_numbers_of_things_are_written_by_one_helper(path):
    """In a text for people ``{n} profiles`` would say "1 profiles"; see `how_many`."""
    source = path.read_text()
    wrong = re.findall(rf"\{{(?:len|count|int)\([^{{}}]*\}} {_PLURALS}\b(?!')", source)
    wrong += re.findall(rf"\{{[^{{}}]*:,\}} {_PLURALS}\b(?!')", source)
    assert wrong == []
