"""The commands of a warehouse's life: history, forgetting persons, taking over old ones."""

from __future__ import annotations

from pathlib import Path

import click

from ml_headcount_assets.cli.options import short_path, warehouse_option
from ml_headcount_assets.cli.terminal import echo, open_console
from ml_headcount_assets.errors import InputError

__all__ = ["forget", "history", "migrate"]

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
    from ml_headcount_assets.warehouse.refreshes import changed_companies, refreshes

    console, results = open_console(), Published(warehouse)
    last_run(results)
    console.print(runs_table(refreshes(results).tail(_SHOWN_RUNS)))
    changed = changed_companies(results)
    if len(changed):
        console.print(changes_table(changed.head(_SHOWN_COMPANIES), of=len(changed)))


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
    from ml_headcount_assets.warehouse.beside import refuse_single_file, work_path
    from ml_headcount_assets.warehouse.forgetting import forget_person

    refuse_single_file(warehouse)
    if not work_path(warehouse).is_file():
        raise InputError(f"There is no warehouse at {short_path(warehouse)}.")
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
