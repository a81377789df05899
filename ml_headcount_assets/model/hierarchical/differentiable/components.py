"""Pattern tables of all kinds of people, from the parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..grids import easy_nodes
from ..instruments import PROFILE_TEXT, SEARCH
from ..parameters import Layout
from .label_tables import LabelTables
from .near_misses import shift_log_prior, solve_near_misses

__all__ = ["ComponentModel", "Components"]

# Nodes over which the share of easy people is averaged in a cohort.
_AVERAGE_NODES = 13


@dataclass(frozen=True)
class Components:
    """Pattern tables of B parameter vectors, (B, 2**J) each.

    Attributes
    ----------
    rated
        Non-experts and experts among the rated CVs.
    near, easy, expert
        By source of text: deployed near misses, easy people and experts.
    shift
        Probit shift of near misses against the rated ones, one (B, J') by source.
    log_prior
        Of the near misses, with the Jacobian; (B,).
    """

    rated: tuple[Tensor, Tensor]
    near: tuple[Tensor, ...]
    easy: tuple[Tensor, ...]
    expert: tuple[Tensor, ...]
    shift: tuple[Tensor, ...]
    log_prior: Tensor


class ComponentModel:
    """From parameters to tables.

    Parameters
    ----------
    layout
        Where each parameter stands.
    mass
        Weights of the cohorts in the populations whose false-positive rates are parameters, by
        source of text, (2, H).
    """

    def __init__(self, layout: Layout, mass: NDArray[np.float64]) -> None:
        self.layout, self.mass = layout, mass
        self.instruments = layout.instruments
        self.tables = LabelTables(layout.instruments)

    def part(self, theta: Tensor, name: str) -> Tensor:
        """Return one parameter, (..., its size)."""
        return theta[..., self.layout.slices[name]]

    def by_kind(self, values: Tensor) -> Tensor:
        """Spread values by kind (..., K) to annotators (..., J)."""
        return values[..., torch.as_tensor(self.instruments.kind_of)]

    def easy_centre(self, theta: Tensor, cohort: int) -> Tensor:
        """Return the logit of the median share of easy people, (..., 1)."""
        centre = self.part(theta, "easy")
        if len(self.layout.cohorts) > 1:
            scale = torch.exp(self.part(theta, "log_cohort_scale"))
            centre = centre + scale * self.part(theta, "cohort_easy")[..., cohort, None]
        return centre

    def easy_share(self, theta: Tensor, source: int) -> Tensor:
        """Return the population's share of easy people, (..., 1)."""
        nodes, log_weights = (torch.as_tensor(v) for v in easy_nodes(_AVERAGE_NODES))
        spread = torch.exp(self.part(theta, "log_easy_sd")) * nodes
        total = torch.zeros_like(theta[..., :1])
        for cohort, weight in enumerate(self.mass[source].tolist()):
            shares = torch.sigmoid(self.easy_centre(theta, cohort) + spread)
            total = total + weight * (shares * torch.exp(log_weights)).sum(-1, keepdim=True)
        return total

    def audible(self, theta: Tensor, name: str) -> Tensor:
        """Return the share of people on whom each annotator can fire, (..., J)."""
        shares = torch.ones((*theta.shape[:-1], len(self.instruments.kinds)), dtype=theta.dtype)
        if name in self.layout.slices:
            place = list(self.instruments.silenceable)
            logits = self.part(theta, name)
            shares = torch.index_copy(shares, -1, torch.as_tensor(place), torch.sigmoid(logits))
        return self.by_kind(shares)

    def components(self, theta: Tensor) -> Components:
        """Return all pattern tables, (B, 2**J) each."""
        part = partial(self.part, theta)
        factors = [self._factor(theta, "negative_factor"), self._factor(theta, "expert_factor")]
        negative = part("negative_mean"), part("negative_loading"), factors[0]
        expert = part("expert_mean"), part("expert_loading"), factors[1]
        rated = self.tables(*negative), self.tables(*expert)
        drift = self.by_kind(torch.exp(part("log_drift_scale"))) * part("expert_drift")
        audible = self.audible(theta, "audible")
        shift = torch.exp(part("log_easy_shift") + part("easy_shift_deviation"))
        near, log_jacobian = solve_near_misses(
            part("deployed_rate"), self.easy_share(theta, PROFILE_TEXT), shift, audible
        )
        moved = near - negative[0]
        log_prior = log_jacobian + shift_log_prior(moved, self.layout.hyper)
        negative_loading = negative[1] + self.by_kind(part("negative_loading_drift"))
        expert_loading = expert[1] + self.by_kind(part("expert_loading_drift"))
        silence = self._silence(theta, "audible")
        sources = [
            (
                silence(self.tables(near, negative_loading, factors[0])),
                silence(self.tables(near - shift, negative_loading, factors[0])),
                silence(self.tables(expert[0] + drift, expert_loading, factors[1])),
            )
        ]
        shifts = [moved]
        if self.layout.separate_search:
            tables, moved, log_search = self._search(theta, negative, expert)
            sources.append(tables)
            shifts.append(moved)
            log_prior = log_prior + log_search
        near_tables, easy_tables, expert_tables = zip(*sources, strict=True)
        return Components(rated, near_tables, easy_tables, expert_tables, tuple(shifts), log_prior)

    def _factor(self, theta: Tensor, name: str) -> Tensor:
        return self.part(theta, name) if name in self.layout.slices else theta[..., :0]

    def _silence(self, theta: Tensor, name: str) -> Callable[[Tensor], Tensor]:
        if name not in self.layout.slices:
            return lambda table: table
        shares = torch.sigmoid(self.part(theta, name))
        return lambda table: self.tables.silence(table, shares)

    def _search(
        self, theta: Tensor, negative: Sequence[Tensor], expert: Sequence[Tensor]
    ) -> tuple[tuple[Tensor, Tensor, Tensor], Tensor, Tensor]:
        """Return the tables of a search of its own, near misses' shift and log prior."""
        part = partial(self.part, theta)
        searched = torch.as_tensor(self.instruments.searched)
        shift = torch.exp(part("log_easy_shift") + part("search_shift_deviation"))
        audible = self.audible(theta, "search_audible")[..., searched]
        near, log_jacobian = solve_near_misses(
            part("search_rate"), self.easy_share(theta, SEARCH), shift, audible
        )
        moved = near - negative[0][..., searched]
        log_prior = log_jacobian + shift_log_prior(moved, self.layout.hyper)
        scale = torch.zeros((*theta.shape[:-1], len(self.instruments.kinds)), dtype=theta.dtype)
        place = torch.as_tensor(list(self.instruments.silenceable))
        scale = torch.index_copy(scale, -1, place, torch.exp(part("log_search_drift_scale")))
        drift = self.by_kind(scale)[..., searched] * part("search_drift")
        silence = self._silence(theta, "search_audible")
        rows = (
            (negative, near),
            (negative, near - shift),
            (expert, expert[0][..., searched] + drift),
        )
        # LLMs do not search; their part of the tables is summed away.
        near_table, easy_table, expert_table = (
            silence(self.tables(torch.index_copy(mean, -1, searched, own), loading, factor))
            for (mean, loading, factor), own in rows
        )
        tables = near_table, easy_table, expert_table
        return tables, moved, log_prior

    def tables_of(self, theta: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Return the tables of many vectors: rated (S, 2, 2**J), the others (S, sources, 2**J)."""
        with torch.no_grad():
            parts = [
                self.components(torch.as_tensor(theta[start : start + 64]))
                for start in range(0, len(theta), 64)
            ]
        names = ("rated", "near", "easy", "expert")
        return {
            name: np.concatenate([torch.stack(getattr(p, name), 1).numpy() for p in parts])
            for name in names
        }
