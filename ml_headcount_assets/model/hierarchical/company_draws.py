"""Experts of one company, given the fit: pure NumPy, so that any worker can do it.

Each company is computed on its own and has random streams of its own, so that its numbers do not
depend on which companies are drawn with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from ...errors import InputError
from ..evidence import NONE, CompanyEvidence
from ..headcount_band import draw_headcounts_in_band
from ..settings import EstimatorSettings
from ..streams import DRAW_BLOCK, block_count, stream
from .company_counts import CompanyCounts, company_counts
from .fit import HierarchicalFit
from .grids import EASY_LIMIT, prevalence_nodes
from .instruments import SEARCH
from .problem import count_expectations
from .verdicts import VerdictView

__all__ = ["CompanyDraws", "draw_company_hierarchical"]

# A company's own prevalence rests on more of its people than the shared parameters do.
_DRAW_CAPS = (10_000.0, 100_000.0)
_LOOK_NODES, _LOOK_STATES = (160, 90, 11), 32
# Nodes that hold less than e**-12 of the posterior are left out.
_NEGLIGIBLE = 12.0
# Nodes per standard deviation, and the fewest and most of them.
_DENSITY, _PREVALENCE_NODES, _EASY_NODES = 2.0, (16, 240), (3, 41)
# Numbers of a table that are worked on at a time.
_NUMBERS = 400_000
TINY = 1e-12

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class CompanyDraws:
    """Joint draws of one company.

    Attributes
    ----------
    experts
        Number of experts, (draws,); -1 without evidence.
    prevalence, easy
        pi_c, and the share of easy people among non-experts e_c; (draws,), NaN without evidence.
    evidence
        ``"profiles"``, ``"aggregates"`` or ``"none"``.
    rests_on
        Which of profiles, accepted counts and hits there are.
    flags
        What is unusual about the company.
    """

    experts: NDArray[np.int32]
    prevalence: FloatArray
    easy: FloatArray
    evidence: str
    rests_on: tuple[str, ...]
    flags: tuple[str, ...]


def draw_company_hierarchical(
    fit: HierarchicalFit, company: CompanyEvidence, *, draws: int, seed: int
) -> CompanyDraws:
    """Draw the number of experts of one company.

    Parameters
    ----------
    fit
        Of the cohort. Draw b uses the fit's state b, and starts over after the last.
    company
        Its evidence; the fit need not have seen it.
    draws, seed
        Number of draws, and the seed of the streams.

    Raises
    ------
    InputError
        If the company's cohort is not in the fit, or it has more employees than can be counted.
    """
    company.refuse_uncountable()
    counts = company_counts(
        company, fit.layout.instruments, separate_search=fit.layout.separate_search
    )
    if counts.verdicts is not None and not fit.layout.verdicts:
        raise InputError(
            f"Profiles of company {company.company_id!r} have been rated since the fit was made; "
            "fit the cohort again."
        )
    if counts.evidence == NONE:
        nothing = np.full(draws, np.nan)
        return CompanyDraws(
            np.full(draws, -1, dtype=np.int32), nothing, nothing, NONE, (), counts.flags
        )
    view = CompanyView.of(fit, counts)
    blocks = block_count(draws)
    prevalence, easy = view.draw_shares(seed, blocks)
    headcounts = draw_headcounts_in_band(company, EstimatorSettings.default(), seed, blocks)
    experts = view.draw_experts(prevalence, easy, headcounts, seed)
    return CompanyDraws(
        experts[:draws].astype(np.int32),
        prevalence[:draws],
        easy[:draws],
        counts.evidence,
        counts.rests_on,
        counts.flags,
    )


@dataclass(frozen=True)
class CompanyView:
    """One company under each state of the fit; S states.

    Attributes
    ----------
    counts
        The company.
    near, easy, expert
        Probabilities of its patterns, then of its cells of counts, (S, P + Q).
    profile_weight, cell_weight
        By over-dispersion, (S,) and (S, Q).
    logit_mean, size
        The Beta prior of its prevalence, (S,).
    centre, spread
        Of the logit of its share of easy people, (S,).
    search
        Index of the tables of hits among the fit's sources.
    verdicts
        What people said of some of its profiles.
    """

    fit: HierarchicalFit
    counts: CompanyCounts
    near: FloatArray
    easy: FloatArray
    expert: FloatArray
    profile_weight: FloatArray
    cell_weight: FloatArray
    logit_mean: FloatArray
    size: FloatArray
    centre: FloatArray
    spread: FloatArray
    search: int
    verdicts: VerdictView | None = None

    @classmethod
    def of(cls, fit: HierarchicalFit, counts: CompanyCounts) -> CompanyView:
        """Look up what the fit says about this company's patterns and kind."""
        instruments = fit.layout.instruments
        cohort = fit.cohort_number(counts.cohort, counts.company_id)
        search = fit.near.shape[1] - 1
        source = np.where(counts.cells.source == SEARCH, search, 0)
        patterns = instruments.consistent(counts.labels)
        cells = instruments.consistent(counts.cells.labels)

        def project(tables: FloatArray) -> FloatArray:
            parts = [tables[:, 0] @ patterns]
            parts += [tables[:, s] @ cells[:, q, None] for q, s in enumerate(source)]
            return np.concatenate(parts, axis=1) + TINY

        expected = count_expectations(counts, cohort, fit.count_rates)
        names = np.array(["log_margin_dispersion", "log_hit_dispersion"])
        r = np.exp(
            np.concatenate(
                [fit.parameter(names[s])[:, :1] for s in counts.cells.source]
                or [np.empty((len(fit.theta), 0))],
                axis=1,
            )
        )
        floor = max(1.0, counts.counted / _DRAW_CAPS[1])
        n = counts.n_profiles
        phi = np.exp(fit.parameter("log_profile_dispersion")[:, 0])
        logit_mean, size = fit.beta(counts.band, cohort, counts.prior)
        return cls(
            fit,
            counts,
            project(fit.near),
            project(fit.easy),
            project(fit.expert),
            1 / (max(1.0, n / _DRAW_CAPS[0]) + max(n - 1, 0) / phi),
            1 / (floor + expected / r),
            logit_mean,
            size,
            fit.easy_centre(cohort),
            np.exp(fit.parameter("log_easy_sd")[:, 0]),
            search,
            None if counts.verdicts is None else VerdictView.of(fit, counts.verdicts),
        )

    # ------------------------------------------------------------ posterior of (pi, z) on nodes

    def log_posterior(
        self, states: NDArray[np.intp], pi: FloatArray, width: FloatArray, z: FloatArray
    ) -> FloatArray:
        """Return the log posterior at each pair of nodes up to a constant a state, (S', G, K).

        In single precision, with probabilities relative to a typical one of each pattern: what
        is summed are differences between nodes, and is off by about 1e-3.
        """
        easy = expit(self.centre[states, None] + self.spread[states, None] * z)
        value = self._log_prior(states, pi, width)[:, :, None] - 0.5 * z**2
        patterns = len(self.counts.labels)
        seen = self.counts.profiles.astype(np.float32)
        cells = self.counts.cells
        width_of = max(1, _NUMBERS // (len(pi) * len(z) * max(1, self.near.shape[1])))
        for first in range(0, len(states), width_of):
            part = slice(first, first + width_of)
            rows = states[part]
            q, typical = self._mix(rows, pi, easy[part])
            log = np.log(q)
            profiles = (seen @ log[:, :patterns]).reshape(value[part].shape)
            value[part] += self.profile_weight[rows, None, None] * profiles
            weight = cells.weight * self.cell_weight[rows]
            hits, people = weight * cells.counts, weight * cells.people * typical[:, patterns:]
            counted = hits.astype(np.float32)[:, None] @ log[:, patterns:]
            counted -= people.astype(np.float32)[:, None] @ q[:, patterns:]
            value[part] += counted.reshape(value[part].shape)
            if self.verdicts is not None:
                value[part] += self.verdicts.log_likelihood(rows, pi, easy[part])
        return value

    def _mix(
        self, rows: NDArray[np.intp], pi: FloatArray, easy: FloatArray
    ) -> tuple[NDArray[np.float32], FloatArray]:
        """Return probabilities of patterns and cells at each pair of nodes, relative to typical.

        Returns
        -------
        tuple
            (S', P+Q, G K), and the typical probabilities (S', P+Q).
        """
        near, easier, expert = self.near[rows], self.easy[rows], self.expert[rows]
        typical = (near + easier + expert) / 3
        others = near[..., None] + (easier - near)[..., None] * easy[:, None]
        classes = np.concatenate([expert[..., None], others], axis=2) / typical[..., None]
        count = easy.shape[1]
        # Weights of (expert, non-experts at each node of z) at each pair of nodes.
        mixing = np.zeros((1 + count, len(pi), count), dtype=np.float32)
        mixing[0] = pi[:, None]
        mixing[1 + np.arange(count), :, np.arange(count)] = 1 - pi
        flat = classes.astype(np.float32).reshape(-1, 1 + count)
        return (flat @ mixing.reshape(1 + count, -1)).reshape(*near.shape, -1), typical

    def _log_prior(self, states: NDArray[np.intp], pi: FloatArray, width: FloatArray) -> FloatArray:
        mean, size = expit(self.logit_mean[states, None]), self.size[states, None]
        a, b = mean * size, (1 - mean) * size
        return (a - 1) * np.log(pi) + (b - 1) * np.log1p(-pi) + np.log(width)

    def nodes(self) -> tuple[FloatArray, FloatArray]:
        """Return where this company's posterior lies: places on the wide grid, and nodes of z.

        A look at some states on the wide grid tells where, and how fine the nodes have to be.
        """
        above, below, easy = _LOOK_NODES
        pi, width = prevalence_nodes(above, below)
        z = np.linspace(-EASY_LIMIT, EASY_LIMIT, easy)
        states = np.unique(np.linspace(0, len(self.near) - 1, _LOOK_STATES).astype(int))
        value = self.log_posterior(states, pi, width, z)
        value -= value.max(axis=(1, 2), keepdims=True)
        places = _refined(value.max(axis=2), np.exp(value).sum(axis=2), _PREVALENCE_NODES)
        heights = _refined(value.max(axis=1), np.exp(value).sum(axis=1), _EASY_NODES)
        return places, z[0] + heights * (z[1] - z[0])

    def draw_shares(self, seed: int, blocks: int) -> tuple[FloatArray, FloatArray]:
        """Return pi_c and e_c of each draw, (blocks * `DRAW_BLOCK`,)."""
        places, z = self.nodes()
        step = places[1] - places[0]
        pi = _prevalence_at(places)
        width = _prevalence_at(places + step / 2) - _prevalence_at(places - step / 2)
        draws = blocks * DRAW_BLOCK
        states = np.arange(draws) % len(self.near)
        used = np.arange(min(draws, len(self.near)))
        value = self.log_posterior(used, pi, width, z).reshape(len(used), -1)
        value = np.exp(value - value.max(axis=1, keepdims=True))
        cumulative = value.cumsum(axis=1)
        cumulative /= cumulative[:, -1:]
        uniform = np.concatenate(
            [
                stream(seed, "hierarchical", "shares", self.counts.company_id, block).random(
                    (3, DRAW_BLOCK)
                )
                for block in range(blocks)
            ],
            axis=1,
        )
        # All states' distribution functions, one above the other, are one ascending sequence.
        ladder = (cumulative + used[:, None]).ravel()
        nodes = value.shape[1]
        chosen = np.searchsorted(ladder, states + uniform[0], side="right") - states * nodes
        first, second = np.divmod(np.clip(chosen, 0, nodes - 1), len(z))
        # A draw lies anywhere in its node's cell.
        prevalence = _prevalence_at(places[first] + step * (uniform[1] - 0.5))
        height = z[second] + (z[1] - z[0]) * (uniform[2] - 0.5)
        easy = expit(self.centre[states] + self.spread[states] * height)
        return np.clip(prevalence, 1e-10, 1 - 1e-10), easy

    # ------------------------------------------------------------ experts among people

    def seen_probability(self, prevalence: FloatArray, easy: FloatArray) -> FloatArray:
        """Return P(expert) of a profile with each pattern, (draws, P)."""
        states = np.arange(len(prevalence)) % len(self.near)
        patterns = slice(0, len(self.counts.labels))
        near, easier = self.near[states, patterns], self.easy[states, patterns]
        told = _posterior(prevalence, easy, near, easier, self.expert[states, patterns])
        weight = self.profile_weight[states, None]
        return weight * told + (1 - weight) * prevalence[:, None]

    def unseen_probability(
        self, prevalence: FloatArray, easy: FloatArray
    ) -> tuple[NDArray[np.int64], FloatArray]:
        """Return the groups of people without a profile, and P(expert) in each, (draws, R).

        The last group are those about whom nothing is known.
        """
        people = max(0, self.counts.headcount - self.counts.n_profiles)
        table = self.counts.table
        separate = self.fit.layout.separate_search and self.counts.n_profiles > 0
        if table is None or separate:
            return np.array([people]), prevalence[:, None]
        states = np.arange(len(prevalence)) % len(self.near)
        cells = self.fit.layout.instruments.consistent(table[0])
        near, easier, expert = (
            (tables[:, self.search] @ cells)[states] + TINY
            for tables in (self.fit.near, self.fit.easy, self.fit.expert)
        )
        told = _posterior(prevalence, easy, near, easier, expert)
        hits = self.counts.cells.source == SEARCH
        weight = self.cell_weight[states][:, hits].mean(axis=1, keepdims=True)
        told = weight * told + (1 - weight) * prevalence[:, None]
        groups = np.append(table[1], max(0, people - int(table[1].sum())))
        return groups, np.column_stack([told, prevalence])

    def draw_experts(
        self, prevalence: FloatArray, easy: FloatArray, headcounts: NDArray[np.int64], seed: int
    ) -> NDArray[np.int64]:
        """Return the number of experts in each draw, of so many employees."""
        seen = np.clip(self.seen_probability(prevalence, easy), 0.0, 1.0)
        groups, unseen = self.unseen_probability(prevalence, easy)
        unseen = np.clip(unseen, 0.0, 1.0)
        people = max(0, self.counts.headcount - self.counts.n_profiles)
        experts = np.empty(len(prevalence), dtype=np.int64)
        for block in range(len(prevalence) // DRAW_BLOCK):
            rows = slice(block * DRAW_BLOCK, (block + 1) * DRAW_BLOCK)
            rng = stream(seed, "hierarchical", "experts", self.counts.company_id, block)
            among = rng.binomial(self._not_rated, seen[rows]).sum(axis=1)
            among += self._rated_experts(seen, rows, block, seed)
            sizes = np.broadcast_to(groups, (DRAW_BLOCK, len(groups)))
            if groups.sum() > people:
                # Some of them have a profile that does not tell these labels.
                sizes = rng.multivariate_hypergeometric(
                    groups, people, size=DRAW_BLOCK, method="marginals"
                )
            others = rng.binomial(sizes, unseen[rows]).sum(axis=1)
            # Employees more or fewer than the middle of the headcount's band.
            more = headcounts[rows] - self.counts.headcount
            if (more < 0).any():
                others = rng.hypergeometric(
                    others, people - others, np.clip(people + more, 0, people)
                )
            experts[rows] = among + others + rng.binomial(np.maximum(more, 0), prevalence[rows])
        return experts

    @property
    def _not_rated(self) -> NDArray[np.int64]:
        """Profiles with each pattern of which nobody has said anything, (P,)."""
        verdicts = self.counts.verdicts
        rated = 0 if verdicts is None else verdicts.rated_of(self.counts.labels)
        return self.counts.profiles - rated

    def _rated_experts(
        self, seen: FloatArray, rows: slice, block: int, seed: int
    ) -> NDArray[np.int64] | int:
        """Return the experts among the rated profiles in some draws."""
        if self.verdicts is None:
            return 0
        of = self.verdicts.verdicts
        same = (of.labels[:, None] == self.counts.labels[None]).all(axis=2).argmax(axis=1)
        states = np.arange(rows.start, rows.stop) % len(self.near)
        told = np.clip(self.verdicts.told(states, seen[rows][:, same]), 0.0, 1.0)
        rng = stream(seed, "hierarchical", "rated", self.counts.company_id, block)
        return rng.binomial(of.counts, told).sum(axis=1)


def _prevalence_at(places: FloatArray) -> FloatArray:
    """Return the prevalences at places on the wide grid."""
    pi = prevalence_nodes(*_LOOK_NODES[:2])[0]
    return np.exp(np.interp(places, np.arange(len(pi)), np.log(pi)))


def _posterior(
    prevalence: FloatArray,
    easy: FloatArray,
    near: FloatArray,
    easier: FloatArray,
    expert: FloatArray,
) -> FloatArray:
    others = near + (easier - near) * easy[:, None]
    odds = prevalence[:, None] * expert
    return odds / (odds + (1 - prevalence[:, None]) * others)


def _refined(peaks: FloatArray, mass: FloatArray, bounds: tuple[int, int]) -> FloatArray:
    """Return places, in units of the wide grid, that cover the posterior finely enough.

    Parameters
    ----------
    peaks
        Log posterior relative to its top, the other node at its best, (S', G).
    mass
        Posterior probability of each node up to a constant, (S', G).
    bounds
        Fewest and most nodes.
    """
    size = peaks.shape[1]
    needed = np.flatnonzero((peaks > -_NEGLIGIBLE).any(axis=0))
    first, last = max(needed[0] - 1, 0), min(needed[-1] + 1, size - 1)
    share = mass / mass.sum(axis=1, keepdims=True)
    index = np.arange(size)
    mean = share @ index
    sd = np.sqrt(np.maximum(share @ index**2 - mean**2, 0.06))
    count = int(np.ceil((last - first) * _DENSITY / np.quantile(sd, 0.1)))
    return np.linspace(first, last, int(np.clip(count, *bounds)) | 1)
