"""What rounds of ratings are worth: worlds whose deployed labels have drifted, before and after.

Each world is estimated without ratings; then rounds of several sizes are proposed, or drawn by
chance, simulated raters (who err) rate them, and the world is estimated again. One row a round goes
to a file of JSON lines, so that a run that was stopped goes on where it was::

    python -m ml_headcount_assets.validity.rating_rounds --out rounds.jsonl --worlds 6
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..model.annotators import likelihood_annotators
from ..model.effort import Effort
from ..model.estimate import prepare
from ..model.estimators import RATINGS_ESTIMATOR
from ..model.fitted import Fitted
from ..model.labels import label_matrix
from ..model.patterns import encode_patterns
from ..model.rating_design import RatingDesign, design_ratings
from ..model.settings import EstimatorSettings
from ..model.streams import stream
from ..worlds.simulation import SimulatedWorld, simulate_study
from .oracle import oracle

__all__ = ["RoundsPlan", "rate_profiles", "run_rounds", "summarise_rounds"]

PROPOSED, RANDOM, NONE, ORACLE = "proposed", "random", "none", "oracle"
_LEVEL = 0.8
# A third of the usual states: many worlds with wider Monte Carlo errors tell more than a few.
_SHORT = Effort(look=15, search=80, particles=60, chains=16, warmup=6, kept=12, rounds=1)


@dataclass(frozen=True)
class RoundsPlan:
    """What is to be run.

    Attributes
    ----------
    scenarios, worlds, seed
        Keys of `SCENARIOS`, worlds of each, and the seed of the first.
    sizes
        Ratings of a round.
    wrong, twice
        Share of verdicts that are wrong, and of profiles that a second person rates.
    draws, effort
        Of each estimate.
    """

    scenarios: tuple[str, ...] = ("shifted_labs", "shifted_labs_and_consulting")
    worlds: int = 6
    seed: int = 0
    sizes: tuple[int, ...] = (50, 100, 200)
    wrong: float = 0.05
    twice: float = 0.2
    draws: int = 192
    effort: Effort = _SHORT


def rate_profiles(
    world: SimulatedWorld, rows: NDArray[np.intp], *, wrong: float, twice: float, seed: int
) -> pd.DataFrame:
    """Let simulated raters rate some profiles, and count their verdicts.

    Parameters
    ----------
    world
        Whose profiles.
    rows
        Places of the profiles among the world's.
    wrong
        Share of the verdicts that are wrong, of experts and of others.
    twice
        Share of the profiles that two people rate.
    seed
        Of the errors.

    Returns
    -------
    DataFrame
        ``company_id, pattern, yes, no, n_profiles``, as `estimate_headcount` takes them.
    """
    rng = stream(seed, "simulate", "ratings", world.scenario, world.seed)
    raters = 1 + (rng.random(len(rows)) < twice)
    truth = world.is_expert[rows].astype(bool)
    said = np.where(rng.random((2, len(rows))) < wrong, ~truth, truth).astype(int)
    yes = said[0] + said[1] * (raters == 2)
    names = sorted(world.profiles.columns.drop("company_id"))
    frame = pd.DataFrame(
        {
            "company_id": world.profiles["company_id"].to_numpy()[rows],
            "pattern": encode_patterns(label_matrix(world.profiles, names, "")[rows]),
            "yes": yes,
            "no": raters - yes,
        }
    )
    return frame.value_counts().sort_index().rename("n_profiles").reset_index()


def run_rounds(plan: RoundsPlan, kept: set[tuple]) -> Iterator[dict[str, object]]:
    """Yield one row a round that is not kept yet.

    Parameters
    ----------
    kept
        (scenario, world, design, ratings) of the rows that there are.
    """
    for number in range(plan.seed, plan.seed + plan.worlds):
        for scenario in plan.scenarios:
            wanted = [
                (scenario, number, NONE, 0),
                *((scenario, number, d, n) for n in plan.sizes for d in (PROPOSED, RANDOM)),
            ]
            if not set(wanted) <= kept:
                yield from _world(plan, scenario, number, set(wanted) - kept)


def _world(
    plan: RoundsPlan, scenario: str, number: int, wanted: set[tuple]
) -> Iterator[dict[str, object]]:
    world = simulate_study(scenario, seed=number)
    start = time.monotonic()
    before = _estimate(plan, world, None)
    row: dict[str, object] = {"scenario": scenario, "world": number}
    if (scenario, number, NONE, 0) in wanted:
        yield from (row | scored for scored in _scored(world, before, NONE, 0, start))
        answer = oracle(world, plan.draws, number)
        known = {"design": ORACLE, "ratings": 0}
        yield from (row | known | scored for scored in _scores(world, answer.draws))
    for _, _, design, n in sorted(wanted - {(scenario, number, NONE, 0)}, key=lambda r: r[2:]):
        start = time.monotonic()
        planned = design_ratings(
            before.cohort,
            before.evidence,
            before.settings,
            n=n,
            random_part=1.0 if design == RANDOM else 0.2,
            draws=plan.draws,
            seed=number,
        )
        rated = rate_profiles(
            world, _chosen(world, before, planned), wrong=plan.wrong, twice=plan.twice, seed=number
        )
        row["narrowed_expected"] = planned.narrowed
        after = _estimate(plan, world, rated)
        yield from (row | scored for scored in _scored(world, after, design, n, start))


def _estimate(plan: RoundsPlan, world: SimulatedWorld, ratings: pd.DataFrame | None) -> Fitted:
    settings = replace(EstimatorSettings.default(), effort=plan.effort)
    chosen, evidence, settings, _ = prepare(
        world.validation, world.profiles, world.companies, RATINGS_ESTIMATOR, settings, ratings
    )
    return Fitted.of(chosen, evidence, settings, draws=plan.draws, seed=world.seed)


def _chosen(world: SimulatedWorld, fitted: Fitted, design: RatingDesign) -> NDArray[np.intp]:
    kept = likelihood_annotators(fitted.evidence.described, six_dimensional=False)
    labels = label_matrix(world.profiles, [a.name for a in kept], "")
    frame = pd.DataFrame(
        {"company_id": world.profiles["company_id"], "pattern": encode_patterns(labels)}
    )
    return design.choose(frame.reset_index(drop=True)).index.to_numpy()


def _scored(
    world: SimulatedWorld, fitted: Fitted, design: str, n: int, start: float
) -> Iterator[dict[str, object]]:
    draws = fitted.draw().draws.filled(0)
    what = {"design": design, "ratings": n, "seconds": time.monotonic() - start}
    yield from (what | scored for scored in _scores(world, draws))


def _scores(world: SimulatedWorld, draws: NDArray[np.int64]) -> Iterator[dict[str, object]]:
    """Score the total of all companies whose headcount is known, and of each cohort of several.

    Of the others the truth is about employees nobody has counted.
    """
    known = world.companies["headcount"].notna().to_numpy()
    cohorts = world.companies["cohort"].to_numpy()
    names = sorted(set(cohorts))
    truth = world.truth["experts"].to_numpy()
    for group in ("all", *(names if len(names) > 1 else ())):
        members = known if group == "all" else known & (cohorts == group)
        yield {"group": group} | _score(draws[members].sum(axis=0), int(truth[members].sum()))


def _score(sums: NDArray[np.int64], truth: int) -> dict[str, object]:
    """Return how a total's draws fit the truth; the log score is that of a log-normal."""
    low, high = np.quantile(sums, ((1 - _LEVEL) / 2, (1 + _LEVEL) / 2))
    log = np.log(np.maximum(sums, 1))
    z = (np.log(truth) - log.mean()) / log.std(ddof=1)
    return {
        "truth": truth,
        "mean": float(sums.mean()),
        "low": float(low),
        "high": float(high),
        "covered": bool(low <= truth <= high),
        "relative_width": float((high - low) / truth),
        "log_score": float(0.5 * z**2 + np.log(log.std(ddof=1)) + 0.5 * np.log(2 * np.pi)),
    }


def summarise_rounds(rows: Sequence[dict]) -> pd.DataFrame:
    """Average the rounds over worlds.

    Returns
    -------
    DataFrame
        Per scenario, group of companies, design and number of ratings: ``worlds``, ``covered``
        (share of the totals), ``relative_width`` (median; of the truth), ``log_score`` (mean; lower
        is better), ``error`` (median of the mean's relative error), ``of_width_before`` (median
        width over that without ratings in the same world) and ``expected`` (the plan's median).
    """
    frame = pd.DataFrame(rows)
    frame["error"] = (frame["mean"] / frame["truth"] - 1).abs()
    keys = ["scenario", "world", "group"]
    before = frame[frame["design"] == NONE].set_index(keys)["relative_width"]
    at = pd.MultiIndex.from_frame(frame[keys])
    frame["of_width_before"] = frame["relative_width"].to_numpy() / before.reindex(at).to_numpy()
    if "narrowed_expected" not in frame:
        frame["narrowed_expected"] = np.nan
    grouped = frame.groupby(["scenario", "group", "ratings", "design"])
    return grouped.agg(
        worlds=("world", "size"),
        covered=("covered", "mean"),
        relative_width=("relative_width", "median"),
        log_score=("log_score", "mean"),
        error=("error", "median"),
        of_width_before=("of_width_before", "median"),
        expected=("narrowed_expected", "median"),
    ).reset_index()


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is left, keep it, and print the summary."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="JSON lines, one row a round.")
    parser.add_argument("--worlds", type=int, default=RoundsPlan.worlds)
    parser.add_argument("--seed", type=int, default=RoundsPlan.seed, help="Of the first world.")
    parser.add_argument("--scenario", action="append", help="May be given several times.")
    parser.add_argument("--size", type=int, action="append", help="Ratings of a round; the same.")
    parser.add_argument("--wrong", type=float, default=RoundsPlan.wrong)
    chosen = parser.parse_args(arguments)
    plan = RoundsPlan(
        scenarios=tuple(chosen.scenario or RoundsPlan.scenarios),
        worlds=chosen.worlds,
        seed=chosen.seed,
        sizes=tuple(chosen.size or RoundsPlan.sizes),
        wrong=chosen.wrong,
    )
    rows = _read(chosen.out)
    kept = {(r["scenario"], r["world"], r["design"], r["ratings"]) for r in rows}
    told = ""
    with chosen.out.open("a", encoding="utf-8") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of short chains, a hundred times over
        for row in run_rounds(plan, kept):
            print(json.dumps(row), file=file, flush=True)
            rows.append(row)
            line = f"{row['scenario']}, world {row['world']}: {row['ratings']} {row['design']}"
            if line != told:
                print(line, file=sys.stderr)
            told = line
    print(summarise_rounds(rows).round(3).to_string(index=False))


def _read(path: Path) -> list[dict]:
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


if __name__ == "__main__":
    main()
