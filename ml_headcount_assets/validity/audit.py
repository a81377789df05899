"""The four flaws of the script that this package replaces, switched back on one at a time.

Each variant is `five_layer` but for one thing, so that what that thing does to coverage can be
seen by itself. The script as it was had all four (`log_debias`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..compute.local import LocalCompute
from ..compute.protocol import Compute, Progress
from ..errors import InputError
from ..model.estimators.five_layer import FIVE_LAYER
from ..model.estimators.independent import INDEPENDENT
from ..model.estimators.log_debias import LOG_DEBIAS
from ..model.streams import stream, stream_key
from ..worlds.label_model import CONJUNCTION
from ..worlds.simulation import SimulatedWorld, simulate_study
from .answer_scores import MethodScore, score_answer
from .answers import DrawnAnswer
from .methods import estimated
from .suite_scores import SuiteScores

__all__ = ["FLAWS", "Flaw", "audit_flaws"]

_SOUND, _OLD = FIVE_LAYER.name, LOG_DEBIAS.name
FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Flaw:
    """One thing that the script did wrong.

    Attributes
    ----------
    description
        What it is, for the table.
    answer
        `five_layer` with it: a function of a world, a number of draws and a seed.
    """

    description: str
    answer: Callable[[SimulatedWorld, int, int], DrawnAnswer]


def _disagreement_only(world: SimulatedWorld, draws: int, seed: int) -> DrawnAnswer:
    """Keep the medians, and let intervals show the annotators' disagreement about them."""
    sound = estimated(world, _SOUND, draws, seed)
    alone = np.concatenate(list(_by_kind(world, draws, seed).values()))
    medians = np.median(alone, axis=2)
    several = (~np.isnan(medians)).sum(axis=0) > 1
    spread = np.zeros(medians.shape[1])
    spread[several] = np.nanstd(medians[:, several], axis=0, ddof=1)
    normal = stream(seed, "audit", "disagreement").standard_normal(sound.draws.shape)
    drawn = np.median(sound.draws, axis=1)[:, None] + spread[:, None] * normal
    return DrawnAnswer(np.rint(np.maximum(drawn, 0)).astype(np.int64), sound.known)


def _half_an_expert(world: SimulatedWorld, draws: int, seed: int) -> DrawnAnswer:
    """Add 0.5 to every count, as before a logarithm that is not taken back; rounded at random."""
    sound = estimated(world, _SOUND, draws, seed)
    half = stream(seed, "audit", "half").integers(2, size=sound.draws.shape)
    return DrawnAnswer(sound.draws + half, sound.known)


def _median_of_medians(world: SimulatedWorld, draws: int, seed: int) -> DrawnAnswer:
    """Estimate from each annotator alone; of those the median over kinds of medians in a kind."""
    kinds = [_median(alone) for alone in _by_kind(world, draws, seed).values()]
    middle = _median(np.stack(kinds))
    known = ~np.isnan(middle[:, 0])
    return DrawnAnswer(np.rint(np.where(known[:, None], middle, 0)).astype(np.int64), known)


def _independent(world: SimulatedWorld, draws: int, seed: int) -> DrawnAnswer:
    """Take annotators for witnesses who err independently of each other."""
    return estimated(world, INDEPENDENT.name, draws, seed)


FLAWS: Mapping[str, Flaw] = MappingProxyType(
    {
        "disagreement_only": Flaw(
            "intervals show how much annotators disagree, and nothing else", _disagreement_only
        ),
        "half_an_expert": Flaw("0.5 is added to every count before a logarithm", _half_an_expert),
        "median_of_medians": Flaw(
            "the median over kinds of the medians of annotators", _median_of_medians
        ),
        INDEPENDENT.name: Flaw("annotators are taken to err independently", _independent),
    }
)


def audit_flaws(
    *,
    worlds: int = 8,
    scenario: str = "matched",
    companies: int = 200,
    profiles: int = 60_000,
    draws: int = 400,
    seed: int = 0,
    compute: Compute | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Measure what each of the four flaws does to the intervals.

    Parameters
    ----------
    worlds, scenario, companies, profiles, draws, seed
        Which worlds, and draws in each.
    compute, progress
        Where worlds are estimated, each as one task, and a callback ``(done, total)``.

    Returns
    -------
    DataFrame
        A line without any flaw, one per flaw, and one of the script with all of them: ``flaw``,
        ``description``, and the columns of `SuiteScores.summary`; ``coverage_change`` and
        ``ranks_change`` are the differences to the line without.

    Raises
    ------
    InputError
        No world.
    """
    if worlds < 1:
        raise InputError("The audit needs at least one world.")
    compute = compute or LocalCompute(workers=1)
    work = _World(scenario, companies, profiles, draws, seed)
    scores = [s for some in compute.map(work, range(worlds), progress) for s in some]
    table = SuiteScores(tuple(scores)).summary()
    table = table.rename(columns={"method": "flaw"}).drop(columns=["scenario", "group"])
    told = {_SOUND: "none", _OLD: "all four: the script as it was"}
    told |= {name: flaw.description for name, flaw in FLAWS.items()}
    table.insert(1, "description", table["flaw"].map(told))
    sound = table.loc[table["flaw"] == _SOUND].iloc[0]
    table["coverage_change"] = table["coverage_80"] - sound["coverage_80"]
    table["ranks_change"] = table["ranks"] - sound["ranks"]
    return table.drop(columns=["to_oracle"])


@dataclass(frozen=True)
class _World:
    """Scores of all variants on one world, which is simulated where they are made."""

    scenario: str
    companies: int
    profiles: int
    draws: int
    seed: int

    def __call__(self, number: int) -> list[MethodScore]:
        seed = stream_key(self.seed, "audit", self.scenario, number) % 2**32
        world = simulate_study(self.scenario, self.companies, self.profiles, seed)
        answers = {_SOUND: estimated(world, _SOUND, self.draws, seed)}
        answers |= {name: flaw.answer(world, self.draws, seed) for name, flaw in FLAWS.items()}
        answers[_OLD] = estimated(world, _OLD, self.draws, seed)
        return [
            MethodScore(
                self.scenario, number, seed, name, 0.0, groups=score_answer(answer, world)[0]
            )
            for name, answer in answers.items()
        ]


def _by_kind(world: SimulatedWorld, draws: int, seed: int) -> dict[str, FloatArray]:
    """Draws from each annotator alone, (annotators, C, draws) by kind; NaN where it is blind."""
    model = world.parameters
    return {
        kind: np.stack([_alone(world, name, draws, seed) for name in names])
        for kind, names in (("llm", model.llms), ("filter", model.filters))
    }


def _alone(world: SimulatedWorld, name: str, draws: int, seed: int) -> FloatArray:
    others = {*world.parameters.names, CONJUNCTION} - {name}
    counts = [f"{other}_hits" for other in others]
    answer = estimated(
        replace(
            world,
            validation=world.validation.drop(columns=others, errors="ignore"),
            profiles=world.profiles.drop(columns=others, errors="ignore"),
            companies=world.companies.drop(columns=counts, errors="ignore"),
        ),
        _SOUND,
        draws,
        seed,
    )
    return np.where(answer.known[:, None], answer.draws, np.nan)


def _median(stacked: FloatArray) -> FloatArray:
    """Median over the first axis of what is known; NaN where nothing is."""
    known = (~np.isnan(stacked)).any(axis=0)
    return np.where(known, np.nanmedian(np.where(known, stacked, 0.0), axis=0), np.nan)
