"""The command line.

Commands import what they need when they are called: Dagster and pandas take a second to load,
and ``--help`` should not have to wait for them.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ml_headcount_assets.cli_compute import chosen_compute, compute_options
from ml_headcount_assets.cli_keywords import keywords
from ml_headcount_assets.cli_warehouse import DEFAULT_WAREHOUSE, study_option
from ml_headcount_assets.cli_warehouse import last_study as _last_study
from ml_headcount_assets.cli_warehouse import refuse_other_study as _refuse_other_study
from ml_headcount_assets.cli_warehouse import short_path as _short
from ml_headcount_assets.cli_warehouse import warehouse_option as _warehouse_option
from ml_headcount_assets.errors import HeadcountError

if TYPE_CHECKING:
    from ml_headcount_assets.export import StudyResults

__all__ = ["main"]

_SHOWN_COMPANIES = 15


class _Problem(click.ClickException):
    """An error the user can act on: one paragraph and status 2."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        click.echo(f"Error: {self.message}", err=True)


class _Commands(click.Group):
    """Commands in the order of a study's life, with the package's errors told in words."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except HeadcountError as error:
            raise _Problem(str(error)) from error


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="ml-headcount-assets", prog_name="ml-headcount")
def main() -> None:
    """Estimate how many machine-learning experts companies employ, with honest intervals."""


@main.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Directory to write the study to; an earlier simulated study is replaced.",
)
@click.option("--scenario", default="matched", show_default=True, help="What kind of world.")
@click.option(
    "--companies", type=click.IntRange(1), default=403, show_default=True, help="How many."
)
@click.option(
    "--profiles", type=click.IntRange(1), default=250_000, show_default=True, help="How many."
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Random seed.")
@click.option(
    "--raw", is_flag=True, help="Write texts of profiles and answers of LLMs instead of labels."
)
def simulate(out: Path, scenario: str, companies: int, profiles: int, seed: int, raw: bool) -> None:
    """Write a study with known truth.

    It has the file formats of a real study, so that estimates can be tried and checked.
    """
    from ml_headcount_assets.model import simulate_study
    from ml_headcount_assets.worlds import TRUTH_PATH, write_world

    world = simulate_study(scenario, companies, profiles, seed)
    kind = "raw" if raw else "labelled"
    click.echo(f"Writing {len(world.profiles):,} {kind} profiles ...", err=True)
    directory = write_world(world, out, raw_profiles=raw)
    click.echo(
        f"Wrote {len(world.companies):,} companies, {len(world.profiles):,} {kind} profiles and"
        f" {len(world.validation):,} rated CVs to {_short(directory)}"
        f" (scenario {scenario}, seed {seed}).\n"
        f"The true counts are in {_short(directory / TRUTH_PATH)}; no run reads them."
    )


@main.command()
@study_option
@click.option(
    "--config",
    help="Configuration in place of the directory's study.yaml: a path, or the name of one that"
    " comes with the package, such as schons-2026.yaml.",
)
@click.option(
    "--company", "companies", multiple=True, help="Refresh this company only. May be repeated."
)
@click.option(
    "--estimator",
    "estimators",
    multiple=True,
    help="Estimator in place of the study's; the first is the headline. May be repeated.",
)
@click.option("--draws", type=click.IntRange(2), help="Number of draws in place of the study's.")
@click.option("--seed", type=click.IntRange(0), help="Random seed in place of the study's.")
@compute_options
@_warehouse_option
def run(
    directory: Path,
    config: str | None,
    companies: tuple[str, ...],
    estimators: tuple[str, ...],
    draws: int | None,
    seed: int | None,
    compute: str,
    processes: int,
    engine: str,
    warehouse: Path,
) -> None:
    """Estimate a study and show what came out.

    Every table on the way is stored in the warehouse. What has not changed since the last run is
    not computed again.
    """
    from rich.console import Console
    from rich.text import Text

    from ml_headcount_assets.compute.choice import kept_beside
    from ml_headcount_assets.console import open_progress
    from ml_headcount_assets.orchestration.session import materialize_study
    from ml_headcount_assets.study import load_study

    study = load_study(directory, config)
    if seed is not None:
        study = study.model_copy(update={"seed": seed})
    _refuse_other_study(study, warehouse)
    console = Console()
    announce = partial(console.print, markup=False, soft_wrap=True)
    # What workers have found is needed until all of it is in the warehouse.
    chosen = chosen_compute(
        compute, processes, engine, kept_beside(warehouse.resolve()), announce, hold=True
    )
    with open_progress(console) as progress:
        summary = materialize_study(
            study,
            warehouse,
            companies=companies or None,
            estimators=estimators or None,
            draws=draws,
            compute=chosen,
            progress=progress,
            announce=announce,
        )
    results = _results(warehouse)
    _show_results(console, results, summary.companies if companies else None)
    for warned in summary.warnings:
        text = Text.assemble(("Warning", "yellow"), f" ({warned.asset}): {warned.message}")
        console.print(text, soft_wrap=True)
    _show_unchanged(summary.unchanged, len(summary.companies))
    click.echo(f"The tables are in {_short(warehouse)}. Next: ml-headcount export, ml-headcount ui")


@main.command()
@study_option
@click.option("--config", help="Configuration in place of the directory's study.yaml.")
@_warehouse_option
def label_cost(directory: Path, config: str | None, warehouse: Path) -> None:
    """Tell what asking LLMs for labels will cost.

    Nobody is asked. What has been answered before is not counted again.
    """
    from rich.console import Console

    from ml_headcount_assets.console import open_progress
    from ml_headcount_assets.ingest.text_sizes import text_sizes
    from ml_headcount_assets.llm_labels import costs_in_words, expected_costs
    from ml_headcount_assets.llm_sources import llm_sources
    from ml_headcount_assets.study import load_study
    from ml_headcount_assets.text.llm import AnswerStore, answers_path

    study = load_study(directory, config)
    sources = llm_sources(study)
    if not sources.asked:
        click.echo("No annotator of this study has an endpoint: nobody is asked, nothing is paid.")
        return
    with open_progress(Console()) as progress:
        sizes = text_sizes(study, partial(progress, "measuring texts"))
    with AnswerStore(answers_path(warehouse)) as answers:
        costs = expected_costs(sources, sizes, answers)
        for line in costs_in_words(costs, answers.spent, study.spending_cap):
            click.echo(line)


main.add_command(keywords)


@main.command()
@_warehouse_option
@click.option("--port", type=click.IntRange(1, 65535), default=3000, show_default=True)
def ui(warehouse: Path, port: int) -> None:
    """Open Dagster's UI on a warehouse.

    It shows lineage, runs and checks, and listens on this machine only.
    """
    from ml_headcount_assets.orchestration.ui import serve_ui

    _last_study(warehouse)
    click.echo(f"http://127.0.0.1:{port} shows {_short(warehouse)} in a moment; Ctrl-C ends it.")
    raise SystemExit(serve_ui(warehouse, port=port))


@main.command()
@click.option(
    "--to",
    "directory",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Directory to write to; files of the same names are replaced.",
)
@click.option(
    "--truth",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="True counts of a simulated study, drawn beside the estimates.",
)
@_warehouse_option
def export(directory: Path, truth: Path | None, warehouse: Path) -> None:
    """Write tables and a report.

    The tables come as CSV, Parquet and Excel, the report as one HTML file that needs no network.
    """
    from ml_headcount_assets.export import write_report, write_tables
    from ml_headcount_assets.worlds import read_truth

    results = _results(warehouse)
    known = None if truth is None else read_truth(truth)
    files = write_tables(results, directory)
    report = directory / "report.html"
    write_report(results, report, truth=known)
    click.echo(f"Wrote {len(files)} tables to {_short(directory)}, and the report {_short(report)}")


@main.command()
@click.option(
    "--truth",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    required=True,
    help="True counts of a simulated study: truth/truth.csv in its directory.",
)
@_warehouse_option
def compare(truth: Path, warehouse: Path) -> None:
    """Compare estimates with a known truth."""
    import pandas as pd
    from rich.console import Console

    from ml_headcount_assets.console import score_table
    from ml_headcount_assets.model.scoring import score_companies, summarise_scores
    from ml_headcount_assets.warehouse.records import result_of
    from ml_headcount_assets.warehouse.store import TableStore
    from ml_headcount_assets.worlds import read_truth

    study, known = _last_study(warehouse), read_truth(truth)
    draws = TableStore(warehouse).read("headcount_draws")
    scores = pd.concat(
        score_companies(
            result_of(draws[draws["estimator"] == estimator]), known, level=study.level
        ).assign(estimator=estimator)
        for estimator in study.estimators
    )
    summary = summarise_scores(scores, "estimator", level=study.level)
    title = "Compared with the true counts"
    Console().print(score_table(summary, title=title, level=study.level))


@main.command()
@click.option("--worlds", type=click.IntRange(1), default=20, show_default=True, help="How many.")
@click.option("--scenario", default="matched", show_default=True, help="What kind of worlds.")
@click.option(
    "--estimator", "estimators", multiple=True, help="May be repeated; all, if not given."
)
@click.option(
    "--companies", type=click.IntRange(1), default=100, show_default=True, help="Per world."
)
@click.option(
    "--profiles", type=click.IntRange(1), default=20_000, show_default=True, help="Per world."
)
@click.option("--draws", type=click.IntRange(2), default=400, show_default=True, help="Per world.")
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the first world."
)
@compute_options
def calibrate(
    worlds: int,
    scenario: str,
    estimators: tuple[str, ...],
    companies: int,
    profiles: int,
    draws: int,
    seed: int,
    compute: str,
    processes: int,
    engine: str,
) -> None:
    """Check the intervals on simulated worlds.

    Worlds with known truth are estimated from scratch; shown are coverage, interval score, bias
    of totals and rank histograms.
    """
    from rich.console import Console

    from ml_headcount_assets.console import open_progress, rank_table, score_table
    from ml_headcount_assets.model import ESTIMATORS
    from ml_headcount_assets.model.calibration_study import study_calibration

    console = Console()
    chosen = estimators or ESTIMATORS
    announce = partial(console.print, markup=False, soft_wrap=True)
    kept = DEFAULT_WAREHOUSE.with_name("calibrate.ranges").resolve()
    where = chosen_compute(compute, processes, engine, kept, announce)
    with open_progress(console) as progress:
        study = study_calibration(
            worlds=worlds,
            scenario=scenario,
            estimators=chosen,
            companies=companies,
            profiles=profiles,
            draws=draws,
            seed=seed,
            compute=where,
            progress=lambda done, total: progress("worlds", done, total),
        )
    title = f"{worlds} worlds of {companies} companies, scenario {scenario}"
    console.print(score_table(study.summary(), title=title, level=study.level))
    by_evidence = study.summary(by_evidence=True)
    title = "By kind of evidence"
    console.print(score_table(by_evidence, title=title, level=study.level, explained=False))
    console.print(rank_table({name: study.rank_histogram(name) for name in chosen}))


def _results(warehouse: Path) -> StudyResults:
    from ml_headcount_assets.export import read_results
    from ml_headcount_assets.warehouse.store import TableStore

    return read_results(TableStore(warehouse), _last_study(warehouse))


def _show_results(console: Any, results: StudyResults, companies: tuple[str, ...] | None) -> None:
    """Print the companies asked for (or the largest ones), the totals, and what was odd."""
    from ml_headcount_assets.console import company_table, counts_line, group_table, rejects_table

    level, table = results.study.level, results.headline
    title = f"Machine-learning experts by {results.study.headline}"
    if companies is None:
        table, title = table.head(_SHOWN_COMPANIES), f"{title}, the largest of {len(table)}"
    else:
        table = table[table["company"].isin(companies)]
    console.print(company_table(table, title=title, level=level))
    console.print(group_table(results.totals(), title="All companies together", level=level))
    console.print(counts_line("Confidence", results.confidence_counts()), soft_wrap=True)
    if results.flag_counts():
        console.print(counts_line("Flags", results.flag_counts()), soft_wrap=True)
    if len(results.rejects):
        console.print(rejects_table(results.reject_counts()))


def _show_unchanged(unchanged: dict[str, int], companies: int) -> None:
    kept = unchanged.get("headcount_draws", 0)
    if kept:
        click.echo(f"{kept} of {companies} companies were unchanged and not computed again.")
