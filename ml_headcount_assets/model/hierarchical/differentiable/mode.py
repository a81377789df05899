"""The mode of the posterior from two starts, and its curvature."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize

from ...effort import Effort
from .density import Density

__all__ = ["Mode", "find_mode", "laplace_metric", "negative_hessian"]

# A second start is followed up if it comes this near (log density), yet lies elsewhere.
_WORTH_FOLLOWING, _ELSEWHERE = 200.0, 0.5
_SMALLEST_CURVATURE = 0.5
# Least curvature at the mode, in units of the prior: no direction is wider than 1.2 priors.
_WIDEST = 0.7
_STEP, _ROUGH_STEP, _TOGETHER = 1e-3, 3e-2, 32


@dataclass(frozen=True)
class Mode:
    """Where the density is highest.

    Attributes
    ----------
    theta, log_density
        The mode, (D,), and the log density there.
    gap
        Difference between the log densities reached from the two starts.
    rival
        The same if both searches were followed to their ends and ended elsewhere, else None.
    evaluations
        Number of gradients taken.
    curvature
        Negative Hessian in units of the prior's Cholesky factor, (D, D).
    """

    theta: NDArray[np.float64]
    log_density: float
    gap: float
    rival: float | None
    evaluations: int
    curvature: NDArray[np.float64]


def find_mode(
    density: Density,
    starts: Sequence[NDArray[np.float64]],
    effort: Effort,
    progress: Callable[[float], None] | None = None,
) -> Mode:
    """Climb from each start, and on from the best.

    Parameters
    ----------
    starts
        Parameter vectors.
    effort
        Most iterations.
    progress
        Called with the share of the work that is done.
    """
    report = progress or (lambda share: None)
    evaluations, reached = 0, []
    for number, start in enumerate(starts):
        theta, value, count = _climb(density, start, effort.look)
        evaluations += count
        reached.append((value, theta))
        report(0.25 * (number + 1))
    reached.sort(key=lambda pair: -pair[0])
    best, top = reached[0][0], reached[0][1]
    followed = [reached[0]] + [
        (value, theta)
        for value, theta in reached[1:]
        if value > best - _WORTH_FOLLOWING and _apart(density, theta, top)
    ]
    final = []
    for _, theta in followed:
        theta, value, count = _climb(density, theta, effort.search)
        evaluations += count
        final.append((value, theta))
    final.sort(key=lambda pair: -pair[0])
    gap = final[0][0] - (final[1][0] if len(final) > 1 else reached[-1][0])
    value, theta = final[0]
    elsewhere = len(final) > 1 and _apart(density, theta, final[1][1])
    rival = gap if elsewhere else None
    report(0.9)
    with density.nearby(torch.as_tensor(theta)[None]):
        curvature = negative_hessian(density, theta)
    return Mode(theta, value, gap, rival, evaluations, curvature)


def _apart(density: Density, one: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    """Return whether two places differ by more than half a prior standard deviation."""
    sd = np.sqrt((density.root**2).sum(axis=1))
    return bool((np.abs(one - other) / sd).max() > _ELSEWHERE)


def _climb(
    density: Density, start: NDArray[np.float64], iterations: int
) -> tuple[NDArray[np.float64], float, int]:
    """Run L-BFGS in the metric of the curvature at the start."""
    with density.nearby(torch.as_tensor(start)[None]), density.roughly():
        curvature = rough_curvature(density, start)
    values, vectors = np.linalg.eigh(curvature)
    values = np.maximum(np.abs(values), _SMALLEST_CURVATURE)
    metric = density.root @ (vectors / np.sqrt(values))

    def objective(u: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        theta = torch.as_tensor(start + metric @ u)[None]
        value, gradient = density.value_and_gradient(theta)
        slope = gradient[0].numpy()
        if not (np.isfinite(float(value[0])) and np.isfinite(slope).all()):
            return 1e10, np.zeros(len(u))
        return -float(value[0]), -(metric.T @ slope)

    found = minimize(
        objective,
        np.zeros(density.size),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": iterations, "maxcor": 30, "ftol": 1e-7, "gtol": 0.1},
    )
    return start + metric @ found.x, -float(found.fun), int(found.nfev)


def negative_hessian(density: Density, theta: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return minus the Hessian by central differences of gradients, in the prior's units."""
    size = density.size
    slopes = _slopes(density, theta, np.concatenate([_STEP * np.eye(size), -_STEP * np.eye(size)]))
    hessian = (slopes[:size] - slopes[size:]) / (2 * _STEP)
    return -(hessian + hessian.T) / 2


def rough_curvature(density: Density, theta: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return about minus the Hessian, by forward differences of half as many gradients."""
    steps = np.concatenate([np.zeros((1, density.size)), _ROUGH_STEP * np.eye(density.size)])
    slopes = _slopes(density, theta, steps)
    hessian = (slopes[1:] - slopes[0]) / _ROUGH_STEP
    return -(hessian + hessian.T) / 2


def _slopes(
    density: Density, theta: NDArray[np.float64], steps: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return gradients after steps (N, D) away from a place, both in the prior's units."""
    root, centre = torch.as_tensor(density.root), torch.as_tensor(theta)
    moves = torch.as_tensor(steps) @ root.T
    gradients = [
        density.value_and_gradient(centre + moves[start : start + _TOGETHER])[1]
        for start in range(0, len(moves), _TOGETHER)
    ]
    return (torch.cat(gradients) @ root).numpy()


def laplace_metric(mode: Mode, root: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a square root of the covariance that the curvature at the mode stands for, (D, D).

    Parameters
    ----------
    root
        Cholesky factor of the prior's covariance.
    """
    values, vectors = np.linalg.eigh(mode.curvature)
    return root @ (vectors / np.sqrt(np.maximum(values, _WIDEST)))
