"""The pattern table and what is read from it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.model import count_patterns
from ml_headcount_assets.model.patterns import (
    consistent_patterns,
    decode_patterns,
    encode_patterns,
    pattern_likelihood,
)

labels = st.lists(st.lists(st.sampled_from([0, 1, -1]), min_size=4, max_size=4), min_size=1)


@given(labels)
def test_encoding_and_decoding_are_inverse(rows):
    matrix = np.array(rows, dtype=np.int8)
    np.testing.assert_array_equal(decode_patterns(encode_patterns(matrix)), matrix)


def test_counts_by_company_and_pattern():
    frame = pd.DataFrame(
        {
            "company_id": ["b", "a", "a", "b", "a"],
            "y": pd.array([1, 0, 0, None, 0], dtype="Int8"),
            "x": [1, 0, 0, 1, 1],
        }
    )
    counts = count_patterns(frame, ["x", "y"])
    assert counts.to_dict("list") == {
        "company_id": ["a", "a", "b", "b"],
        "pattern": ["00", "10", "1-", "11"],
        "n_profiles": [2, 1, 1, 1],
    }


def test_weighted_rows_stand_for_so_many_profiles():
    rows = pd.DataFrame({"company_id": ["a"] * 6, "x": [0, 0, 0, 0, 1, 1]})
    weighted = pd.DataFrame({"company_id": ["a", "a"], "x": [1, 0], "n_profiles": [2, 4]})
    pd.testing.assert_frame_equal(count_patterns(rows, ["x"]), count_patterns(weighted, ["x"]))


@pytest.mark.parametrize("value", [2, -1, "yes", 0.5])
def test_other_labels_are_refused_with_row_and_column(value):
    frame = pd.DataFrame({"company_id": ["a", "a"], "x": [0, value]})
    with pytest.raises(InputError, match=r"row 1 of column 'x'"):
        count_patterns(frame, ["x"])


def test_missing_labels_are_marginalised_not_read_as_zero():
    table = np.arange(1.0, 9.0)[None] / 36
    likelihood = pattern_likelihood(table, np.array([[0, 1, -1], [-1, -1, -1]], dtype=np.int8))
    # x=0, y=1: index 2 with z=0 and index 6 with z=1.
    np.testing.assert_allclose(likelihood, [[(3 + 7) / 36, 1.0]])
    assert sorted(consistent_patterns(np.array([0, 1, -1], dtype=np.int8))) == [2, 6]
