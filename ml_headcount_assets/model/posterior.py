"""From label patterns to experts: Bayes' rule and the company's layers of the bootstrap."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..compute.engine import Engine
from .arithmetic import arithmetic
from .evidence import CompanyEvidence
from .headcount_band import draw_headcounts_in_band
from .settings import EstimatorSettings
from .streams import DRAW_BLOCK, stream

__all__ = ["draw_employees", "draw_experts", "draw_prevalence", "expert_posterior"]


def expert_posterior(
    likelihood: NDArray[np.float64],
    prevalence: NDArray[np.float64],
    *,
    engine: Engine | None = None,
) -> NDArray[np.float64]:
    """Return P(expert | pattern) by Bayes' rule.

    Parameters
    ----------
    likelihood
        P(pattern | class), shape (D, 2, P).
    prevalence
        Share of experts, shape (D,).
    engine
        Where to compute; None is NumPy.

    Returns
    -------
    ndarray, shape (D, P)
    """
    calculator = arithmetic(engine)
    shares, probabilities = calculator.array(prevalence), calculator.array(likelihood)
    expert = shares[:, None] * probabilities[:, 1]
    return calculator.host(expert / (expert + (1 - shares[:, None]) * probabilities[:, 0]))


def draw_prevalence(
    company: CompanyEvidence,
    settings: EstimatorSettings,
    seed: int,
    blocks: int,
    *,
    first_block: int = 0,
) -> NDArray[np.float64]:
    """Draw the company's share of experts from its prior (layer 2); shape (D,).

    D are the draws of `blocks` blocks from `first_block` on.
    """
    a, b = company.prior
    if not settings.has("prevalence"):
        return np.full(blocks * DRAW_BLOCK, a / (a + b))
    drawn = [
        stream(seed, "prevalence", company.company_id, block).beta(a, b, size=DRAW_BLOCK)
        for block in range(first_block, first_block + blocks)
    ]
    # A Beta with a < 1 reaches 0 in floating point, where Bayes' rule would divide 0 by 0.
    return np.clip(np.concatenate(drawn), 1e-12, 1 - 1e-12)


def draw_employees(
    company: CompanyEvidence,
    settings: EstimatorSettings,
    seed: int,
    blocks: int,
    *,
    first_block: int = 0,
) -> NDArray[np.int64]:
    """Draw how many of all employees carry each pattern (layer 3); shape (D, P).

    Under ``unseen="polya"`` the profiles that were seen stay as they are, and the employees
    without one are drawn by a Polya urn over the seen patterns (Dirichlet-multinomial; Ghosh
    and Meeden 1997): no sampling error when everybody was seen. Under ``"resample"`` all
    employees are drawn with replacement from the seen profiles, whatever their number, which
    understates the error by sqrt(headcount / profiles).
    """
    seen = company.counts
    employees = draw_headcounts_in_band(company, settings, seed, blocks, first_block=first_block)
    resample = settings.unseen == "resample"
    missing = employees if resample else employees - int(seen.sum())
    base = np.zeros_like(seen) if resample else seen
    if not settings.has("employees"):
        return np.tile(base + _apportion(int(missing[0]), seen), (blocks * DRAW_BLOCK, 1))
    if not missing.any():
        return np.tile(base, (blocks * DRAW_BLOCK, 1))
    drawn = []
    for number, block in enumerate(range(first_block, first_block + blocks)):
        rng = stream(seed, "employees", company.company_id, block)
        unseen = missing[number * DRAW_BLOCK : (number + 1) * DRAW_BLOCK]
        if resample:
            drawn.append(rng.multinomial(unseen, seen / seen.sum()))
        else:
            urn = rng.standard_gamma(seen.astype(float), size=(DRAW_BLOCK, len(seen)))
            drawn.append(rng.multinomial(unseen, urn / urn.sum(axis=1, keepdims=True)))
    return base + np.concatenate(drawn)


def _apportion(total: int, counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Split `total` in proportion to `counts` by largest remainders."""
    exact = total * (counts / counts.sum())
    whole = np.floor(exact).astype(np.int64)
    left = total - int(whole.sum())
    whole[np.argsort(whole - exact, kind="stable")[:left]] += 1
    return whole


def draw_experts(
    company_id: str,
    employees: NDArray[np.int64],
    posterior: NDArray[np.float64],
    settings: EstimatorSettings,
    seed: int,
    *,
    first_block: int = 0,
    engine: Engine | None = None,
) -> NDArray[np.int64]:
    """Draw the number of experts: one binomial per pattern (layer 5); shape (D,).

    Parameters
    ----------
    employees
        Employees with each pattern, shape (D, P).
    posterior
        P(expert | pattern), shape (D, P).
    first_block
        Number of the block that the D draws begin with.
    engine
        Whose binomial generator draws. Engines of different libraries or devices draw different
        numbers from the same distribution; None is NumPy.
    """
    if not settings.has("truth"):
        return np.rint((employees * posterior).sum(axis=1)).astype(np.int64)
    binomial = arithmetic(engine).binomial
    drawn = np.empty(len(employees), dtype=np.int64)
    for start in range(0, len(employees), DRAW_BLOCK):
        part = slice(start, start + DRAW_BLOCK)
        key = (seed, "truth", company_id, first_block + start // DRAW_BLOCK)
        drawn[part] = binomial(key, employees[part], posterior[part]).sum(axis=1)
    return drawn
