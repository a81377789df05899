"""Have the chains converged, and can weights be trusted: R-hat, effective sizes, Pareto k."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import rankdata

__all__ = ["FEWEST_EFFECTIVE", "LARGEST_RHAT", "effective_size", "pareto_smoothed", "split_rhat"]

#: Many short chains: R-hat is about sqrt(1 + tau / n) for an autocorrelation time tau and n states
#: in half a chain; 1.4 says that a chain tells nothing but where it is. With 100 effective
#: states the ends of an 80 % interval are known to a fifteenth of its width.
LARGEST_RHAT, FEWEST_EFFECTIVE = 1.3, 100.0
# Chains of fewer states tell nothing of their own variation.
_FEWEST_STATES = 4


def split_rhat(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rank-normalised split R-hat of each quantity (Vehtari et al. 2021).

    Parameters
    ----------
    values
        (chains, states, quantities).

    Returns
    -------
    ndarray (quantities,)
        The larger of the R-hats of location and of scale.
    """
    if values.shape[1] < _FEWEST_STATES:
        return np.full(values.shape[2], np.inf)
    halves = _split(values)
    folded = np.abs(halves - np.median(halves, axis=(0, 1)))
    return np.maximum(_rhat(_normal_scores(halves)), _rhat(_normal_scores(folded)))


def effective_size(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the bulk effective sample size of each quantity; arguments as in `split_rhat`.

    Geyer's initial monotone sequence over split, rank-normalised chains.
    """
    if values.shape[1] < _FEWEST_STATES:
        return np.ones(values.shape[2])
    x = _normal_scores(_split(values))
    chains, states, quantities = x.shape
    within = x.var(axis=1, ddof=1).mean(axis=0)
    between = x.mean(axis=1).var(axis=0, ddof=1)
    total = within * (states - 1) / states + between
    centred = x - x.mean(axis=1, keepdims=True)
    result = np.empty(quantities)
    for q in range(quantities):
        lags = [
            (centred[:, : states - lag, q] * centred[:, lag:, q]).sum(axis=1).mean() / states
            for lag in range(states)
        ]
        rho = 1 - (within[q] - np.array(lags) * states / (states - 1)) / max(total[q], 1e-300)
        rho[0] = 1.0
        pairs = rho[: 2 * (states // 2)].reshape(-1, 2).sum(axis=1)
        positive = np.minimum.accumulate(pairs[: _first_negative(pairs)])
        tau = max(-1 + 2 * positive.sum(), 1 / np.log10(max(chains * states, 10)))
        result[q] = chains * states / tau
    return result


def _first_negative(values: NDArray[np.float64]) -> int:
    negative = np.flatnonzero(values < 0)
    return int(negative[0]) if len(negative) else len(values)


def _split(values: NDArray[np.float64]) -> NDArray[np.float64]:
    half = values.shape[1] // 2
    return np.concatenate([values[:, :half], values[:, half : 2 * half]])


def _normal_scores(values: NDArray[np.float64]) -> NDArray[np.float64]:
    flat = values.reshape(-1, values.shape[-1])
    ranks = rankdata(flat, axis=0)
    return ndtri((ranks - 0.375) / (len(flat) + 0.25)).reshape(values.shape)


def _rhat(values: NDArray[np.float64]) -> NDArray[np.float64]:
    states = values.shape[1]
    within = values.var(axis=1, ddof=1).mean(axis=0)
    between = values.mean(axis=1).var(axis=0, ddof=1)
    return np.sqrt((states - 1) / states + between / np.maximum(within, 1e-300))


def pareto_smoothed(log_weights: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Return normalised importance weights with a smoothed tail, and Pareto k.

    Vehtari et al. 2024; the generalised Pareto fit is Zhang and Stephens' (2009).
    """
    count = len(log_weights)
    tail = int(min(0.2 * count, 3 * np.sqrt(count)))
    smoothed = log_weights - log_weights.max()
    order = np.argsort(smoothed)
    cutoff = np.exp(smoothed[order[-tail - 1]])
    excess = np.exp(smoothed[order[-tail:]]) - cutoff
    shape, scale = _generalised_pareto(np.maximum(excess, 1e-300))
    share = (np.arange(1, tail + 1) - 0.5) / tail
    quantiles = cutoff + scale * np.expm1(-shape * np.log1p(-share)) / shape
    smoothed[order[-tail:]] = np.log(np.minimum(quantiles, 1.0))
    weights = np.exp(smoothed - smoothed.max())
    return weights / weights.sum(), shape


def _generalised_pareto(excess: NDArray[np.float64]) -> tuple[float, float]:
    """Return shape and scale; `excess` is sorted and positive."""
    count = len(excess)
    grid = 30 + int(np.sqrt(count))
    b = 1 - np.sqrt(grid / (np.arange(1, grid + 1) - 0.5))
    b = b / (3 * excess[int(count / 4 + 0.5) - 1]) + 1 / excess[-1]
    shapes = np.log1p(-b[:, None] * excess).mean(axis=1)
    profile = count * (np.log(-b / shapes) - shapes - 1)
    weights = 1 / np.exp(profile - profile[:, None]).sum(axis=1)
    best = float((b * weights).sum())
    shape = float(np.log1p(-best * excess).mean())
    scale = -shape / best
    # Regularised towards 1/2, as for a small tail.
    return (shape * count + 0.5 * 10) / (count + 10), scale
