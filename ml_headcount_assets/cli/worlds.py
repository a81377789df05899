"""The commands of simulated worlds: making one, comparing with its truth, checking on many."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ml_headcount_assets.cli.options import (
    DEFAULT_WAREHOUSE,
    chosen_compute,
    compute_options,
    short_path,
    warehouse_option,
)
from ml_headcount_assets.cli.suite import show_suite, suite_plan
from ml_headcount_assets.cli.terminal import echo, open_console
from ml_headcount_assets.wording import how_many

if TYPE_CHECKING:
    from rich.console import Console

    from ml_headcount_assets.compute.protocol import Compute

__all__ = ["calibrate", "compare", "simulate"]


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Directory to write the study to; an earlier simulated study is replaced.",
)
@click.option("--scenario", default="matched", show_default=True, help="What kind of world.")
@click.option(
    "--companies", type=click.IntRange(1), help="How many.  [default: the scenario's, or 403]"
)
@click.option(
    "--profiles", type=click.IntRange(1), help="How many.  [default: the scenario's, or 250000]"
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Random seed.")
@click.option(
    "--raw", is_flag=True, help="Write texts of profiles and answers of LLMs instead of labels."
)
def simulate(
    out: Path, scenario: str, companies: int | None, profiles: int | None, seed: int, raw: bool
) -> None:
    """Write a study with known truth.

    It has the file formats of a real study, so that estimates can be tried and checked.
    """
    from ml_headcount_assets.worlds.simulation import simulate_study
    from ml_headcount_assets.worlds.writing import TRUTH_PATH, write_world

    world = simulate_study(scenario, companies, profiles, seed)
    kind = "raw" if raw else "labelled"
    echo(f"Writing {how_many(len(world.profiles), kind + ' profile')} ...", err=True)
    directory = write_world(world, out, raw_profiles=raw)
    echo(
        f"Wrote {how_many(len(world.companies), 'company')},"
        f" {how_many(len(world.profiles), kind + ' profile')} and"
        f" {how_many(len(world.validation), 'rated CV')} to {short_path(directory)}"
        f" (scenario {scenario}, seed {seed}).\n"
        f"The true counts are in {short_path(directory / TRUTH_PATH)}; no run reads them."
    )


@click.command()
@click.option(
    "--truth",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    required=True,
    help="True counts of a simulated study: truth/truth.csv in its directory.",
)
@warehouse_option
def compare(truth: Path, warehouse: Path) -> None:
    """Compare estimates with a known truth."""
    import pandas as pd

    from ml_headcount_assets.cli.tables import score_table
    from ml_headcount_assets.figures.style import level_of
    from ml_headcount_assets.model import ESTIMATORS
    from ml_headcount_assets.validity.scoring import score_companies, summarise_scores
    from ml_headcount_assets.warehouse.publish import Published, last_run
    from ml_headcount_assets.warehouse.records import result_of
    from ml_headcount_assets.worlds.writing import read_truth

    store = Published(warehouse)
    last_run(store)
    known = read_truth(truth)
    draws = store.read("headcount_draws")
    # The level of what is stored; the study may have been given another since.
    level = level_of(store.read("headcount_intervals", columns=["level"]))
    scores = pd.concat(
        score_companies(
            result_of(draws[draws["estimator"] == estimator]), known, level=level
        ).assign(estimator=estimator)
        for estimator in ESTIMATORS
        if estimator in set(draws["estimator"])
    )
    summary = summarise_scores(scores, "estimator", level=level)
    title = "Compared with the true counts"
    open_console().print(score_table(summary, title=title, level=level))


@click.command()
@click.option("--suite", is_flag=True, help="Every scenario and method, against an oracle.")
@click.option(
    "--worlds", type=click.IntRange(1), help="How many.  [default: 20; 8 of each in the suite]"
)
@click.option(
    "--scenario",
    "scenarios",
    multiple=True,
    help="What kind of worlds; may be repeated with --suite.  [default: matched; all]",
)
@click.option(
    "--estimator", "estimators", multiple=True, help="May be repeated; all, if not given."
)
@click.option(
    "--methods", help="Of the suite, separated by commas; all that are installed, if not."
)
@click.option(
    "--companies", type=click.IntRange(1), help="Per world.  [default: 100; 200 in the suite]"
)
@click.option(
    "--profiles", type=click.IntRange(1), help="Per world.  [default: 20000; 60000 in the suite]"
)
@click.option("--draws", type=click.IntRange(2), default=400, show_default=True, help="Per world.")
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the first world."
)
@click.option(
    "--keep",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File of the suite's finished worlds; a run that was stopped goes on from it.",
)
@click.option(
    "--by",
    type=click.Choice(["band", "evidence"]),
    help="Show the suite's scores by size of company or kind of evidence.",
)
@click.option(
    "--figures",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to draw the suite's scores into (SVG).",
)
@compute_options
def calibrate(
    suite: bool,
    worlds: int | None,
    scenarios: tuple[str, ...],
    estimators: tuple[str, ...],
    methods: str | None,
    companies: int | None,
    profiles: int | None,
    draws: int,
    seed: int,
    keep: Path | None,
    by: str | None,
    figures: Path | None,
    compute: str,
    processes: int,
    engine: str,
) -> None:
    """Check the intervals on simulated worlds.

    Worlds with known truth are estimated from scratch; shown are coverage, interval score, bias
    of totals and rank histograms. With --suite every scenario is run, and beside the estimators
    an oracle and other people's methods.
    """
    console = open_console()
    announce = partial(console.print, markup=False, soft_wrap=True)
    kept = DEFAULT_WAREHOUSE.with_name("calibrate.ranges").resolve()
    if suite:
        if estimators:
            raise click.UsageError("With --suite say --methods, which may be others as well.")
        chosen = {"worlds": worlds, "companies": companies, "profiles": profiles}
        plan = suite_plan(scenarios, methods, draws=draws, seed=seed, **chosen)
        where = chosen_compute(compute, processes, engine, kept, announce)
        show_suite(plan, keep, where, console, by or "all", figures)
        return
    if methods or keep or by or figures:
        raise click.UsageError("--methods, --keep, --by and --figures go with --suite.")
    if len(scenarios) > 1:
        raise click.UsageError("Several scenarios go with --suite.")
    where = chosen_compute(compute, processes, engine, kept, announce)
    _show_study(
        console,
        where,
        worlds=worlds or 20,
        scenario=scenarios[0] if scenarios else "matched",
        estimators=estimators,
        companies=companies or 100,
        profiles=profiles or 20_000,
        draws=draws,
        seed=seed,
    )


def _show_study(
    console: Console,
    compute: Compute,
    *,
    worlds: int,
    scenario: str,
    estimators: tuple[str, ...],
    companies: int,
    profiles: int,
    draws: int,
    seed: int,
) -> None:
    from ml_headcount_assets.cli.progress import open_progress
    from ml_headcount_assets.cli.tables import rank_table, score_table
    from ml_headcount_assets.model import ESTIMATORS
    from ml_headcount_assets.validity.calibration_study import study_calibration

    chosen = estimators or tuple(ESTIMATORS)
    with open_progress(console) as progress:
        study = study_calibration(
            worlds=worlds,
            scenario=scenario,
            estimators=chosen,
            companies=companies,
            profiles=profiles,
            draws=draws,
            seed=seed,
            compute=compute,
            progress=lambda done, total: progress("worlds", done, total),
        )
    title = f"{how_many(worlds, 'world')} of {how_many(companies, 'company')}, scenario {scenario}"
    console.print(score_table(study.summary(), title=title, level=study.level))
    by_evidence = study.summary(by_evidence=True)
    title = "By kind of evidence"
    console.print(score_table(by_evidence, title=title, level=study.level, explained=False))
    console.print(rank_table({name: study.rank_histogram(name) for name in chosen}))
