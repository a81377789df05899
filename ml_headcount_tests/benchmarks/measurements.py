"""What is measured, and against which goal.

Ratios are taken within one run of the benchmark on one machine. The published implementation is
not run: it takes 17 s an iteration on a machine where one six-dimensional cumulative normal of
SciPy takes 14 ms, so SciPy is timed here and stands for it.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import ndtri
from scipy.stats import multivariate_normal

from ml_headcount_assets.ingest import read_companies, read_profile_labels, read_rated_cvs
from ml_headcount_assets.model import (
    EstimatorSettings,
    StudyEvidence,
    count_patterns,
    draw_headcounts,
    estimate_headcount,
    fit_annotators,
    fit_cohort,
    infer_annotators,
)
from ml_headcount_assets.study import load_study
from ml_headcount_assets.warehouse.records import company_table, rated_table
from ml_headcount_assets.worlds.simulation import PUBLISHED_RATES, SimulatedWorld, simulate_study
from ml_headcount_assets.worlds.writing import write_world

PUBLISHED_ITERATION_SECONDS = 17.0
PUBLISHED_CDF_SECONDS = 0.014


@dataclass(frozen=True)
class Measurement:
    """One line of the benchmark.

    Attributes
    ----------
    what
        What was measured.
    value
        The measured number, in `unit`.
    unit
        "s", "µs", "GB", "x", "/s", or "" for a share or another bare number.
    goal
        What it is to be, or None if it is only told.
    at_least
        Whether `goal` is a lower bound; an upper one otherwise.
    """

    what: str
    value: float
    unit: str
    goal: float | None = None
    at_least: bool = False

    @property
    def reached(self) -> bool:
        """Whether the goal is met; there may be none."""
        if self.goal is None:
            return True
        return self.value >= self.goal if self.at_least else self.value <= self.goal


@dataclass(frozen=True)
class Tables:
    """The three tables that an estimate is made from."""

    validation: pd.DataFrame
    profiles: pd.DataFrame
    companies: pd.DataFrame


def seconds(
    call: Callable[[], object], repeats: int = 1, clock: Callable[[], float] = time.perf_counter
) -> float:
    """Return the shortest time of several calls, by default on the wall clock."""
    times = []
    for _ in range(repeats):
        start = clock()
        call()
        times.append(clock() - start)
    return min(times)


def peak_gigabytes() -> float:
    """Return the largest memory that this process has had.

    Not what `resource` says of it: the system lets a process that is started from another begin
    with the largest memory of that one.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 2**20


def cdf_seconds(repeats: int = 50) -> float:
    """Return the median time of one six-dimensional cumulative normal of SciPy."""
    rates = [sensitivity for sensitivity, _ in PUBLISHED_RATES.values()]
    upper = ndtri([*rates, 0.301])
    correlation = np.full((6, 6), 0.5) + 0.5 * np.eye(6)
    times = [
        seconds(lambda: multivariate_normal.cdf(upper, np.zeros(6), correlation))
        for _ in range(repeats)
    ]
    return float(np.median(times))


def reference_tables(directory: Path) -> Tables:
    """Return the published labels of twelve companies with the published headcounts."""
    study = load_study(directory, "schons-2026.yaml")
    companies, hits, _ = read_companies(study)
    cvs, rated, _ = read_rated_cvs(study)
    labels, _ = read_profile_labels(study, companies["company_id"])
    profiles = labels.pivot(
        index=["company_id", "profile_id"], columns="annotator", values="label"
    ).reset_index()
    published = pd.read_csv(directory / "published_comparator_ml.csv")
    employees = published.set_index("linkedin_id")["n_employees"]
    table = company_table(companies, hits)
    table = table[table["company_id"].isin(employees.index)]
    table = table.assign(headcount=table["company_id"].map(employees).astype("Int64"))
    return Tables(rated_table(cvs, rated), profiles.drop(columns="profile_id"), table)


def against_the_published_one(tables: Tables, draws: int = 1000) -> list[Measurement]:
    """Time an estimate of the reference study, and compare with the published loop."""
    cdf = cdf_seconds()
    published = PUBLISHED_ITERATION_SECONDS * cdf / PUBLISHED_CDF_SECONDS
    lines = [
        Measurement("SciPy: one six-dimensional normal cdf", cdf, "s"),
        Measurement("published implementation: one iteration here, by that", published, "s"),
    ]
    # The preset is there to reproduce the published numbers, so nothing is asked of its speed.
    published_choices = EstimatorSettings.preset("paper-2026")
    for settings, choices, longest, fastest in (
        (None, "default choices", 10.0, 1500.0),
        (published_choices, "paper-2026", None, None),
    ):
        spent = seconds(
            lambda settings=settings: estimate_headcount(
                tables.validation,
                tables.profiles,
                tables.companies,
                "five_layer",
                settings,
                draws=draws,
            )
        )
        name = f"reference study, {draws:,} draws, {choices}"
        lines.append(Measurement(name, spent, "s", longest))
        ratio = published * draws / spent
        lines.append(Measurement("... times the published speed", ratio, "x", fastest, True))
    return lines


def headcount_stage(fewer: int = 25_000, companies: int = 403, draws: int = 1000) -> Measurement:
    """Return how much longer the headcount stage takes with ten times the profiles.

    Both times are those of the processor: a ratio of two short times should not depend on what
    else the machine is doing.
    """
    spent = [_headcount_seconds(companies, fewer * factor, draws) for factor in (1, 10)]
    what = f"headcount stage, {10 * fewer:,} over {fewer:,} profiles (CPU)"
    return Measurement(what, spent[1] / spent[0], "x", 1.3)


def _headcount_seconds(companies: int, profiles: int, draws: int) -> float:
    world = simulate_study(companies=companies, profiles=profiles)
    settings, run = EstimatorSettings.default(), {"draws": draws, "seed": 0}
    annotators = infer_annotators(world.validation)
    counts = count_patterns(world.profiles, [annotator.name for annotator in annotators])
    fit = fit_annotators(world.validation, annotators, settings, **run)
    evidence = StudyEvidence(fit.described, counts, world.companies)
    cohort = fit_cohort(fit, evidence, settings, **run)
    return seconds(
        lambda: draw_headcounts(fit, cohort, evidence, settings, estimator="five_layer", **run),
        repeats=3,
        clock=time.process_time,
    )


def command_line(work: Path, world: SimulatedWorld, *options: object) -> list[Measurement]:
    """Time the commands on a study of paper scale: first, unchanged, and for one company.

    The memory is that of the largest process. `options` are those of each run.
    """
    study, warehouse = write_world(world, work / "study"), work / "warehouse"
    run = ["run", "--study", study, "--warehouse", warehouse, *options]
    first = seconds(lambda: _command(*run))
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    again = seconds(lambda: _command(*run))
    company = world.truth.loc[world.truth["profiled"], "company_id"].iloc[0]
    _grow(study / "companies.csv", company)
    one = seconds(lambda: _command(*run, "--company", company))
    return [
        Measurement("ml-headcount run, 403 companies, 250,000 profiles", first, "s", 60.0),
        Measurement("... its memory", memory, "GB", 2.0),
        Measurement("... again, nothing changed", again, "s", 24.0),
        Measurement("... over the first run", again / first, "x"),
        Measurement("... one company refreshed", one, "s", 15.0),
    ]


def _command(*arguments: object) -> None:
    """Run ml-headcount in a process of its own, as a user would."""
    call = "from ml_headcount_assets.cli.main import main; main()"
    subprocess.run(
        [sys.executable, "-c", call, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL
    )


def _grow(path: Path, company: str) -> None:
    """Give a company ten employees more, so that there is something to refresh."""
    table = pd.read_csv(path, dtype={"headcount": "Int64"})
    grown = table["headcount"].mask(table["company_id"] == company, table["headcount"] + 10)
    table.assign(headcount=grown).to_csv(path, index=False)


def estimate_at_paper_scale(world: SimulatedWorld, draws: int = 1000) -> Measurement:
    """Time the estimate alone, from frames to draws, for all five layers."""
    spent = seconds(
        lambda: estimate_headcount(
            world.validation, world.profiles, world.companies, "five_layer", draws=draws
        )
    )
    return Measurement("estimate_headcount at that scale, in memory", spent, "s", 60.0)
