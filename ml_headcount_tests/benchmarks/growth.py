"""How time and memory grow, each size measured in a process of its own.

``python -m ml_headcount_tests.benchmarks.growth SIZES`` measures one size and prints it as JSON;
the functions here run that and make lines of it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace

import numpy as np
import pandas as pd

from ml_headcount_assets.compute.local import LocalCompute
from ml_headcount_assets.model import (
    EstimatorSettings,
    StudyEvidence,
    count_patterns,
    draw_headcounts,
    fit_annotators,
    fit_cohort,
    infer_annotators,
)

from .measurements import Measurement, peak_gigabytes


@dataclass(frozen=True)
class Sizes:
    """A study of so much of everything.

    Attributes
    ----------
    companies
        Half of them with profiles, half with keyword counts only.
    draws
        Joint draws.
    annotators
        Between 3 and 10, two of them keyword filters.
    profiles
        Of all companies together.
    """

    companies: int = 400
    draws: int = 1000
    annotators: int = 5
    profiles: int = 100_000


@dataclass(frozen=True)
class Spent:
    """Seconds of the processor per stage, seconds of the clock in all, and the largest memory."""

    count: float
    fit: float
    cohort: float
    draw: float
    summarise: float
    wall: float
    gigabytes: float


#: Many draws of many companies, which is where memory would run out.
LARGE = Sizes(companies=5_000, draws=10_000, profiles=200_000)
_HEADCOUNT = 1_000


def made_up_study(sizes: Sizes) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return rated CVs, profiles and companies of given sizes; what the labels say is no matter.

    Annotators accept nine of ten experts and one of twenty others, independently.
    """
    rng = np.random.default_rng(0)
    filters = ["filter_a", "filter_b"]
    names = [*filters, *(f"llm_{number}" for number in range(sizes.annotators - 2))]

    def labelled(experts: np.ndarray) -> pd.DataFrame:
        accepted = np.where(experts[:, None], 0.9, 0.05)
        drawn = rng.random((len(experts), len(names))) < accepted
        return pd.DataFrame(drawn.astype(np.int8), columns=names)

    experts = np.arange(585) < 180
    rated = labelled(experts).assign(is_expert=experts.astype(int))
    ids = np.array([f"company-{number:07d}" for number in range(sizes.companies)])
    with_profiles = max(1, sizes.companies // 2)
    owner = np.arange(sizes.profiles) % with_profiles
    profiles = labelled(rng.random(sizes.profiles) < 0.05).assign(company_id=ids[owner])
    headcount = np.full(sizes.companies, _HEADCOUNT)
    headcount[:with_profiles] = 2 * -(-sizes.profiles // with_profiles)
    companies = pd.DataFrame({"company_id": ids, "headcount": headcount})
    for name in filters:
        companies[f"{name}_hits"] = rng.binomial(headcount, 0.1)
    return rated, profiles, companies


def measure(sizes: Sizes) -> Spent:
    """Estimate a study of given sizes in this process, on one thread.

    It is what `estimate_headcount` does, stage by stage, and then intervals and total.
    """
    rated, profiles, companies = made_up_study(sizes)
    settings, one = EstimatorSettings.default(), LocalCompute(workers=1)
    annotators = infer_annotators(rated)
    run = {"draws": sizes.draws, "seed": 0, "compute": one}
    started, marks = time.perf_counter(), [time.process_time()]
    counts = count_patterns(profiles, [annotator.name for annotator in annotators])
    marks.append(time.process_time())
    fit = fit_annotators(rated, annotators, settings, **run)
    marks.append(time.process_time())
    evidence = StudyEvidence(fit.described, counts, companies)
    cohort = fit_cohort(fit, evidence, settings, **run)
    marks.append(time.process_time())
    result = draw_headcounts(fit, cohort, evidence, settings, estimator="five_layer", **run)
    marks.append(time.process_time())
    result.intervals()
    result.total()
    marks.append(time.process_time())
    wall = time.perf_counter() - started
    gigabytes = peak_gigabytes()
    return Spent(*np.diff(marks).tolist(), wall, gigabytes)


def spent_apart(sizes: Sizes) -> Spent:
    """Measure in a process of its own, so that its memory is that of these sizes."""
    call = [sys.executable, "-m", "ml_headcount_tests.benchmarks.growth", json.dumps(asdict(sizes))]
    done = subprocess.run(call, check=True, capture_output=True, text=True)
    return Spent(**json.loads(done.stdout))


def growth() -> Iterator[Measurement]:
    """Yield what one more of each thing costs, and the memory of many draws of many companies."""
    start = Sizes()
    base = spent_apart(start)
    more = spent_apart(replace(start, companies=4 * start.companies))
    companies = 3 * start.companies
    each = (more.draw - base.draw) / companies / start.draws
    yield Measurement("draws of one company, each (CPU)", 1e6 * each, "µs")
    each = (more.cohort - base.cohort) / (companies / 2) / start.draws
    yield Measurement("... scale, per company with both, each draw (CPU)", 1e6 * each, "µs")
    each = (more.summarise - base.summarise) / companies / start.draws
    yield Measurement("... intervals and total, each draw (CPU)", 1e6 * each, "µs")
    draws = spent_apart(replace(start, draws=4 * start.draws))
    for stage in ("fit", "cohort", "draw", "summarise"):
        ratio = getattr(draws, stage) / getattr(base, stage)
        yield Measurement(f"four times the draws: {stage} (CPU)", ratio, "x")
    profiles = spent_apart(replace(start, profiles=10 * start.profiles))
    each = (profiles.count - base.count) / (9 * start.profiles)
    yield Measurement("counting the labels of one profile (CPU)", 1e6 * each, "µs")
    yield Measurement("ten times the profiles: draw (CPU)", profiles.draw / base.draw, "x")
    for number in range(3, 11):
        spent = spent_apart(replace(start, annotators=number))
        each = spent.fit / start.draws
        yield Measurement(f"fit of {number} annotators, each draw (CPU)", 1e6 * each, "µs")
        each = spent.draw / start.companies / start.draws
        yield Measurement("... draws of one company, each (CPU)", 1e6 * each, "µs")
        yield Measurement("... memory", spent.gigabytes, "GB")
    large = spent_apart(LARGE)
    name = f"{LARGE.draws:,} draws of {LARGE.companies:,} companies, one thread"
    yield Measurement(name, large.wall, "s")
    yield Measurement("... its memory", large.gigabytes, "GB", 2.0)


if __name__ == "__main__":
    json.dump(asdict(measure(Sizes(**json.loads(sys.argv[1])))), sys.stdout)
