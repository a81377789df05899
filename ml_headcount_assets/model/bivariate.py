"""Bivariate normal probabilities for whole arrays at once."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .engine import Arithmetic, Array, Engine, arithmetic

__all__ = [
    "bivariate_density",
    "bivariate_upper",
    "correlation_class",
    "same_class_upper",
]

# Gauss-Legendre nodes by |rho|: up to (bound, nodes). Measured over means up to 8 of either
# sign: each class errs by at most 5e-15. Up to 0.97 the integral runs from 0 to rho, above from
# |rho| to 1.
_CLASSES = (
    (0.1, 4),
    (0.3, 6),
    (0.5, 8),
    (0.8, 12),
    (0.95, 20),
    (0.97, 24),
    (0.99, 12),
    (0.999, 8),
    (1.0, 4),
)
_BOUNDS = np.array([bound for bound, _ in _CLASSES[:-1]])
_FIRST_NEAR_ONE = 6
# exp(-700) is still a number, and times anything met here it is nothing.
_LARGEST_EXPONENT = 700.0


def bivariate_upper(
    mean_x: ArrayLike, mean_y: ArrayLike, rho: ArrayLike, *, engine: Engine | None = None
) -> NDArray[np.float64]:
    """Return P(X > 0, Y > 0) for unit-variance normals, elementwise.

    Parameters
    ----------
    mean_x, mean_y, rho
        Means and correlation, broadcast against each other; ``|rho| < 1``.
    engine
        Where to compute; None is NumPy.

    Returns
    -------
    ndarray
        Within 1e-14 of the truth, for every correlation and mean.

    Notes
    -----
    The derivative of P with respect to rho is the bivariate density (Plackett 1954). With the
    substitution rho = sin(theta) it is integrated by Gauss and Legendre from independence to
    rho (Drezner and Wesolowsky 1990); above 0.97 from rho to 1, where P is known, less the
    terms of an expansion that has a closed form (Genz 2004). The number of nodes depends on
    |rho| alone, so a result does not depend on what it is computed with.
    """
    h, k, r = np.broadcast_arrays(
        np.asarray(mean_x, float), np.asarray(mean_y, float), np.asarray(rho, float)
    )
    calculator = arithmetic(engine)
    shape, h, k, r = h.shape, h.reshape(-1, 1), k.reshape(-1, 1), r.reshape(-1)
    result = np.empty(len(r))
    classes = correlation_class(r)
    for number in np.unique(classes):
        members = np.flatnonzero(classes == number)
        for start in range(0, len(members), calculator.doubles):
            part = members[start : start + calculator.doubles]
            at = tuple(calculator.array(values[part]) for values in (h, k))
            upper, p_h, p_k = map(
                calculator.host, same_class_upper(calculator, *at, r[part], int(number))
            )
            result[part] = np.clip(upper, 0.0, np.minimum(p_h, p_k))[:, 0]
    return result.reshape(shape)


def correlation_class(rho: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the number of the rule that integrates up to `rho`; as many nodes as it needs."""
    return np.searchsorted(_BOUNDS, np.abs(rho))


def same_class_upper(
    calculator: Arithmetic, h: Array, k: Array, rho: NDArray[np.float64], number: int
) -> tuple[Array, Array, Array]:
    """Return P(X > 0, Y > 0), P(X > 0) and P(Y > 0) where every row's correlation is of one class.

    Parameters
    ----------
    calculator
        Library and device of the arrays.
    h, k
        Means, shape (B, F), on the device.
    rho
        Correlations, shape (B,), on the host.
    number
        Their class, from `correlation_class`.
    """
    p_h, p_k = calculator.ndtr(h), calculator.ndtr(k)
    nodes = _CLASSES[number][1]
    if number < _FIRST_NEAR_ONE:
        upper = p_h * p_k
        upper += _from_independence(calculator, h, k, rho, nodes)
        return upper, p_h, p_k
    sign = np.where(rho < 0, -1.0, 1.0)
    flip = calculator.array(sign[:, None])
    tail = _to_dependence(calculator, h, k * flip, rho * sign, nodes)
    xp = calculator.xp
    most = xp.where(p_h < p_k, p_h, p_k)
    # P(X > 0, Y < 0) is small for rho near 1, and P(X > 0, Y > 0) for rho near -1.
    least = xp.clip(p_h + p_k - 1.0, 0.0, None)
    upper = xp.where(flip > 0, most - tail, least + tail)
    return upper, p_h, p_k


@lru_cache(maxsize=32)
def _legendre(nodes: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return Gauss-Legendre nodes and weights on (0, 1)."""
    x, w = np.polynomial.legendre.leggauss(nodes)
    return 0.5 * (x + 1), 0.5 * w


def _from_independence(
    calculator: Arithmetic, h: Array, k: Array, rho: NDArray[np.float64], nodes: int
) -> Array:
    """Integrate the density from correlation 0 to `rho`."""
    x, w = _legendre(nodes)
    angle = np.arcsin(rho)
    sine, cosine2 = np.sin(angle[:, None] * x), np.cos(angle[:, None] * x) ** 2
    by_squares = calculator.array(-0.5 / cosine2)
    by_product = calculator.array(sine / cosine2)
    weights = calculator.array(angle[:, None] * w / (2 * np.pi))
    squares, product = h * h, h * k
    squares += k * k
    total = calculator.xp.zeros_like(h)
    for node in range(nodes):
        term = squares * by_squares[:, node, None]
        term += product * by_product[:, node, None]
        term = calculator.xp.exp(term)
        term *= weights[:, node, None]
        total += term
    return total


def _to_dependence(
    calculator: Arithmetic, h: Array, k: Array, rho: NDArray[np.float64], nodes: int
) -> Array:
    """Integrate the density from correlation `rho`, close to 1, to 1.

    With x = sqrt(1 - r**2) the integrand is exp(-(b / x**2 + hk) / 2) times a function of x that
    is smooth; the first terms of its expansion are integrated in closed form (Genz 2004, section
    2.4), Gauss and Legendre take what is left.
    """
    xp, exp = calculator.xp, calculator.xp.exp
    a_host = np.sqrt((1 - rho) * (1 + rho))[:, None]
    a = calculator.array(a_host)
    product, gap = h * k, xp.abs(h - k)
    b = gap * gap
    c, d = (4 - product) / 8, (12 - product) / 16
    shrink = c * b * (1 - d * b / 5) / 3
    expansion = a * exp(_bounded(xp, -0.5 * (b / (a * a) + product)))
    expansion *= 1 - shrink + (c * (1 - d * b / 5) / 3 + c * d * (a * a) / 5) * (a * a)
    total = expansion - np.sqrt(2 * np.pi) * gap * (1 - shrink) * calculator.ndtr(-gap / a) * exp(
        _bounded(xp, -0.5 * product)
    )
    x, w = _legendre(nodes)
    squared = (a_host * x) ** 2
    root = np.sqrt(1 - squared)
    outer, inner = calculator.array(squared), calculator.array(-0.5 * squared / (1 + root) ** 2)
    roots, weights = calculator.array(root), calculator.array(a_host * w)
    for node in range(nodes):
        xs = outer[:, node, None]
        rest = exp(product * inner[:, node, None]) / roots[:, node, None]
        rest -= 1 + c * xs * (1 + d * xs)
        rest *= exp(_bounded(xp, -0.5 * (b / xs + product)))
        rest *= weights[:, node, None]
        total += rest
    return total / (2 * np.pi)


def _bounded(xp: Array, exponent: Array) -> Array:
    return xp.clip(exponent, -_LARGEST_EXPONENT, _LARGEST_EXPONENT)


def bivariate_density(x: ArrayLike, y: ArrayLike, rho: ArrayLike) -> NDArray[np.float64]:
    """Return the standard bivariate normal density at (x, y) with correlation `rho`."""
    x, y, rho = np.asarray(x, float), np.asarray(y, float), np.asarray(rho, float)
    rest = (1.0 - rho) * (1.0 + rho)
    exponent = (x * x - 2 * rho * x * y + y * y) / (2 * rest)
    return np.exp(-exponent) / (2 * np.pi * np.sqrt(rest))
