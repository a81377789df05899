"""Results travel and are kept as values: the same to the last bit, and never executed."""

from __future__ import annotations

import io
import json
import pickle
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ml_headcount_assets.compute.local import LocalCompute
from ml_headcount_assets.compute.modal.compute import ModalCompute
from ml_headcount_assets.compute.modal.plain import packed, unpacked
from ml_headcount_assets.compute.modal.settings import ModalSettings
from ml_headcount_assets.errors import ComputeError
from ml_headcount_assets.model.drawn_company import DrawnCompany
from ml_headcount_assets.validity.calibration_study import study_calibration
from ml_headcount_assets.validity.suite import SuitePlan, run_suite

from .stand_in import StandIn

SETTINGS = ModalSettings(cores=1, tasks_per_range=1, poll_seconds=0.001, least_seconds=0)

VALUES = [
    *(None, True, 7, 2**80, 0.1, float("inf"), -0.0, "é\ud800", "", [], (), {}),
    [1, (2, "b"), {"array": 1, 3: (None,)}],
    np.float64(0.1) / 3,
    np.int32(-7),
    np.bool_(True),
]
ARRAYS = [
    np.array([[1.5, np.nan], [-0.0, 5e-324]]),
    np.arange(12, dtype=np.int32).reshape(3, 4)[::-1, ::2],
    np.zeros((0, 3), dtype=np.uint16),
    np.array(["profiles", "é"]),
    np.array(3.0),
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_values_come_back_as_they_were(value: object) -> None:
    again = unpacked(packed(value))
    assert type(again) is type(value)
    assert again == value
    assert repr(again) == repr(value)


@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: str(array.dtype))
def test_arrays_come_back_to_the_bit(array: np.ndarray) -> None:
    (again,) = unpacked(packed([array]))
    assert (again.dtype, again.shape) == (array.dtype, array.shape)
    assert again.tobytes() == array.tobytes()


def test_a_company_comes_back() -> None:
    company = DrawnCompany(np.arange(5, dtype=np.int32), "profiles", ("few", "old"))
    again = unpacked(packed(company))
    assert type(again) is DrawnCompany
    assert (again.evidence, again.flags) == ("profiles", ("few", "old"))
    np.testing.assert_array_equal(again.experts, company.experts)


def test_the_same_values_are_the_same_bytes() -> None:
    shared, text = np.ones(2), "ab"
    twice = [shared, shared, text, text]
    apart = [np.ones(2), np.ones(2), "".join("ab"), "".join(["a", "b"])]
    assert packed(twice) == packed(apart)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ([np.array([print], dtype=object)], "an array of objects"),
        ([{"a": {1, 2}}], "a set"),
        (pd.DataFrame({"a": [1]}), "a DataFrame"),
        (print, "a builtin_function_or_method"),
        (DrawnCompany(print, "profiles", ()), "a builtin_function_or_method"),
    ],
    ids=["objects", "set", "frame", "function", "in a dataclass"],
)
def test_what_is_no_value_is_named(value: object, told: str) -> None:
    with pytest.raises(ComputeError, match=re.escape(told)):
        packed(value)


def _archive(rest: object, **arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    words = np.frombuffer(json.dumps(rest).encode(), dtype=np.uint8)
    np.savez(buffer, rest=words, **arrays)
    return buffer.getvalue()


class Planted:
    """What would be heard of if it were unpickled."""

    def __reduce__(self):
        return pytest.fail, ("it was unpickled",)


def test_nothing_is_unpickled() -> None:
    with pytest.raises(ValueError, match=r"pickled \(object\) data|allow_pickle=False"):
        unpacked(pickle.dumps(Planted()))
    inside = _archive({"array": "0"}, **{"0": np.array([Planted()], dtype=object)})
    with pytest.raises(ValueError, match=r"pickled \(object\) data|allow_pickle=False"):
        unpacked(inside)
    with pytest.raises(pytest.fail.Exception, match="it was unpickled"):
        pickle.loads(pickle.dumps(Planted()))  # so that it would have been noticed


@pytest.mark.parametrize(
    "made",
    [
        ["os", "mkdir", {"path": "planted"}],
        ["dataclasses", "Field", {}],
        ["ml_headcount_assets.compute.modal.worker", "run_range", {"payload": ""}],
        ["ml_headcount_assets.compute.modal.worker", "nothing", {}],
        ["ml_headcount_assets_of_another", "Other", {}],
    ],
)
def test_nothing_is_called_but_dataclasses_of_the_package(made: list) -> None:
    with pytest.raises(ValueError, match="is no dataclass of"):
        unpacked(_archive({"made": made}))


def test_a_task_whose_result_is_no_value_ends_the_work_with_a_sentence() -> None:
    modal = ModalCompute(SETTINGS, client=StandIn())
    with pytest.raises(ComputeError, match=r"failed on a worker: A result cannot be sent .* a set"):
        modal.map(set, ["ab", "cd"])


def test_a_calibration_study_has_the_same_numbers_on_workers() -> None:
    def study(compute):
        return study_calibration(
            worlds=2,
            companies=15,
            profiles=800,
            draws=100,
            estimators=("independent",),
            compute=compute,
        )

    here, there = study(LocalCompute()), study(ModalCompute(SETTINGS, client=StandIn()))
    pd.testing.assert_frame_equal(here.companies, there.companies, check_exact=True)
    pd.testing.assert_frame_equal(here.totals, there.totals, check_exact=True)


def test_a_suite_has_the_same_scores_on_workers() -> None:
    plan = SuitePlan(("matched",), ("rogan_gladen",), 2, companies=20, profiles=800, draws=100)
    here = run_suite(plan)
    there = run_suite(plan, compute=ModalCompute(SETTINGS, client=StandIn()))
    # Only how long it took is another.
    assert [replace(score, seconds=0.0) for score in here.scores] == [
        replace(score, seconds=0.0) for score in there.scores
    ]
