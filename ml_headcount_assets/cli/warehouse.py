"""The commands of a warehouse's life: history, forgetting persons, taking over old ones."""

from __future__ import annotations

from pathlib import Path

import click

from ml_headcount_assets.cli.options import short_path, warehouse_option
from ml_headcount_assets.cli.terminal import echo, open_console
from ml_headcount_assets.errors import InputError
from ml_headcount_assets.wording import how_many

__all__ = ["backup", "forget", "history", "housekeeping", "migrate", "restore"]

_SHOWN_RUNS, _SHOWN_COMPANIES = 12, 15


@click.command()
@warehouse_option
def history(warehouse: Path) -> None:
    """Show what was published when, and why it changed.

    Of every run that was published: the total, and what of the data, the settings and the version
    had changed since the run before. Then which companies moved most in the last run.
    """
    from ml_headcount_assets.cli.history_tables import changes_table, runs_table
    from ml_headcount_assets.warehouse.publish import Published, last_run
    from ml_headcount_assets.warehouse.refreshes import (
        changed_companies,
        moved_companies,
        refreshes,
    )

    console, results = open_console(), Published(warehouse)
    last_run(results)
    console.print(runs_table(refreshes(results).tail(_SHOWN_RUNS)))
    changed = changed_companies(results)
    moved = moved_companies(changed)
    if len(moved):
        console.print(changes_table(moved.head(_SHOWN_COMPANIES), of=len(changed)))
    elif len(changed):
        echo("No company's estimate moved in the last run.")


@click.command()
@click.argument("person", metavar="ID")
@click.option(
    "--everywhere",
    is_flag=True,
    help="All is this person's, if several companies, or profiles and rated CVs, have the id.",
)
@warehouse_option
def forget(person: str, everywhere: bool, warehouse: Path) -> None:
    """Take a person out of the warehouse, and keep the person out of the next delivery.

    ID is that of a profile or of a rated CV, in any spelling. Nothing of the study's own files is
    touched, nor of what was exported.
    """
    from ml_headcount_assets.orchestration.run_lock import only_run
    from ml_headcount_assets.warehouse.forgetting import forget_person

    _refuse_none(warehouse)
    with only_run(warehouse):
        erased = forget_person(warehouse, person, everywhere=everywhere)
    if erased.rows:
        rows = ", ".join(f"{name} {number}" for name, number in erased.rows.items())
        echo(
            f"Rows that are gone: {rows}; answers of LLMs: {erased.answers}; verdicts of raters:"
            f" {erased.verdicts}."
        )
    else:
        echo("No row of any table was about this person.")
    echo(
        "Whoever has this id is left out of the next runs. The person is still in the study's own"
        " files, and was counted in what is published: remove the person there, then recompute"
        " with: ml-headcount run --study DIR"
    )


@click.command()
@click.argument("old", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@warehouse_option
def migrate(old: Path, warehouse: Path) -> None:
    """Take over a warehouse of an earlier version, which is one file, into a folder.

    What was labelled, asked and computed comes along, and is not done again. The old file stays.
    """
    from ml_headcount_assets.warehouse.migration import migrate_warehouse

    migrate_warehouse(old, warehouse)
    echo(
        f"{short_path(warehouse)} holds what {short_path(old)} does. Nothing is published yet."
        " Next: ml-headcount run --study DIR. After that the old file, and what lies beside it"
        " under its name, can be deleted: it holds people's texts."
    )


@click.command()
@click.option(
    "--days",
    type=click.FloatRange(min=0),
    default=90,
    show_default=True,
    help="How long a run stays in Dagster's records after its end.",
)
@warehouse_option
def housekeeping(days: float, warehouse: Path) -> None:
    """Remove old runs from Dagster's records, and give back free room in the files.

    No table, answer or published result is touched, nor the history of what was published.
    """
    from ml_headcount_assets.orchestration.housekeeping import keep_house
    from ml_headcount_assets.orchestration.run_lock import only_run

    _refuse_none(warehouse)
    with only_run(warehouse):
        done = keep_house(warehouse, days)
    echo(f"Runs removed: {done.runs}; room given back: {done.freed / 1e6:,.1f} MB.")
    if done.in_use:
        echo(f"In use, and as they were: {', '.join(done.in_use)}. Close ml-headcount ui for them.")


@click.command()
@click.argument("target", metavar="NEW_FOLDER", type=click.Path(path_type=Path))
@warehouse_option
def backup(target: Path, warehouse: Path) -> None:
    """Copy a warehouse into a new folder, each file whole and with its hash.

    The copy holds people's texts as the warehouse does: keep it as safe, and no longer. The study's
    own files are not in it.
    """
    from ml_headcount_assets.orchestration.run_lock import only_run
    from ml_headcount_assets.warehouse.backup import back_up

    _refuse_none(warehouse)
    with only_run(warehouse):
        files = back_up(warehouse, target)
    echo(f"{short_path(target)} holds {how_many(files, 'file')} of {short_path(warehouse)}.")


@click.command()
@click.argument("source", metavar="BACKUP", type=click.Path(path_type=Path, exists=True))
@click.option("--replace", is_flag=True, help="Put it in the place of a warehouse that is there.")
@warehouse_option
def restore(source: Path, replace: bool, warehouse: Path) -> None:
    """Make a warehouse of a backup; every file is compared with its hash first.

    Persons who were forgotten since the backup are taken out of it. BACKUP can also be the one file
    that warehouses of earlier versions were.
    """
    from ml_headcount_assets.orchestration.run_lock import only_run
    from ml_headcount_assets.warehouse.backup import bring_back

    if warehouse.exists():
        if not replace:
            raise InputError(
                f"{short_path(warehouse)} is there already. Give another --warehouse, or --replace"
                " to put the backup in its place."
            )
        with only_run(warehouse):
            forgotten = bring_back(source, warehouse)
    else:
        forgotten = bring_back(source, warehouse)
    echo(f"{short_path(warehouse)} is as it was when {short_path(source)} was made.")
    if forgotten:
        echo(f"Persons forgotten since then, and taken out again: {forgotten}. Run the study anew.")


def _refuse_none(warehouse: Path) -> None:
    from ml_headcount_assets.warehouse.beside import refuse_single_file, work_path

    refuse_single_file(warehouse)
    if not work_path(warehouse).is_file():
        raise InputError(f"There is no warehouse at {short_path(warehouse)}.")
