"""The benchmark of the kernels compares like with like; the times are no test's business."""

from __future__ import annotations

import numpy as np
import pytest

from ml_headcount_assets.compute.engine import Engine

from .kernels import kernels, largest_error, parameters, scipy_table, table, torch_engines


def test_every_engine_is_measured_against_scipy() -> None:
    lines = kernels(tables=8, looped=1)
    by_name = {line.what: line.value for line in lines[: len(lines) // 2]}
    scipy = by_name["64 patterns of 6 latents: SciPy, pattern by pattern"]
    ratio = by_name["... NumPy, one thread, over SciPy"]
    assert ratio == pytest.approx(by_name["... NumPy, one thread"] / scipy)
    assert [line.goal for line in lines if line.goal] == [500.0, 1e-4, 1e-4] * 2
    assert all(f"... {name}" in by_name for _, name in torch_engines())
    # Both sides compute the same tables; SciPy's own tolerance is 1e-5.
    assert all(line.reached for line in lines if line.unit == "")
    assert all(line.value > 0 for line in lines)


@pytest.mark.parametrize("count", [5, 6])
def test_speed_is_measured_at_the_accuracy_that_is_promised(count: int) -> None:
    assert largest_error(count) < 1e-4


def test_scipy_lists_the_patterns_in_the_same_order() -> None:
    means, matrices = parameters(3, 2)
    ours = table(means, matrices, Engine("numpy", "cpu"))
    for mean, matrix, row in zip(means, matrices, ours, strict=True):
        np.testing.assert_allclose(scipy_table(mean, matrix), row, atol=1e-4)
