"""The bivariate normal against Owen's function, closed forms and quadrature."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import ndtr, owens_t

from ml_headcount_assets.model.bivariate import bivariate_density, bivariate_upper

# Both sides round: owens_t loses digits in its slopes where |rho| is within 1e-7 of 1.
ROUNDING = 1e-13

means = st.one_of(
    st.just(0.0), st.floats(-3, 3), st.floats(-40, 40), st.sampled_from([-8.0, 8.0, 1e-9])
)
correlations = st.one_of(
    st.floats(-0.99999, 0.99999),
    st.sampled_from([0.0, 0.3, 0.6, 0.85, 0.97, 0.999, -0.999, 0.99999, -0.99999]),
)


def by_owen(h: float, k: float, rho: float) -> float:
    """Owen (1956), for means h and k."""
    h, k = h + 0.0, k + 0.0  # a zero below zero would turn the slopes round
    if h == k == 0:
        return 0.25 + np.arcsin(rho) / (2 * np.pi)
    scale = np.sqrt((1 - rho) * (1 + rho))
    with np.errstate(divide="ignore", over="ignore"):
        slopes = [(np.divide(b, a) - rho) / scale for a, b in ((h, k), (k, h))]
    opposite = min(h, k) < 0 <= max(h, k)
    both = 0.5 * (ndtr(h) + ndtr(k)) - 0.5 * opposite
    return both - owens_t(h, slopes[0]) - owens_t(k, slopes[1])


@given(h=means, k=means, rho=correlations)
def test_agrees_with_owens_function(h, k, rho):
    assert float(bivariate_upper(h, k, rho)) == pytest.approx(by_owen(h, k, rho), abs=ROUNDING)


@given(h=means, shift=st.floats(-1e-3, 1e-3), rho=st.floats(0.96, 0.99999))
def test_agrees_where_the_means_nearly_cancel(h, shift, rho):
    """Close to dependence all depends on the difference of the means, or on their sum."""
    expected = by_owen(h, h + shift, rho)
    assert float(bivariate_upper(h, h + shift, rho)) == pytest.approx(expected, abs=ROUNDING)
    expected = by_owen(h, -h + shift, -rho)
    assert float(bivariate_upper(h, -h + shift, -rho)) == pytest.approx(expected, abs=ROUNDING)


@pytest.mark.parametrize("rho", [-0.9999, -0.98, -0.5, 0.0, 0.29, 0.31, 0.9, 0.969, 0.971, 0.9995])
@pytest.mark.parametrize(("h", "k"), [(0.3, -1.2), (-2.0, -2.1), (2.5, 2.4), (0.0, 1.0)])
def test_agrees_with_quadrature_over_one_variable(h, k, rho):
    scale = np.sqrt(1 - rho**2)

    def integrand(x: float) -> float:
        return float(np.exp(-x * x / 2) / np.sqrt(2 * np.pi) * ndtr((k + rho * x) / scale))

    step = float(np.clip(-k / rho if rho else 0.0, -h, 9.0))
    value = quad(integrand, -h, 9.0, points=[step], epsabs=1e-13, epsrel=1e-13, limit=400)[0]
    # quad stops at 1e-13; nothing is left above 9.
    assert float(bivariate_upper(h, k, rho)) == pytest.approx(value, abs=1e-12)


@pytest.mark.parametrize("rho", [-0.99999, -0.4, 0.0, 0.4, 0.98, 0.99999])
def test_closed_form_at_the_origin(rho):
    expected = 0.25 + np.arcsin(rho) / (2 * np.pi)
    assert float(bivariate_upper(0.0, 0.0, rho)) == pytest.approx(expected, abs=1e-15)


@given(h=means, k=means, rho=correlations)
def test_is_a_probability_within_its_margins(h, k, rho):
    value = float(bivariate_upper(h, k, rho))
    assert 0 <= value <= min(ndtr(h), ndtr(k))


@given(h=means, k=means, rho=correlations)
def test_quadrants_add_up_to_the_margin(h, k, rho):
    total = bivariate_upper(h, k, rho) + bivariate_upper(h, -k, -rho)
    assert float(total) == pytest.approx(ndtr(h), abs=ROUNDING)


def test_its_derivative_is_the_density():
    h, k, step = 0.7, -0.4, 1e-5
    for rho in (-0.6, 0.1, 0.9):
        slope = (bivariate_upper(h, k, rho + step) - bivariate_upper(h, k, rho - step)) / (2 * step)
        # Central differences err by step**2 times the third derivative, here below 1e3.
        assert float(slope) == pytest.approx(float(bivariate_density(h, k, rho)), abs=1e-7)


def test_broadcasts_and_gives_each_its_own_number():
    rng = np.random.default_rng(0)
    h, k, rho = rng.normal(size=(40, 1)), rng.normal(size=30), rng.uniform(-1, 1, size=(40, 30))
    together = bivariate_upper(h, k, rho)
    assert together.shape == (40, 30)
    for i, j in ((0, 0), (7, 22), (39, 29)):
        assert together[i, j] == bivariate_upper(h[i, 0], k[j], rho[i, j])
