"""Who annotates, and who only repeats."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.model import Annotator, infer_annotators
from ml_headcount_assets.model.annotators import check_derived, likelihood_annotators


@pytest.fixture
def frame():
    rng = np.random.default_rng(8)
    a, b = rng.integers(0, 2, size=(2, 60))
    return pd.DataFrame(
        {"llm_x": rng.integers(0, 2, 60), "filter_ab": a & b, "filter_b": b, "filter_a": a}
    ).assign(is_expert=rng.integers(0, 2, 60))


def test_kind_and_derivation_are_inferred(frame):
    assert infer_annotators(frame) == (
        Annotator("filter_a", "filter"),
        Annotator("filter_ab", "filter", ("filter_a", "filter_b")),
        Annotator("filter_b", "filter"),
        Annotator("llm_x", "llm"),
    )


def test_a_single_contradiction_prevents_the_inference(frame):
    frame.loc[0, "filter_ab"] = 1 - frame.loc[0, "filter_ab"]
    assert not any(annotator.derived for annotator in infer_annotators(frame))


def test_real_rated_cvs_have_one_derived_annotator(rated):
    derived = {a.name: a.derived for a in infer_annotators(rated) if a.derived}
    assert derived == {"filter_broad_yes_strict_no": ("filter_broad_yes", "filter_strict_no")}


def test_contradicting_rows_are_counted(frame):
    annotators = infer_annotators(frame)
    frame.loc[:4, "filter_ab"] = 1 - (frame["filter_a"] & frame["filter_b"])
    with pytest.raises(InputError, match=r"5 of 60 rows.*filter_a AND filter_b"):
        check_derived(frame, annotators, "the profiles")


def test_derived_annotators_stay_out_of_the_likelihood_unless_asked(frame):
    annotators = infer_annotators(frame)
    assert [a.name for a in likelihood_annotators(annotators, six_dimensional=False)] == [
        "filter_a",
        "filter_b",
        "llm_x",
    ]
    assert len(likelihood_annotators(annotators, six_dimensional=True)) == 4
