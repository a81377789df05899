"""Peers through our door: each against what it says itself, where it is installed."""

from __future__ import annotations

import numpy as np
import pytest

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.validity.answers import Answer
from ml_headcount_assets.validity.methods import method
from ml_headcount_assets.validity.peers import PEERS
from ml_headcount_assets.validity.peers.votes import employees, votes_of
from ml_headcount_assets.validity.world_evidence import kinds_of_evidence
from ml_headcount_assets.worlds.simulation import SimulatedWorld, simulate_study


@pytest.fixture(scope="module")
def world() -> SimulatedWorld:
    return simulate_study("ml_labs", 12, 1_500, seed=2)


def asked(name: str, world: SimulatedWorld) -> Answer:
    if not PEERS[name].is_installed:
        pytest.skip(f"needs {PEERS[name].package}, of the optional dependencies `peers`")
    return method(name)(world, 50, 3)


@pytest.mark.parametrize("name", PEERS)
def test_peers_answer_for_companies_with_profiles_only(name: str, world: SimulatedWorld) -> None:
    answer = asked(name, world)
    profiled = kinds_of_evidence(world) == "profiles"
    assert answer.known.any()
    assert not (answer.known & ~profiled).any()
    assert np.isnan(answer.mean[~answer.known]).all()
    assert (answer.mean[answer.known] <= employees(world)[answer.known]).all()


@pytest.mark.parametrize("name", PEERS)
def test_peers_are_asked_at_every_level(name: str, world: SimulatedWorld) -> None:
    answer = asked(name, world)
    widths = []
    for level in (0.5, 0.8, 0.95):
        ends = answer.interval(level)
        if name == "dawid_skene":
            assert ends is None
            continue
        widths.append((ends[1] - ends[0])[answer.known].sum())
    assert widths == sorted(widths)


@pytest.mark.parametrize("name", PEERS)
def test_same_seed_same_answer(name: str, world: SimulatedWorld) -> None:
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    first, again = asked(name, world), asked(name, world)
    np.testing.assert_array_equal(first.mean, again.mean)
    if name != "dawid_skene":
        np.testing.assert_array_equal(first.interval(0.8), again.interval(0.8))
    # Packages that draw from NumPy's global generator leave it as it was.
    assert (np.random.get_state()[1] == state).all()  # noqa: NPY002


def test_the_judge_is_the_majority_of_the_llms(world: SimulatedWorld) -> None:
    votes = votes_of(world)
    llms = list(world.parameters.llms)
    assert (votes.rated == (world.validation[llms].sum(axis=1) >= 2)).all()
    assert sum(map(len, votes.companies)) == len(world.profiles)
    gaps = world.profiles[llms].isna().sum(axis=1) == 1
    split = gaps & (world.profiles[llms].sum(axis=1) == 1)
    assert split.any()  # one of two is no majority, and such people are not accepted
    accepted = world.profiles[llms].sum(axis=1) >= 2
    assert sum(company.sum() for company in votes.companies) == accepted.sum()


def test_rogan_gladen_by_hand(world: SimulatedWorld) -> None:
    answer, votes = method("rogan_gladen")(world, 1, 0), votes_of(world)
    row = int(np.flatnonzero(answer.known)[0])
    accepted = votes.companies[row].mean()
    sensitivity = votes.rated[votes.verdicts == 1].mean()
    specificity = 1 - votes.rated[votes.verdicts == 0].mean()
    share = (accepted + specificity - 1) / (sensitivity + specificity - 1)
    assert answer.mean[row] == pytest.approx(np.clip(share, 0, 1) * employees(world)[row])


def test_rogan_gladen_is_as_truescore_has_it(world: SimulatedWorld) -> None:
    """Another implementation of the point; its variance counts the rated CVs differently."""
    correct = pytest.importorskip("truescore.correct")
    answer, votes = method("rogan_gladen")(world, 1, 0), votes_of(world)
    row = int(np.argmax([len(c) for c in votes.companies]))
    company = votes.companies[row]
    # The rated CVs once as gold labels, and the company's profiles many times, so that the rated
    # hardly count among those observed.
    judged = np.concatenate([votes.rated, np.tile(company, 400)])
    found = correct.rogan_gladen_estimate(judged, votes.verdicts, np.arange(len(votes.rated)))
    assert answer.mean[row] / employees(world)[row] == pytest.approx(found.point, abs=2e-3)


def test_who_is_not_installed_says_so(world: SimulatedWorld, monkeypatch) -> None:
    monkeypatch.setattr("ml_headcount_assets.validity.peers.find_spec", lambda name: None)
    assert not PEERS["judgy"].is_installed
    assert PEERS["rogan_gladen"].is_installed
    with pytest.raises(InputError, match=r"judgy is not installed.*peers"):
        method("judgy")(world, 10, 0)


def test_every_peer_says_what_it_cannot() -> None:
    for peer in PEERS.values():
        assert peer.gives
        assert "without profiles" in peer.cannot
