"""The kernels against SciPy's multivariate normal: tables per second, at a measured accuracy.

Every side computes tables of the same parameter sets within the same minute, one after another.
SciPy has no other way than to call its cumulative normal for each pattern, in one thread. It is
compared with NumPy in one thread by processor time, with several processes and torch by the clock.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from time import perf_counter, process_time

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri
from scipy.stats import multivariate_normal

from ml_headcount_assets.compute.engine import Engine
from ml_headcount_assets.model import EstimatorSettings, orthant_probabilities, tetrachoric
from ml_headcount_assets.worlds.simulation import PUBLISHED_RATES

from .measurements import Measurement, seconds

# What the bootstrap takes by default; the tables below then err by less than 1e-4, and the
# benchmark says by how much.
POINTS = EstimatorSettings.default().orthant_points
_TABLES, _LOOPED = 1000, 4
_NUMPY = Engine("numpy", "cpu")


def kernels(tables: int = _TABLES, looped: int = _LOOPED) -> list[Measurement]:
    """Measure orthant tables in six and in five dimensions, and tetrachoric correlations."""
    lines = [line for count in (6, 5) for line in orthants(count, tables, looped)]
    return [*lines, tetrachorics(100 * tables)]


def parameters(count: int, tables: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return means and correlations as of rated CVs, with noise.

    The means are those of the published error rates of both classes; the correlations have one
    factor, on which an annotator loads with 0.4 to 0.95.
    """
    rng = np.random.default_rng(20)
    rates = np.array(list(PUBLISHED_RATES.values()))
    rates = np.vstack([rates, [0.301, 0.979]])[:count]
    centre = np.stack([ndtri(rates[:, 0]), -ndtri(rates[:, 1])])
    means = centre[np.arange(tables) % 2] + 0.2 * rng.normal(size=(tables, count))
    loadings = rng.uniform(0.4, 0.95, size=(tables, count))
    matrices = loadings[:, :, None] * loadings[:, None, :]
    matrices[:, np.arange(count), np.arange(count)] = 1.0
    return means, matrices


def orthants(count: int, tables: int, looped: int) -> list[Measurement]:
    """Compare SciPy, NumPy in one thread and in a process per core, and torch."""
    means, matrices = parameters(count, tables)
    by_scipy: list[NDArray[np.float64]] = []

    def loop() -> None:
        by_scipy[:] = map(scipy_table, means[:looped], matrices[:looped])

    # One thread against one thread in processor time, which other work disturbs less.
    scipy = {clock: looped / seconds(loop, 2, clock) for clock in (process_time, perf_counter)}
    what = f"{2**count} patterns of {count} latents"
    lines = [Measurement(f"{what}: SciPy, pattern by pattern", scipy[process_time], "/s")]

    def rate(
        name: str,
        call: Callable[[], object],
        clock: Callable[[], float] = perf_counter,
        goal: float | None = None,
    ) -> None:
        call()
        fast = tables / seconds(call, 3, clock)
        lines.append(Measurement(f"... {name}", fast, "/s"))
        lines.append(Measurement(f"... {name}, over SciPy", fast / scipy[clock], "x", goal, True))

    rate("NumPy, one thread", lambda: table(means, matrices, _NUMPY), process_time, 500.0)
    cores = len(os.sched_getaffinity(0))
    parts = np.array_split(np.arange(tables), 4 * cores)
    cut = [means[part] for part in parts], [matrices[part] for part in parts]
    # Processes: arrays are too short for threads not to wait for each other's Python.
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
        rate(f"NumPy, {cores} processes", lambda: list(pool.map(_numpy_table, *cut)))
    for engine, name in torch_engines():
        rate(name, lambda engine=engine: table(means, matrices, engine))
    found = table(means[:looped], matrices[:looped], _NUMPY)
    lines.append(Measurement("... largest error", largest_error(count), "", 1e-4))
    apart = float(np.abs(found - np.array(by_scipy)).max())
    lines.append(Measurement("... farthest from SciPy", apart, "", 1e-4))
    return lines


def table(
    means: NDArray[np.float64], matrices: NDArray[np.float64], engine: Engine
) -> NDArray[np.float64]:
    """Return the tables at the accuracy of this benchmark."""
    return orthant_probabilities(means, matrices, points=POINTS, engine=engine)


def _numpy_table(means: NDArray[np.float64], matrices: NDArray[np.float64]) -> NDArray[np.float64]:
    return table(means, matrices, _NUMPY)


def scipy_table(mean: NDArray[np.float64], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return one table by SciPy's cumulative normal, a pattern at a time."""
    count = len(mean)
    signs = 2 * ((np.arange(2**count)[:, None] >> np.arange(count)) & 1) - 1
    zero = np.zeros(count)
    return np.array(
        [multivariate_normal.cdf(s * mean, zero, matrix * np.outer(s, s)) for s in signs]
    )


def torch_engines() -> list[tuple[Engine, str]]:
    """Return the engines of torch that there are."""
    if importlib.util.find_spec("torch") is None:
        return []
    import torch

    name = f"torch on a processor, {torch.get_num_threads()} threads"
    engines = [(Engine("torch", "cpu"), name)]
    if torch.cuda.is_available():
        engines.append((Engine("torch", "cuda"), f"torch on {torch.cuda.get_device_name()}"))
    return engines


def what_is_missing() -> str | None:
    """Say which engine is not measured here, or None."""
    if not torch_engines():
        return "torch is not installed; its kernels are left out."
    if len(torch_engines()) == 1:
        return "There is no GPU here; torch is measured on the processor only."
    return None


def largest_error(count: int) -> float:
    """Return the largest error on tables that one-dimensional quadrature knows to 1e-12.

    One factor, loadings of 0.3 to 0.95, means up to 2 of either sign.
    """
    means, matrices, exact = [], [], []
    factor = np.linspace(-9, 9, 4001)
    weight = np.exp(-(factor**2) / 2) * (factor[1] - factor[0]) / np.sqrt(2 * np.pi)
    rng = np.random.default_rng(21)
    patterns = (np.arange(2**count)[:, None] >> np.arange(count)) & 1
    for _ in range(50):
        mean, loading = rng.uniform(-2, 2, count), rng.uniform(0.3, 0.95, count)
        above = ndtr((mean[:, None] + loading[:, None] * factor) / np.sqrt(1 - loading**2)[:, None])
        terms = np.where(patterns[:, :, None] == 1, above, 1 - above)
        exact.append((terms.prod(axis=1) * weight).sum(axis=1))
        means.append(mean)
        matrix = np.outer(loading, loading)
        np.fill_diagonal(matrix, 1.0)
        matrices.append(matrix)
    found = table(np.array(means), np.array(matrices), _NUMPY)
    return float(np.abs(found - np.array(exact)).max())


def tetrachorics(tables: int) -> Measurement:
    """Measure tables of 432 rated CVs, in one thread."""
    rng = np.random.default_rng(22)
    cells = rng.dirichlet([4.0, 2.0, 2.0, 4.0], size=tables)
    counts = rng.multinomial(432, cells).reshape(-1, 2, 2)
    fast = tables / seconds(lambda: tetrachoric(counts), repeats=3)
    return Measurement("tetrachoric correlations: NumPy, one thread", fast, "/s")
