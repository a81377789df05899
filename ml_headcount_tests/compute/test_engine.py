"""One engine gives the same bits however work is cut; two engines agree to 1e-9."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import numpy as np
import pytest

from ml_headcount_assets.compute.engine import Engine
from ml_headcount_assets.errors import ComputeError, InputError
from ml_headcount_assets.model import EstimatorSettings, orthant_probabilities, tetrachoric
from ml_headcount_assets.model.annotators import Annotator
from ml_headcount_assets.model.bivariate import bivariate_upper
from ml_headcount_assets.model.correlations import (
    fit_shrinkage,
    matrices_from_pairs,
    repair_correlation,
)
from ml_headcount_assets.model.posterior import draw_experts, expert_posterior

AGREEMENT = 1e-9  # what is promised across engines
NUMPY, TORCH = Engine("numpy", "cpu"), Engine("torch", "cpu")
# Blocks of 50 draws and two classes are what workers cut work by; the others are odd on purpose.
CUTS = (1, 7, 50)

needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="needs torch, which is not installed"
)
both = pytest.mark.parametrize(
    "engine", [NUMPY, pytest.param(TORCH, marks=needs_torch)], ids=["numpy", "torch"]
)


def parameters(count: int, dimension: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw means up to 4 and repaired matrices from loose to nearly singular."""
    rng = np.random.default_rng(seed)
    pairs = dimension * (dimension - 1) // 2
    size = rng.uniform(0.1, 0.99, size=(count, 1))
    matrices = matrices_from_pairs(rng.uniform(-size, size, size=(count, pairs)), dimension)
    scale = rng.choice([0.0, 0.5, 2.0, 4.0], size=(count, 1))
    return rng.normal(size=(count, dimension)) * scale, repair_correlation(matrices, "clip")[0]


def in_parts(function, size: int, *arrays: np.ndarray) -> np.ndarray:
    starts = range(0, len(arrays[0]), size)
    return np.concatenate([function(*(a[i : i + size] for a in arrays)) for i in starts])


@both
@pytest.mark.parametrize(("dimension", "points"), [(2, 512), (3, 64), (5, 128), (6, 256), (9, 8)])
def test_orthants_do_not_depend_on_how_a_batch_is_cut(engine, dimension, points):
    means, matrices = parameters(60, dimension, seed=1)

    def tables(mean: np.ndarray, matrix: np.ndarray) -> np.ndarray:
        return orthant_probabilities(mean, matrix, points=points, engine=engine)

    whole = tables(means, matrices)
    for size in CUTS:
        np.testing.assert_array_equal(in_parts(tables, size, means, matrices), whole)
    order = np.random.default_rng(2).permutation(60)
    np.testing.assert_array_equal(tables(means[order], matrices[order]), whole[order])


@needs_torch
@pytest.mark.parametrize(("dimension", "points"), [(2, 512), (4, 256), (6, 256), (6, 16), (10, 4)])
def test_orthants_agree_across_engines(dimension, points):
    means, matrices = parameters(200, dimension, seed=3)
    tables = [
        orthant_probabilities(means, matrices, points=points, engine=e) for e in (NUMPY, TORCH)
    ]
    assert np.abs(tables[0] - tables[1]).max() < AGREEMENT
    means[:, 0] = np.where(np.arange(200) % 2, 38.0, -38.0)  # the end of the normal distribution
    extreme = [
        orthant_probabilities(means, matrices, points=points, engine=e) for e in (NUMPY, TORCH)
    ]
    assert np.abs(extreme[0] - extreme[1]).max() < AGREEMENT


@needs_torch
def test_orthants_to_a_tolerance_agree_across_engines():
    means, matrices = parameters(8, 4, seed=4)
    tables = [orthant_probabilities(means, matrices, engine=e) for e in (NUMPY, TORCH)]
    assert np.abs(tables[0] - tables[1]).max() < AGREEMENT


@both
def test_bivariate_and_tetrachoric_do_not_depend_on_how_a_batch_is_cut(engine):
    rng = np.random.default_rng(5)
    arrays = (*rng.normal(size=(2, 100), scale=3), np.tanh(rng.normal(size=100) * 3))

    def upper(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
        return bivariate_upper(a, b, c, engine=engine)

    tables = rng.integers(0, 60, size=(100, 2, 2))

    def correlations(cut: np.ndarray) -> np.ndarray:
        return tetrachoric(cut, engine=engine)

    for size in CUTS:
        np.testing.assert_array_equal(in_parts(upper, size, *arrays), upper(*arrays))
        np.testing.assert_array_equal(in_parts(correlations, size, tables), correlations(tables))


@needs_torch
def test_bivariate_agrees_across_engines():
    rng = np.random.default_rng(6)
    h, k = rng.normal(size=(2, 20_000)) * rng.choice([1.0, 5.0, 30.0], size=20_000)
    rho = np.clip(np.tanh(rng.normal(size=20_000) * 4), -0.99999, 0.99999)
    h[:9], k[5:15] = 0.0, 0.0
    apart = bivariate_upper(h, k, rho, engine=NUMPY) - bivariate_upper(h, k, rho, engine=TORCH)
    assert np.abs(apart).max() < AGREEMENT


@needs_torch
@pytest.mark.parametrize("correction", [0.0, 0.5])
def test_tetrachoric_agrees_across_engines(correction):
    rng = np.random.default_rng(7)
    cells = rng.dirichlet([0.3] * 4, size=5_000)
    tables = np.concatenate([rng.multinomial(n, cells) for n in (20, 432, 100_000)])
    found = [
        tetrachoric(tables.reshape(-1, 2, 2), continuity_correction=correction, engine=e)
        for e in (NUMPY, TORCH)
    ]
    assert np.abs(found[0] - found[1]).max() < AGREEMENT


@both
@pytest.mark.parametrize("method", ["nearest", "clip"])
def test_repair_does_not_depend_on_the_stack(engine, method):
    rng = np.random.default_rng(8)
    matrices = matrices_from_pairs(rng.uniform(-0.99, 0.99, size=(100, 15)), 6)

    def repaired(cut: np.ndarray) -> np.ndarray:
        return repair_correlation(cut, method, engine=engine)[0]

    whole = repaired(matrices)
    for size in CUTS:
        np.testing.assert_array_equal(in_parts(repaired, size, matrices), whole)
    assert np.abs(whole - repair_correlation(matrices, method)[0]).max() < AGREEMENT


@both
def test_shrinkage_does_not_depend_on_the_draws(engine):
    rng = np.random.default_rng(9)
    kinds = [Annotator(f"{kind}_{i}", kind) for kind in ("filter", "llm") for i in range(3)]
    observed = np.tanh(rng.normal(0.3, 0.4, size=(2, 15)))
    resampled = np.tanh(np.arctanh(observed) + 0.1 * rng.normal(size=(100, 2, 15)))
    shrinkage = fit_shrinkage(kinds, observed, resampled)

    def shrunk(cut: np.ndarray) -> np.ndarray:
        return shrinkage.apply(cut, engine=engine)

    whole = shrunk(resampled)
    for size in CUTS:
        np.testing.assert_array_equal(in_parts(shrunk, size, resampled), whole)
    assert np.abs(whole - shrinkage.apply(resampled)).max() < AGREEMENT


@both
def test_posterior_does_not_depend_on_the_draws(engine):
    rng = np.random.default_rng(10)
    likelihood, prevalence = rng.dirichlet(np.ones(37), size=(100, 2)), rng.beta(1, 50, size=100)

    def posterior(cut: np.ndarray, shares: np.ndarray) -> np.ndarray:
        return expert_posterior(cut, shares, engine=engine)

    whole = posterior(likelihood, prevalence)
    for size in CUTS:
        np.testing.assert_array_equal(in_parts(posterior, size, likelihood, prevalence), whole)
    assert np.abs(whole - expert_posterior(likelihood, prevalence)).max() < AGREEMENT


@both
def test_binomials_are_reproducible_and_continue_from_any_block(engine):
    settings = EstimatorSettings.default()
    employees = np.tile([1000, 3, 0, 40], (150, 1))
    posterior = np.tile([0.02, 0.9, 0.5, 0.3], (150, 1))
    whole = draw_experts("acme", employees, posterior, settings, 7, engine=engine)
    for first, last in ((0, 1), (1, 3), (2, 3)):
        part = slice(first * 50, last * 50)
        drawn = draw_experts(
            "acme", employees[part], posterior[part], settings, 7, first_block=first, engine=engine
        )
        np.testing.assert_array_equal(drawn, whole[part])
    other = draw_experts("beta", employees, posterior, settings, 7, engine=engine)
    assert (other != whole).mean() > 0.5


@both
@pytest.mark.parametrize(("count", "share"), [(4, 0.3), (60, 0.02), (500, 0.4), (100_000, 0.001)])
def test_binomials_have_their_distribution(engine, count, share):
    """Small means are drawn by inversion and large ones by rejection, so both are tried."""
    draws = 10_000
    drawn = draw_experts(
        "acme",
        np.full((draws, 1), count),
        np.full((draws, 1), share),
        EstimatorSettings.default(),
        3,
        engine=engine,
    )
    mean, variance = count * share, count * share * (1 - share)
    # Four standard errors of a mean and, for a nearly normal variable, of a variance.
    assert drawn.mean() == pytest.approx(mean, abs=4 * np.sqrt(variance / draws))
    assert drawn.var() == pytest.approx(variance, rel=4 * np.sqrt(3 / draws))
    assert drawn.min() >= 0
    assert drawn.max() <= count


def test_engines_are_checked_when_they_are_made():
    with pytest.raises(InputError, match="library is one of"):
        Engine("jax")
    with pytest.raises(InputError, match="device is one of"):
        Engine(device="tpu")
    with pytest.raises(InputError, match="NumPy has no GPU"):
        Engine("numpy", "cuda")


@needs_torch
def test_a_gpu_that_is_not_there_is_said_to_be_missing():
    import torch

    if torch.cuda.is_available():
        assert Engine("torch", "auto").resolve() == Engine("torch", "cuda")
        pytest.skip("there is a GPU")
    assert Engine("torch", "auto").resolve() == TORCH
    assert Engine().resolve(tables=10**9) == NUMPY
    with pytest.raises(ComputeError, match="no GPU here"):
        orthant_probabilities([0.0, 0.0], np.eye(2), engine=Engine(device="cuda"))


def test_torch_is_not_imported_unless_it_is_asked_for():
    code = (
        "import sys, numpy as np\n"
        "from ml_headcount_assets.model import orthant_probabilities\n"
        "from ml_headcount_assets.compute.engine import Engine\n"
        "orthant_probabilities(np.zeros(4), np.eye(4), engine=Engine())\n"
        "assert Engine().resolve().library == 'numpy'\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
