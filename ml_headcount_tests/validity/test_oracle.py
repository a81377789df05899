"""The oracle against enumeration, and against the worlds that it is the oracle of."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy.special import expit, logsumexp
from scipy.stats import beta, binom, kstest

from ml_headcount_assets.model.patterns import count_patterns, decode_patterns, pattern_likelihood
from ml_headcount_assets.validity.count_probability import log_count_probability
from ml_headcount_assets.validity.oracle import oracle
from ml_headcount_assets.validity.world_evidence import KINDS, kinds_of_evidence, seen_of
from ml_headcount_assets.worlds.simulation import SimulatedWorld, simulate_study

DRAWS = 20_000


def test_counts_of_two_groups_are_convolved_exactly() -> None:
    """All 4**5 ways in which five people can show a pattern of two annotators."""
    rng = np.random.default_rng(0)
    increments = np.array(list(product((0, 1), repeat=2)))
    probabilities = rng.dirichlet(np.ones(4), size=2)
    counts, people = np.array([2, 1]), 5
    found = log_count_probability(increments, probabilities, people, counts, np.arange(6))
    for experts in range(6):
        total = 0.0
        for sorts in product(range(4), repeat=people):
            if (increments[list(sorts)].sum(axis=0) == counts).all():
                is_expert = np.arange(people) < experts
                total += np.prod(probabilities[is_expert.astype(int), list(sorts)])
        assert np.exp(found[experts]) == pytest.approx(total, rel=1e-10)


def test_where_tables_are_large_the_normal_distribution_does(monkeypatch) -> None:
    increments = np.eye(4, dtype=int)[:, 1:]
    probabilities = np.array([[0.7, 0.1, 0.12, 0.08], [0.3, 0.2, 0.2, 0.3]])
    people, counts, experts = 120, np.array([16, 18, 20]), np.arange(0, 121, 4)
    exact = log_count_probability(increments, probabilities, people, counts, experts)
    monkeypatch.setattr("ml_headcount_assets.validity.count_probability._EXACT_CELLS", 0)
    normal = log_count_probability(increments, probabilities, people, counts, experts)
    exact, normal = (np.exp(x - logsumexp(x)) for x in (exact, normal))
    assert np.abs(exact.cumsum() - normal.cumsum()).max() < 0.03


def exact_posterior(world: SimulatedWorld, row: int) -> np.ndarray:
    """P(experts) of a company with profiles, or hits only, by direct summation over pi."""
    seen, law = seen_of(world)[row], world.deployed
    nodes = np.linspace(-16, 12, 1_501)
    share = expit(nodes)
    likelihood = pattern_likelihood(law.pattern_probabilities()[row], seen.labels)
    counts = seen.counts
    if seen.hits is not None:
        unseen = seen.hits - seen.hits_of_seen
        likelihood = np.concatenate([likelihood, law.filter_probabilities()[row]], axis=1)
        counts = np.concatenate([counts, unseen])
    weight = beta(*world.prevalence.beta[row]).pdf(share) * share * (1 - share)
    by_node = np.zeros((len(nodes), seen.headcount + 1))
    by_node[:, 0] = weight
    for number, (other, expert) in zip(counts, likelihood.T, strict=True):
        for _ in range(int(number)):
            grown = by_node * ((1 - share) * other)[:, None]
            grown[:, 1:] += by_node[:, :-1] * (share * expert)[:, None]
            by_node = grown
    total = by_node.sum(axis=0)
    assert seen.headcount == counts.sum()  # something is known of everybody
    return total / total.sum()


@pytest.mark.parametrize("scenario", ["matched", "easy_negatives", "heavy_tails"])
def test_posterior_of_small_companies_is_exact(scenario: str) -> None:
    world = simulate_study(scenario, 60, 3_000, seed=4)
    drawn = oracle(world, DRAWS, seed=1)
    kinds = kinds_of_evidence(world)
    sizes = np.array([company.headcount for company in seen_of(world)])
    checked = 0
    for kind in ("profiles", "hits"):
        for row in np.flatnonzero((kinds == kind) & (sizes > 3) & (sizes < 40))[:4]:
            expected = exact_posterior(world, row)
            found = np.bincount(drawn.draws[row], minlength=len(expected)) / DRAWS
            # Five standard errors, and a little for the width of a node.
            bound = 5 * np.sqrt(expected * (1 - expected) / DRAWS) + 2e-3
            assert (np.abs(found - expected) < bound).all()
            checked += 1
    assert checked == 8


def test_accepted_counts_of_one_annotator_are_profiles_of_one_annotator() -> None:
    """With margins of one LLM nothing is lost, so both forms have the same posterior."""
    accept = np.array([[0.9, 0.1], [0.3, 0.7]])
    people, accepted = 25, 6
    given = log_count_probability(
        np.array([[0], [1]]), accept, people, np.array([accepted]), np.arange(people + 1)
    )
    by_hand = [
        logsumexp(
            binom.logpmf(np.arange(accepted + 1), k, 0.7)
            + binom.logpmf(accepted - np.arange(accepted + 1), people - k, 0.1)
        )
        for k in range(people + 1)
    ]
    np.testing.assert_allclose(given, by_hand, rtol=1e-9)


@pytest.mark.parametrize("scenario", ["matched", "counts_only", "reference", "sensitivity_varies"])
def test_ranks_of_the_truth_are_uniform(scenario: str) -> None:
    """Simulation-based calibration: what the oracle knows of a world is what made it."""
    ranks, kinds = [], []
    rng = np.random.default_rng(0)
    for seed in range(2):
        world = simulate_study(scenario, 80, 10_000, seed=seed)
        answer = oracle(world, 200, seed)
        truth = world.truth["experts"].to_numpy()
        ranks.append(answer.ranks(truth, rng)[answer.known])
        kinds.append(kinds_of_evidence(world)[answer.known])
    ranks, kinds = np.concatenate(ranks), np.concatenate(kinds)
    for kind in np.unique(kinds):
        assert kstest(ranks[kinds == kind], "uniform").pvalue > 1e-3


def test_a_company_alone_has_the_draws_it_has_among_others() -> None:
    world = simulate_study("counts_only", 30, 2_000, seed=2)
    whole = oracle(world, 50, seed=1)
    kept = [3, 11, 20]
    law, prevalence = world.deployed, world.prevalence
    few = replace(
        law,
        easy_share=law.easy_share[kept],
        easy_shift=law.easy_shift[kept],
        expert_shift=law.expert_shift[kept],
    )
    alone = replace(
        world,
        companies=world.companies.iloc[kept].reset_index(drop=True),
        truth=world.truth.iloc[kept].reset_index(drop=True),
        deployed=few,
        searched=few,
        prevalence=replace(prevalence, beta=prevalence.beta[kept]),
    )
    np.testing.assert_array_equal(oracle(alone, 50, seed=1).draws, whole.draws[kept])


def test_evidence_is_gathered_without_the_truth() -> None:
    world = simulate_study("counts_only", 60, 4_000, seed=3)
    kinds, seen = kinds_of_evidence(world), seen_of(world)
    assert set(kinds) <= set(KINDS)
    blind = replace(world, truth=world.truth.iloc[:0])
    assert [c.headcount for c in seen_of(blind)] == [c.headcount for c in seen]
    patterns = count_patterns(world.profiles, world.parameters.names)
    for company, kind, profiled in zip(seen, kinds, world.truth["profiled"], strict=True):
        assert (kind == "profiles") == profiled == (company.counts.sum() > 0)
        assert (kind == "accepted") == (company.asked > 0)
        if company.hits is not None:
            assert company.hits.sum() == company.headcount
            assert (company.hits >= company.hits_of_seen).all()
    assert sum(c.counts.sum() for c in seen) == len(world.profiles)
    assert decode_patterns(list(patterns["pattern"])).shape[1] == len(world.parameters.names)
