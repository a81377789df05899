"""How the people who work somewhere come to their labels, company by company.

A `LabelLaw` is what an estimator has to guess and an oracle knows: the distribution of the label
patterns given the truth, in every company. Profiles are drawn from it, hits are drawn from it,
and its exact tables are what it is checked against.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import roots_genlaguerre

from ..model.orthants import orthant_probabilities
from ..model.streams import stream
from .label_model import CONJUNCTION, LabelModel, filter_patterns
from .scenarios import Scenario, Search

__all__ = [
    "LabelLaw",
    "add_conjunction",
    "deployed_labels",
    "draw_labels",
    "latent_scale",
    "searched_labels",
]

FloatArray = NDArray[np.float64]

# Nodes of the mixing distribution of a latent t; 40 give patterns within 1e-5.
_SCALE_NODES = 40


@dataclass(frozen=True)
class LabelLaw:
    """Distribution of label patterns given the truth, in each of C companies.

    Attributes
    ----------
    model
        The probit at the deployed means.
    easy_share, easy_shift
        Of each company, (C,): share of easy negatives, and what is added to their latent means.
    expert_shift
        What is added to the latent means of each company's experts, (C,).
    filters_seen
        Share of the people on whose text the filters work.
    degrees
        Of the latent t distribution; None is the normal.
    """

    model: LabelModel
    easy_share: FloatArray
    easy_shift: FloatArray
    expert_shift: FloatArray
    filters_seen: float = 1.0
    degrees: float | None = None

    def draw(
        self, is_expert: NDArray[np.int8], company: NDArray[np.intp], seed: int
    ) -> dict[str, NDArray[np.bool_]]:
        """Draw complete labels, by annotator, of people (n,) who work at `company` (n,)."""
        rng = stream(seed, "simulate", "profile labels")
        easy = (is_expert == 0) & (rng.random(len(company)) < self.easy_share[company])
        shift = np.where(easy, self.easy_shift[company], 0.0)
        shift += np.where(is_expert == 1, self.expert_shift[company], 0.0)
        scale = latent_scale(self.degrees, len(company), stream(seed, "simulate", "latent scale"))
        labels = draw_labels(is_expert, shift, self.model, rng, scale)
        unseen_text = rng.random(len(company)) >= self.filters_seen
        for name in self.model.filters:
            labels[name] &= ~unseen_text
        return labels

    def pattern_probabilities(self) -> FloatArray:
        """Probability of each complete pattern, given the truth: shape (C, 2, 2**J).

        Entry ``sum(y_j << j)`` over the model's J annotators. Patterns of the probit err by less
        than 2e-6.
        """
        near, easy, expert = (
            self._by_shift(self._table, shift, z)
            for z, shift in ((0, 0 * self.easy_shift), (0, self.easy_shift), (1, self.expert_shift))
        )
        negative = (1 - self.easy_share)[:, None] * near + self.easy_share[:, None] * easy
        return self._with_silence(np.stack([negative, expert], axis=1))

    def filter_probabilities(self) -> FloatArray:
        """Probability of the filters' patterns given the truth: (C, 2, 4), or (C, 2, 2) for one.

        In the order of `LabelModel.filter_patterns`.
        """
        near, easy, expert = (
            self._by_shift(self._filter_table, shift, z)
            for z, shift in ((0, 0 * self.easy_shift), (0, self.easy_shift), (1, self.expert_shift))
        )
        negative = (1 - self.easy_share)[:, None] * near + self.easy_share[:, None] * easy
        seen = np.stack([negative, expert], axis=1)
        silent = np.eye(seen.shape[-1])[0]
        return self.filters_seen * seen + (1 - self.filters_seen) * silent

    def _by_shift(self, table, shift: FloatArray, is_expert: int) -> FloatArray:
        """Tables (C, P), each distinct shift computed once."""
        distinct, which = np.unique(shift, return_inverse=True)
        return table(self.model.means[is_expert] + distinct[:, None], is_expert)[which]

    def _table(self, means: FloatArray, is_expert: int) -> FloatArray:
        scales, weights = _scale_rule(self.degrees)
        at = means[:, None] * np.sqrt(scales)[:, None]
        patterns = orthant_probabilities(at, self.model.correlations[is_expert], tolerance=4e-6)
        return np.einsum("ksp,s->kp", patterns, weights)

    def _filter_table(self, means: FloatArray, is_expert: int) -> FloatArray:
        scales, weights = _scale_rule(self.degrees)
        at = means[:, None] * np.sqrt(scales)[:, None]
        return np.einsum("ksp,s->kp", filter_patterns(self.model, at, is_expert), weights)

    def _with_silence(self, patterns: FloatArray) -> FloatArray:
        """Move the patterns of those on whose text the filters do not work."""
        fires = sum(1 << self.model.names.index(name) for name in self.model.filters)
        silenced = np.zeros_like(patterns)
        for pattern in range(patterns.shape[-1]):
            silenced[..., pattern & ~fires] += patterns[..., pattern]
        return self.filters_seen * patterns + (1 - self.filters_seen) * silenced


def deployed_labels(
    model: LabelModel, setting: Scenario, easy_share: FloatArray, easy_shift: FloatArray, seed: int
) -> LabelLaw:
    """The law of the labels of profiles, and of the hits unless a search has its own."""
    companies = len(easy_share)
    moved = setting.threshold_sd * stream(seed, "simulate", "thresholds").standard_normal(
        model.means.shape
    )
    shift = setting.sensitivity_sd * stream(seed, "simulate", "sensitivities").standard_normal(
        companies
    )
    return LabelLaw(
        replace(model, means=model.means + moved),
        easy_share,
        easy_shift,
        shift,
        setting.filters_seen,
        setting.degrees,
    )


def searched_labels(model: LabelModel, deployed: LabelLaw, search: Search, seed: int) -> LabelLaw:
    """The law of a search's hits: the rated thresholds moved its own way, on text of its own."""
    moved = search.threshold_sd * stream(seed, "simulate", "search").standard_normal(
        model.means.shape
    )
    return replace(
        deployed,
        model=replace(model, means=model.means + moved),
        filters_seen=search.text_seen,
    )


def draw_labels(
    is_expert: NDArray[np.int8],
    shift: FloatArray,
    model: LabelModel,
    rng: np.random.Generator,
    scale: FloatArray | None = None,
) -> dict[str, NDArray[np.bool_]]:
    """Labels of the drawn annotators by name, each (n,).

    Parameters
    ----------
    is_expert, shift
        Truth, and what is added to all latent means, (n,).
    scale
        Mixing variables of a latent t, (n,); None is the normal.
    """
    factors = np.linalg.cholesky(model.correlations)
    noise = rng.standard_normal((len(is_expert), len(model.names)))
    if scale is not None:
        noise /= np.sqrt(scale)[:, None]
    fires = np.empty(noise.shape, dtype=bool)
    for z in (0, 1):
        rows = is_expert == z
        latent = model.means[z] + noise[rows] @ factors[z].T + shift[rows, None]
        fires[rows] = latent > 0
    return {name: fires[:, column] for column, name in enumerate(model.names)}


def add_conjunction(
    labels: dict[str, NDArray[np.bool_]], model: LabelModel
) -> dict[str, NDArray[np.bool_]]:
    """Return the labels with the conjunction of the filters, where there are two."""
    if CONJUNCTION not in model.counted:
        return labels
    first, second = model.filters
    return {**labels, CONJUNCTION: labels[first] & labels[second]}


def latent_scale(degrees: float | None, people: int, rng: np.random.Generator) -> FloatArray | None:
    """Draw what a normal is divided by (its square) to become a t; None for the normal."""
    return None if degrees is None else rng.chisquare(degrees, people) / degrees


def _scale_rule(degrees: float | None) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights of the mixing distribution, a chi-square over its degrees of freedom."""
    if degrees is None:
        return np.ones(1), np.ones(1)
    nodes, weights = roots_genlaguerre(_SCALE_NODES, degrees / 2 - 1)
    return 2 * nodes / degrees, weights / weights.sum()
