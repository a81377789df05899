"""Bivariate normal probabilities for whole arrays at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, owens_t

__all__ = ["bivariate_density", "bivariate_upper"]


def bivariate_upper(mean_x: ArrayLike, mean_y: ArrayLike, rho: ArrayLike) -> NDArray[np.float64]:
    """Return P(X > 0, Y > 0) for unit-variance normals, elementwise.

    Parameters
    ----------
    mean_x, mean_y, rho
        Means and correlation, broadcast against each other; ``|rho| < 1``.

    Notes
    -----
    Owen (1956): with h, k the two means, P = (Phi(h) + Phi(k)) / 2 - T(h, a) - T(k, b) - delta,
    where T is Owen's function. It is accurate for every correlation, unlike fixed quadrature of
    Plackett's integral, which degrades near |rho| = 1.
    """
    h, k, rho = np.broadcast_arrays(
        np.asarray(mean_x, float), np.asarray(mean_y, float), np.asarray(rho, float)
    )
    scale = np.sqrt((1.0 - rho) * (1.0 + rho))
    with np.errstate(divide="ignore", invalid="ignore"):
        slope_h = (k / h - rho) / scale
        slope_k = (h / k - rho) / scale
    opposite = (h * k < 0) | ((h * k == 0) & (h + k < 0))
    value = 0.5 * (ndtr(h) + ndtr(k)) - owens_t(h, slope_h) - owens_t(k, slope_k) - 0.5 * opposite
    at_origin = (h == 0) & (k == 0)
    if at_origin.any():
        value = np.where(at_origin, 0.25 + np.arcsin(rho) / (2 * np.pi), value)
    return np.clip(value, 0.0, np.minimum(ndtr(h), ndtr(k)))


def bivariate_density(x: ArrayLike, y: ArrayLike, rho: ArrayLike) -> NDArray[np.float64]:
    """Return the standard bivariate normal density at (x, y) with correlation `rho`."""
    x, y, rho = np.asarray(x, float), np.asarray(y, float), np.asarray(rho, float)
    rest = (1.0 - rho) * (1.0 + rho)
    exponent = (x * x - 2 * rho * x * y + y * y) / (2 * rest)
    return np.exp(-exponent) / (2 * np.pi * np.sqrt(rest))
