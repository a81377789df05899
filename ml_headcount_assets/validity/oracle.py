"""The best that can be said: true label distributions, true prior, exact posterior per company.

The oracle knows of a world what no estimator can: the distribution of the labels given the truth,
in each company where they differ, and the distribution that prevalences were drawn from. It sees
what everybody sees: profiles, accepted counts, hits and headcounts. What is left uncertain is
which employees are experts, so that nobody's log score can be better in the long run.

For a company with N employees and prevalence pi:

- Profiles, and hits of the employees without one (or of everybody), are people with a known
  pattern y. Their likelihood is prod (pi f1(y) + (1 - pi) f0(y)) on a grid of logit(pi), refined
  where the posterior is; given pi, experts are binomial per pattern.
- Accepted counts A of n people overlap. P(A | K experts among n) is the exact convolution of the
  two groups' distributions where the table of all possible counts is small enough, and the normal
  distribution with the exact mean and covariance above that (counts of dozens).
- Hits of people of whom other labels are known too (a search of its own, or accepted counts
  beside hits) tell of the same people once more. Experts are drawn from a proposal and weighted
  by P(hits | experts), computed in the same two ways. Filters are then taken as independent of
  the LLMs given the truth, which a search of its own is. Where it is not, what is left out (a
  latent correlation of .2) moves nothing that the oracle's own ranks would show.
- Everybody else is an expert with probability pi.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, expit, gammaln, log_expit, logit, logsumexp, xlog1py, xlogy

from ..model.patterns import pattern_likelihood
from ..model.streams import stream
from ..worlds.simulation import SimulatedWorld
from .answers import DrawnAnswer
from .count_probability import log_count_probability
from .world_evidence import KINDS, CompanySeen, kinds_of_evidence, seen_of

__all__ = ["oracle"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_NODES = 300
_WIDEST = (logit(1e-9), logit(1 - 1e-7))
# Nodes whose density is this far below the highest (log) are left out.
_NEGLIGIBLE = 18.0
# The refined grid is good when so many of its nodes matter.
_ENOUGH_NODES = 100
_MOST_REFINEMENTS = 6
# Proposals for each draw wanted, where draws are weighted.
_PROPOSALS = 10


def oracle(world: SimulatedWorld, draws: int, seed: int) -> DrawnAnswer:
    """Draw the experts of each company from their exact posterior.

    Parameters
    ----------
    world
        A simulated study.
    draws, seed
        Number of draws of each company (independent between companies, given the truth about the
        annotators), and the seed of their streams.
    """
    companies = _companies(world)
    drawn = np.zeros((len(companies), draws), dtype=np.int64)
    known = kinds_of_evidence(world) != KINDS[-1]
    for row in np.flatnonzero(known):
        rng = stream(seed, "oracle", str(world.companies["company_id"].iloc[row]))
        drawn[row] = companies[row].draw(draws, rng)
    return DrawnAnswer(drawn, known)


@dataclass(frozen=True)
class _People:
    """People whose pattern is known: how many show each, (P,), and its probability by class."""

    counts: IntArray
    probabilities: FloatArray

    def log_likelihood(self, prevalence: FloatArray) -> FloatArray:
        """At prevalences (G,)."""
        return np.log(self._mixture(prevalence)) @ self.counts

    def _mixture(self, prevalence: FloatArray) -> FloatArray:
        expert, other = prevalence[:, None], 1 - prevalence[:, None]
        return other * self.probabilities[0] + expert * self.probabilities[1]

    def draw(self, prevalence: FloatArray, rng: np.random.Generator) -> IntArray:
        """Experts among them at prevalences (B,)."""
        share = prevalence[:, None] * self.probabilities[1] / self._mixture(prevalence)
        return rng.binomial(self.counts, np.clip(share, 0, 1)).sum(axis=1)


@dataclass(frozen=True)
class _Company:
    """One company's evidence and what the oracle knows about it.

    Attributes
    ----------
    prior
        Of pi.
    people
        Profiles, or employees with hits and nothing else.
    asked, experts_asked, accepted
        People behind accepted counts, numbers of experts that there may be among them, (K,), and
        log P(counts | experts), (K,); None without such counts.
    hits
        Table of hits that overlaps with the other evidence, with probabilities (2, cells).
    rest
        Employees of whom nothing is known but that overlapping table.
    """

    prior: _Prior
    people: _People
    asked: int
    experts_asked: IntArray
    accepted: FloatArray | None
    hits: tuple[IntArray, FloatArray] | None
    rest: int

    def draw(self, draws: int, rng: np.random.Generator) -> IntArray:
        """Draw experts, (draws,)."""
        nodes, density, splits = self._posterior()
        proposals = draws if self.hits is None else _PROPOSALS * draws
        chosen = rng.choice(len(nodes), size=proposals, p=density)
        width = nodes[1] - nodes[0]
        prevalence = expit(nodes[chosen] + width * (rng.random(proposals) - 0.5))
        experts = self.people.draw(prevalence, rng) + rng.binomial(self.rest, prevalence)
        if splits is not None:
            experts += self.experts_asked[_draw_rows(splits, chosen, rng)]
        if self.hits is None:
            return experts
        return experts[self._resample(experts, nodes, chosen, draws, rng)]

    def _posterior(self) -> tuple[FloatArray, FloatArray, FloatArray | None]:
        """Nodes of logit(pi), their probabilities, and P(experts among the asked | node)."""
        low, high = self.prior.bounds
        for _ in range(_MOST_REFINEMENTS):
            nodes = np.linspace(low, high, _NODES)
            log_density, splits = self._log_density(nodes)
            matter = np.flatnonzero(log_density > log_density.max() - _NEGLIGIBLE)
            if len(matter) >= _ENOUGH_NODES:
                break
            low = nodes[max(matter[0] - 1, 0)]
            high = nodes[min(matter[-1] + 1, _NODES - 1)]
        density = np.exp(log_density - logsumexp(log_density))
        return nodes, density / density.sum(), splits

    def _log_density(self, nodes: FloatArray) -> tuple[FloatArray, FloatArray | None]:
        prevalence = expit(nodes)
        total = self.prior.log_density(nodes) + self.people.log_likelihood(prevalence)
        splits = None
        if self.accepted is not None:
            splits = _log_binomial(self.asked, self.experts_asked, prevalence) + self.accepted
            total += logsumexp(splits, axis=1)
        if self.hits is not None:
            total += _People(*self.hits).log_likelihood(prevalence)
        return total, splits

    def _resample(
        self,
        experts: IntArray,
        nodes: FloatArray,
        chosen: IntArray,
        draws: int,
        rng: np.random.Generator,
    ) -> IntArray:
        """Proposals to keep: weighted by P(hits | experts) over P(hits | pi), which they had."""
        assert self.hits is not None
        counts, probabilities = self.hits
        increments = np.eye(len(counts), dtype=np.int64)[:, 1:]
        distinct, which = np.unique(experts, return_inverse=True)
        given_experts = log_count_probability(
            increments, probabilities, int(counts.sum()), counts[1:], distinct
        )
        given_share = _People(*self.hits).log_likelihood(expit(nodes))
        weight = given_experts[which] - given_share[chosen]
        weight = np.exp(weight - weight.max())
        return rng.choice(len(experts), size=draws, p=weight / weight.sum())


def _companies(world: SimulatedWorld) -> list[_Company]:
    patterns = world.deployed.pattern_probabilities()
    searched = world.searched.filter_probabilities()
    llms = [world.parameters.names.index(name) for name in world.parameters.llms]
    apart = world.searched is not world.deployed
    return [
        _company(
            company,
            patterns[row],
            searched[row],
            llms,
            apart,
            _prior(world, row),
        )
        for row, company in enumerate(seen_of(world))
    ]


@dataclass(frozen=True)
class _Prior:
    """Beta(a, b) of pi, cut off at `bounds` of logit(pi)."""

    a: float
    b: float
    bounds: tuple[float, float]

    def log_density(self, nodes: FloatArray) -> FloatArray:
        """Of logit(pi), up to a constant: the derivative of pi adds one to each exponent."""
        return self.a * log_expit(nodes) + self.b * log_expit(-nodes)

    def log_predictive(self, people: int) -> FloatArray:
        """Log probability of 0, 1, ... `people` experts, up to a constant and the bounds."""
        k = np.arange(people + 1)
        ways = -gammaln(k + 1) - gammaln(people - k + 1)
        return ways + betaln(self.a + k, self.b + people - k)


def _prior(world: SimulatedWorld, row: int) -> _Prior:
    law = world.prevalence
    if law.beta is not None:
        a, b = law.beta[row].tolist()
        return _Prior(a, b, _WIDEST)
    assert law.range is not None
    low, high = logit(law.range)
    return _Prior(1.0, 1.0, (low, high))


def _company(
    seen: CompanySeen,
    patterns: FloatArray,
    searched: FloatArray,
    llms: list[int],
    apart: bool,
    prior: _Prior,
) -> _Company:
    counts, probabilities = [seen.counts], [pattern_likelihood(patterns, seen.labels)]
    labelled = int(seen.counts.sum()) + seen.asked
    rest = seen.headcount - labelled
    overlapping = None
    if seen.hits is not None:
        if labelled and (apart or seen.asked):
            overlapping = seen.hits, searched
        else:
            counts.append(seen.hits - seen.hits_of_seen)
            probabilities.append(searched)
            rest = 0
    people = _People(np.concatenate(counts), np.concatenate(probabilities, axis=1))
    experts, accepted = _accepted(seen, patterns, llms, prior)
    return _Company(prior, people, seen.asked, experts, accepted, overlapping, rest)


def _accepted(
    seen: CompanySeen, patterns: FloatArray, llms: list[int], prior: _Prior
) -> tuple[IntArray, FloatArray | None]:
    """Experts that there may be among the people asked about, and what the counts say of them."""
    if seen.accepted is None:
        return np.zeros(1, dtype=np.int64), None
    increments = np.array(list(product((0, 1), repeat=len(llms))), dtype=np.int64)
    experts = np.arange(seen.asked + 1)
    accepted = log_count_probability(
        increments, _margin(patterns, llms, increments), seen.asked, seen.accepted, experts
    )
    plausible = accepted + prior.log_predictive(seen.asked)
    matter = plausible > plausible.max() - _NEGLIGIBLE
    return experts[matter], accepted[matter]


def _margin(patterns: FloatArray, columns: list[int], increments: IntArray) -> FloatArray:
    """Probabilities (2, S) of what some annotators say, from those of all (2, 2**J)."""
    code = np.arange(patterns.shape[-1])
    said = (code[:, None] >> np.array(columns)) & 1
    matches = (said[:, None] == increments).all(axis=2)
    return patterns @ matches


def _log_binomial(trials: int, k: IntArray, share: FloatArray) -> FloatArray:
    """Log probabilities (G, K) of binomial counts (K,) at shares (G,)."""
    ways = gammaln(trials + 1) - gammaln(k + 1) - gammaln(trials - k + 1)
    return ways + xlogy(k, share[:, None]) + xlog1py(trials - k, -share[:, None])


def _draw_rows(log_weights: FloatArray, rows: IntArray, rng: np.random.Generator) -> IntArray:
    """Draw a column of each of `rows`, with probabilities proportional to the weights."""
    weights = np.exp(log_weights - log_weights.max(axis=1, keepdims=True))
    cumulative = weights.cumsum(axis=1)
    wanted = rng.random(len(rows)) * cumulative[rows, -1]
    drawn = np.empty(len(rows), dtype=np.int64)
    for row in np.unique(rows):
        here = rows == row
        drawn[here] = np.searchsorted(cumulative[row], wanted[here], side="right")
    return drawn
