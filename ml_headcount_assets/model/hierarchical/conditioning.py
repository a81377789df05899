"""The uncertainty budget of the hierarchical estimator: what each source adds to an interval.

A source is held by putting its parameters at their posterior mean, or by taking expectations
where it draws.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..evidence import NONE, CompanyEvidence
from ..intervals import tails
from ..layered_budget import budget_rows
from ..settings import LAYERS
from ..streams import DRAW_BLOCK, block_count, stream
from .company_counts import company_counts
from .company_draws import CompanyView
from .fit import HierarchicalFit

__all__ = ["hierarchical_budget"]

FloatArray = NDArray[np.float64]
#: Parameters that belong to each source; "employees" and "truth" are draws of people.
_PARAMETERS = {
    "rated_cvs": (
        "expert_mean",
        "negative_mean",
        "expert_drift",
        "log_drift_scale",
        "search_drift",
        "log_search_drift_scale",
        "deployed_rate",
        "search_rate",
        "easy",
        "log_easy_sd",
        "log_easy_shift",
        "easy_shift_deviation",
        "search_shift_deviation",
        "audible",
        "search_audible",
        "cohort_easy",
    ),
    "correlations": (
        "expert_loading",
        "negative_loading",
        "expert_factor",
        "negative_factor",
        "expert_loading_drift",
        "negative_loading_drift",
    ),
    "prevalence": (
        "band_shift",
        "band_concentration",
        "cohort_shift",
        "cohort_concentration",
    ),
}


def hierarchical_budget(
    fit: HierarchicalFit,
    companies: Sequence[CompanyEvidence],
    *,
    draws: int = 200,
    seed: int = 0,
    level: float = 0.8,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Hold all sources but one, and one source at a time.

    Parameters
    ----------
    companies
        Those whose intervals and total are taken apart.
    draws, seed, level
        As for the estimate; 200 draws tell a width to about 6 %.
    progress
        Called with (done, total) companies times variants.

    Returns
    -------
    DataFrame
        As `layered_budget.budget_rows`.
    """
    known = [c for c in companies if _counts(fit, c).evidence != NONE]
    variants: dict[tuple[str, str], frozenset[str]] = {("all", ""): frozenset()}
    for layer in LAYERS:
        variants["alone", layer] = frozenset(LAYERS) - {layer}
        variants["without", layer] = frozenset({layer})
    held_fits = {
        held: _held(fit, held) for held in {v & set(_PARAMETERS) for v in variants.values()}
    }
    # The total's place is the first; it is added up on the way.
    sds = {key: np.zeros(1 + len(known)) for key in variants}
    widths = {key: np.zeros(1 + len(known)) for key in variants}
    totals = {key: np.zeros(draws) for key in variants}
    for row, company in enumerate(known):
        shares: dict[frozenset, tuple] = {}
        for key, held in variants.items():
            drawn = _experts(held_fits, company, held, shares, draws, seed)
            sds[key][1 + row], widths[key][1 + row] = _spread(drawn, level)
            totals[key] += drawn
        if progress is not None:
            progress(row + 1, len(known))
    for key, total in totals.items():
        sds[key][0], widths[key][0] = _spread(total, level)
    ids = np.array([company.company_id for company in known], dtype=object)
    return budget_rows(ids, {key: (sds[key], widths[key]) for key in variants}, level)


def _spread(drawn: FloatArray, level: float) -> tuple[float, float]:
    low, high = np.quantile(drawn, tails(level, len(drawn)))
    return float(drawn.std(ddof=1)), float(high - low)


def _counts(fit: HierarchicalFit, company: CompanyEvidence):
    return company_counts(
        company, fit.layout.instruments, separate_search=fit.layout.separate_search
    )


def _held(fit: HierarchicalFit, held: frozenset[str]) -> HierarchicalFit:
    """Return the fit with the parameters of some sources at their mean, tables with them."""
    if not held:
        return fit
    from .differentiable.components import ComponentModel

    theta = fit.theta.copy()
    for source in held:
        for name in _PARAMETERS[source]:
            if name in fit.layout.slices:
                place = fit.layout.slices[name]
                theta[:, place] = theta[:, place].mean(axis=0)
    tables: dict[str, Any] = ComponentModel(fit.layout, fit.mass).tables_of(theta)
    return replace(fit, theta=theta, **tables)


def _experts(
    fits: dict[frozenset, HierarchicalFit],
    company: CompanyEvidence,
    held: frozenset[str],
    shares: dict[frozenset, tuple],
    draws: int,
    seed: int,
) -> FloatArray:
    """Return draws of one company's experts with some sources held, (draws,)."""
    parameters = held & set(_PARAMETERS)
    if parameters not in shares:
        view = CompanyView.of(fits[parameters], _counts(fits[parameters], company))
        shares[parameters] = view, *view.draw_shares(seed, block_count(draws))
    view, prevalence, easy = shares[parameters]
    if "prevalence" in held:
        prevalence = np.full_like(prevalence, prevalence.mean())
        easy = np.full_like(easy, easy.mean())
    seen = np.clip(view.seen_probability(prevalence, easy), 0, 1)
    groups, unseen = view.unseen_probability(prevalence, easy)
    people = max(0, view.counts.headcount - view.counts.n_profiles)
    sizes = groups * min(1.0, people / max(groups.sum(), 1))
    experts = np.zeros(len(prevalence))
    for block in range(len(prevalence) // DRAW_BLOCK):
        rows = slice(block * DRAW_BLOCK, (block + 1) * DRAW_BLOCK)
        rng = stream(seed, "hierarchical", "budget", view.counts.company_id, block)
        drawn = rng.binomial(view.counts.profiles, seen[rows]).sum(axis=1)
        others = rng.binomial(np.rint(sizes).astype(np.int64), np.clip(unseen[rows], 0, 1))
        expected = (view.counts.profiles * seen[rows]).sum(axis=1)
        experts[rows] = expected if "truth" in held else drawn
        if "employees" in held:
            experts[rows] += (sizes * unseen[rows]).sum(axis=1)
        else:
            experts[rows] += others.sum(axis=1)
    return experts[:draws]
