"""The commands of a study's life: costs beforehand, estimating, looking, taking results out."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ml_headcount_assets.cli.options import (
    DEFAULT_WAREHOUSE,
    chosen_compute,
    compute_options,
    refuse_other_study,
    short_path,
    study_option,
    warehouse_option,
)
from ml_headcount_assets.cli.terminal import ask, echo, open_console
from ml_headcount_assets.wording import how_many

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

    from ml_headcount_assets.export import StudyResults
    from ml_headcount_assets.study import Study

__all__ = ["doctor", "export", "label", "label_cost", "run", "ui"]


_SHOWN_COMPANIES = 15


@click.command()
@study_option
@click.option("--config", help="Configuration in place of the directory's study.yaml.")
def doctor(directory: Path, config: str | None) -> None:
    """Tell what a study's files are, and what they allow.

    Nothing is computed, and nobody is asked. Of large files a sample is looked at. The
    exit status says whether a run would do: 0, or 2.
    """
    from ml_headcount_assets.cli.diagnosis import diagnosis_lines
    from ml_headcount_assets.labelling.diagnosis import diagnose
    from ml_headcount_assets.study import load_study

    console = open_console()
    found = diagnose(load_study(directory, config))
    for line in diagnosis_lines(found):
        console.print(line, soft_wrap=True)
    if not found.would_run:
        raise SystemExit(2)
    echo(f"A run would do: ml-headcount run --study {short_path(directory)}")


@click.command()
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
@click.option("--again", is_flag=True, help="Compute everything anew, also what has not changed.")
@click.option(
    "--sensitivity",
    is_flag=True,
    help="Find out as well what the estimates rest on: each source of uncertainty, other priors,"
    " less evidence. Everything is fitted several times over.",
)
@click.option(
    "--allow-key",
    "allowed",
    multiple=True,
    metavar="VARIABLE=HOST",
    help="Agree that the key in this environment variable goes to this host; it is remembered."
    " Without it, you are asked the first time. May be repeated.",
)
@compute_options
@warehouse_option
def run(
    directory: Path,
    config: str | None,
    companies: tuple[str, ...],
    estimators: tuple[str, ...],
    draws: int | None,
    seed: int | None,
    again: bool,
    sensitivity: bool,
    allowed: tuple[str, ...],
    compute: str,
    processes: int,
    engine: str,
    warehouse: Path,
) -> None:
    """Estimate a study and show what came out.

    Every table on the way is stored in the warehouse, and what readers open is replaced when all
    is finished. What has not changed since the last run is not computed again.
    """
    from ml_headcount_assets.orchestration.unchanged import is_published
    from ml_headcount_assets.study import load_study, with_choices

    study = with_choices(
        load_study(directory, config), estimators=estimators or None, draws=draws, seed=seed
    )
    refuse_other_study(study, warehouse)
    _agree_on_keys(study, allowed)
    console = open_console()
    if not (again or companies or sensitivity) and is_published(study, warehouse):
        results, _ = _published(warehouse)
        _show_results(console, results, None)
        _show_trust(console, results)
        echo(
            "Nothing has changed since this was published: files, settings and version are the"
            " same. --again computes it anew."
        )
        return
    _run(
        console,
        study,
        companies,
        again,
        sensitivity,
        config,
        (compute, processes, engine),
        warehouse,
    )


def _run(
    console: Console,
    study: Study,
    companies: tuple[str, ...],
    again: bool,
    sensitivity: bool,
    config: str | None,
    where: tuple[str, int, str],
    warehouse: Path,
) -> None:
    """Run a study and show what came out."""
    from ml_headcount_assets.cli.diagnosis import diagnosis_lines
    from ml_headcount_assets.cli.progress import open_progress
    from ml_headcount_assets.labelling.diagnosis import diagnose
    from ml_headcount_assets.orchestration.session import materialize_study
    from ml_headcount_assets.warehouse.beside import ranges_path

    announce = partial(console.print, markup=False, soft_wrap=True)
    if not companies:
        # All files are read for it, which takes longer than to refresh a few companies.
        for line in diagnosis_lines(diagnose(study)):
            console.print(line, soft_wrap=True)
    # What workers have found is needed until all of it is in the warehouse.
    chosen = chosen_compute(*where, ranges_path(warehouse.resolve()), announce, hold=True)
    with open_progress(console) as progress:
        summary = materialize_study(
            study,
            warehouse,
            companies=companies or None,
            compute=chosen,
            again=again,
            config=config,
            progress=progress,
            announce=announce,
            sensitivity=sensitivity,
        )
    results, _ = _published(warehouse)
    _show_results(console, results, summary.companies if companies else None)
    _show_trust(console, results)
    _show_unchanged(summary.unchanged, len(summary.companies))
    there = "" if warehouse == DEFAULT_WAREHOUSE else f" --warehouse {short_path(warehouse)}"
    echo(
        f"The tables are in {short_path(warehouse)}. Next: ml-headcount export --to DIR{there},"
        f" ml-headcount ui{there}"
    )


def _agree_on_keys(study: Study, allowed: tuple[str, ...]) -> None:
    """Note what the user agrees to, and ask about keys that the study would send.

    What is not agreed to is told by whoever needs the key.
    """
    from ml_headcount_assets.labelling.key_consent import KeyUse, allow_key, unallowed_keys

    for text in allowed:
        allow_key(KeyUse.parse(text))
    for use in unallowed_keys(study.annotators or ()):
        question = (
            f"The study {study.name} would send the key in the environment variable {use.variable}"
            f" to {use.host}. Is it meant for them?"
        )
        if ask(question):
            allow_key(use)


@click.command()
@study_option
@click.option("--config", help="Configuration in place of the directory's study.yaml.")
@warehouse_option
def label_cost(directory: Path, config: str | None, warehouse: Path) -> None:
    """Tell what asking LLMs for labels will cost.

    Nobody is asked. What has been answered before is not counted again.
    """
    from ml_headcount_assets.cli.progress import open_progress
    from ml_headcount_assets.ingest import study_annotators
    from ml_headcount_assets.ingest.text_sizes import text_sizes
    from ml_headcount_assets.labelling.llm_labels import costs_in_words, expected_costs
    from ml_headcount_assets.labelling.llm_sources import llm_sources
    from ml_headcount_assets.study import load_study
    from ml_headcount_assets.text.llm import AnswerStore
    from ml_headcount_assets.warehouse.beside import answers_path

    study = load_study(directory, config)
    sources = llm_sources(study, study_annotators(study))
    if not sources.asked:
        echo("No annotator of this study has an endpoint: nobody is asked, nothing is paid.")
        return
    with open_progress(open_console()) as progress:
        sizes = text_sizes(study, partial(progress, "measuring texts"))
    with AnswerStore(answers_path(warehouse)) as answers:
        costs = expected_costs(sources, sizes, answers)
        for line in costs_in_words(costs, answers.spent, study.spending_cap):
            echo(line)


@click.command()
@study_option
@click.option("--config", help="Configuration in place of the directory's study.yaml.")
@click.option(
    "--to-batch",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="New directory for the files of requests.",
)
@click.option(
    "--annotator", "names", multiple=True, help="Only this one that has 'batch'. May be repeated."
)
def label(directory: Path, config: str | None, folder: Path, names: tuple[str, ...]) -> None:
    """Write what LLMs are to be asked by batch jobs.

    It tells first what that will cost, and sends nothing. The results go under labels/NAME/.
    """
    from ml_headcount_assets.cli.progress import open_progress
    from ml_headcount_assets.labelling.batch_requests import plan_batches, write_batches
    from ml_headcount_assets.labelling.llm_labels import cost_in_words
    from ml_headcount_assets.study import load_study

    study = load_study(directory, config)
    with open_progress(open_console()) as progress:
        plan = plan_batches(study, names, partial(progress, "measuring texts"))
    for cost in plan.costs:
        echo(cost_in_words(cost))
    if plan.left_out:
        echo(f"Left out: {how_many(plan.left_out, 'text')}, empty or with instructions.")
    with open_progress(open_console()) as progress:
        written = write_batches(study, plan, folder, partial(progress, "writing requests"))
    for entry in plan.entries:
        files = ", ".join(short_path(path) for path in written[entry.name])
        echo(
            f"{entry.name}: {files or 'nothing to ask'}. Put the results, as they come, under"
            f" labels/{entry.name}/ in the study."
        )
    echo("The files hold the profiles' texts: whoever gets them can read these.")


@click.command()
@warehouse_option
@click.option("--port", type=click.IntRange(1, 65535), default=3000, show_default=True)
@click.option(
    "--study",
    "directory",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Directory with the study's files, if it has been moved since the last run.",
)
@click.option("--config", help="With --study: configuration in place of its study.yaml.")
@click.option("--read-only", is_flag=True, help="For readers: nothing can be started or changed.")
def ui(
    warehouse: Path, port: int, directory: Path | None, config: str | None, read_only: bool
) -> None:
    """Open Dagster's UI on a warehouse.

    It shows lineage, runs and checks, and listens on this machine only.
    """
    from ml_headcount_assets.orchestration.ui import serve_ui
    from ml_headcount_assets.warehouse.publish import Published, last_run

    last_run(Published(warehouse))
    echo("Starting the web interface takes about half a minute ...")
    shows = f"http://127.0.0.1:{port} shows {short_path(warehouse)}; Ctrl-C ends it."
    ready = partial(echo, shows)
    raise SystemExit(
        serve_ui(warehouse, directory, config, port=port, read_only=read_only, ready=ready)
    )


@click.command()
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
@click.option(
    "--figures",
    "form",
    type=click.Choice(["svg", "png", "pdf"]),
    help="Write every figure as a file, too, into the folder figures; takes Chromium or Chrome.",
)
@warehouse_option
def export(directory: Path, truth: Path | None, form: str | None, warehouse: Path) -> None:
    """Write tables and a report.

    The tables come as CSV, Parquet and Excel, with what their columns mean, the report as one
    HTML file that needs no network.
    """
    from ml_headcount_assets.export import write_report, write_tables
    from ml_headcount_assets.worlds.writing import read_truth

    results, study = _published(warehouse)
    known = None if truth is None else read_truth(truth)
    files = write_tables(results, directory)
    report = directory / "report.html"
    write_report(results, study, report, truth=known)
    echo(
        f"Wrote {how_many(len(files), 'table')} to {short_path(directory)}, and the report"
        f" {short_path(report)}"
    )
    if form is not None:
        _write_figures(results, directory / "figures", form, known)


def _write_figures(
    results: StudyResults, folder: Path, form: str, truth: pd.DataFrame | None
) -> None:
    from ml_headcount_assets.cli.progress import open_progress
    from ml_headcount_assets.export.pictures import write_pictures
    from ml_headcount_assets.export.study_figures import study_figures

    figures = study_figures(results, truth)
    with open_progress(open_console()) as progress:
        files = write_pictures(figures.drawn, folder, form, partial(progress, "figures"))
    echo(
        f"Wrote {how_many(len(files), 'figure')} to {short_path(folder)};"
        f" {how_many(len(figures.left_out), 'has', 'have')} nothing to show"
    )


def _published(warehouse: Path) -> tuple[StudyResults, Study]:
    """Return what is published, and the configuration that it was made with."""
    from ml_headcount_assets.export import read_results
    from ml_headcount_assets.warehouse.publish import Published, published_study

    published = Published(warehouse)
    study = published_study(published)
    return read_results(published, study.estimators), study


def _show_results(console: Any, results: StudyResults, companies: tuple[str, ...] | None) -> None:
    """Print the companies asked for (or the largest ones), the totals, and what was odd."""
    from ml_headcount_assets.cli.tables import (
        company_table,
        counts_line,
        group_table,
        rejects_table,
    )

    level, table = results.level, results.headline
    title = f"Machine-learning experts by {results.headline_estimator}"
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


def _show_trust(console: Any, results: StudyResults) -> None:
    """Print what the headline rests on, if that is known, and what speaks against it."""
    from rich.text import Text

    from ml_headcount_assets.cli.tables import budget_table, sensitivity_table

    budget, moved = (results.of_total(name) for name in ("uncertainty_budget", "prior_sensitivity"))
    if len(budget):
        console.print(budget_table(budget))
    if len(moved):
        console.print(sensitivity_table(moved))
    found = [("Warning", each) for each in results.warnings()]
    found += [("Doubt", each) for each in results.doubts()]
    for kind, sentence in found:
        console.print(Text.assemble((kind, "yellow"), f": {sentence}"), soft_wrap=True)
    if not found:
        echo("Nothing that was checked speaks against the estimate.")


def _show_unchanged(unchanged: dict[str, int], companies: int) -> None:
    kept = unchanged.get("headcount_draws", 0)
    if kept:
        echo(f"Unchanged and not computed again: {kept} of {how_many(companies, 'company')}.")
