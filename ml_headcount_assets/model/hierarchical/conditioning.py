"""The uncertainty budget of the hierarchical estimator: what each source adds to an interval.

A source is held by putting its parameters at their posterior mean, or by taking expectations
where it draws.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..evidence import NONE, CompanyEvidence
from ..settings import LAYERS
from ..streams import DRAW_BLOCK, block_count, stream
from .company_counts import company_counts
from .company_draws import CompanyView
from .fit import HierarchicalFit

__all__ = ["HierarchicalBudget", "hierarchical_budget"]

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


@dataclass(frozen=True)
class HierarchicalBudget:
    """Widths of intervals with sources held.

    Attributes
    ----------
    total
        ``layer, total_sd_alone, total_sd_without, share, mean_width_alone,
        mean_width_without`` as in `budget.uncertainty_budget`, the last row ``all``.
    companies
        ``company_id, layer, width_alone, width_without, share``; ``layer`` as above.
    """

    total: pd.DataFrame
    companies: pd.DataFrame


def hierarchical_budget(
    fit: HierarchicalFit,
    companies: Sequence[CompanyEvidence],
    *,
    draws: int = 200,
    seed: int = 0,
    level: float = 0.8,
    progress: Callable[[int, int], None] | None = None,
) -> HierarchicalBudget:
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
    HierarchicalBudget
    """
    known = [c for c in companies if _counts(fit, c).evidence != NONE]
    variants: dict[tuple[str, str], frozenset[str]] = {("all", ""): frozenset()}
    for layer in LAYERS:
        variants["alone", layer] = frozenset(LAYERS) - {layer}
        variants["without", layer] = frozenset({layer})
    held_fits = {
        held: _held(fit, held) for held in {v & set(_PARAMETERS) for v in variants.values()}
    }
    widths = {key: np.zeros(len(known)) for key in variants}
    totals = {key: np.zeros(draws) for key in variants}
    for row, company in enumerate(known):
        shares: dict[frozenset, tuple] = {}
        for key, held in variants.items():
            drawn = _experts(held_fits, company, held, shares, draws, seed)
            low, high = np.quantile(drawn, ((1 - level) / 2, (1 + level) / 2))
            widths[key][row] = high - low
            totals[key] += drawn
        if progress is not None:
            progress(row + 1, len(known))
    return _tables([c.company_id for c in known], widths, totals)


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


def _tables(
    ids: list[str],
    widths: dict[tuple[str, str], FloatArray],
    totals: dict[tuple[str, str], FloatArray],
) -> HierarchicalBudget:
    rows, parts = [], []
    alone = np.array([totals["alone", layer].std(ddof=1) ** 2 for layer in LAYERS])
    by_company = np.array([widths["alone", layer] ** 2 for layer in LAYERS])
    for number, layer in enumerate(LAYERS):
        rows.append(
            (
                layer,
                totals["alone", layer].std(ddof=1),
                totals["without", layer].std(ddof=1),
                alone[number] / max(alone.sum(), 1e-300),
                widths["alone", layer].mean(),
                widths["without", layer].mean(),
            )
        )
        parts.append(
            pd.DataFrame(
                {
                    "company_id": ids,
                    "layer": layer,
                    "width_alone": widths["alone", layer],
                    "width_without": widths["without", layer],
                    "share": by_company[number] / np.maximum(by_company.sum(axis=0), 1e-300),
                }
            )
        )
    sd, width = totals["all", ""].std(ddof=1), widths["all", ""].mean()
    rows.append(("all", sd, sd, 1.0, width, width))
    whole = pd.DataFrame(
        {
            "company_id": ids,
            "layer": "all",
            "width_alone": widths["all", ""],
            "width_without": widths["all", ""],
            "share": 1.0,
        }
    )
    columns = [
        "layer",
        "total_sd_alone",
        "total_sd_without",
        "share",
        "mean_width_alone",
        "mean_width_without",
    ]
    companies = pd.concat([*parts, whole], ignore_index=True)
    return HierarchicalBudget(pd.DataFrame(rows, columns=columns), companies)
