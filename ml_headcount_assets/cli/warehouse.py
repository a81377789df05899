"""The commands of a warehouse's life: what changed since the last refresh, taking over old ones."""

from __future__ import annotations

from pathlib import Path

import click

from ml_headcount_assets.cli.options import short_path, warehouse_option

__all__ = ["history", "migrate"]

_SHOWN_RUNS, _SHOWN_COMPANIES = 12, 15


@click.command()
@warehouse_option
def history(warehouse: Path) -> None:
    """Show what was published when, and why it changed.

    Of every run that was published: the total, and what of the data, the settings and the version
    had changed since the run before. Then which companies moved most in the last run.
    """
    from rich.console import Console

    from ml_headcount_assets.cli.history_tables import changes_table, runs_table
    from ml_headcount_assets.warehouse.publish import Published, last_run
    from ml_headcount_assets.warehouse.refreshes import changed_companies, refreshes

    console, results = Console(), Published(warehouse)
    last_run(results)
    console.print(runs_table(refreshes(results).tail(_SHOWN_RUNS)))
    changed = changed_companies(results)
    if len(changed):
        console.print(changes_table(changed.head(_SHOWN_COMPANIES), of=len(changed)))


@click.command()
@click.argument("old", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@warehouse_option
def migrate(old: Path, warehouse: Path) -> None:
    """Take over a warehouse of an earlier version, which is one file, into a folder.

    What was labelled, asked and computed comes along, and is not done again. The old file stays.
    """
    from ml_headcount_assets.warehouse.migration import migrate_warehouse

    migrate_warehouse(old, warehouse)
    click.echo(
        f"{short_path(warehouse)} holds what {short_path(old)} does. Nothing is published yet."
        " Next: ml-headcount run --study DIR. After that the old file, and what lies beside it"
        " under its name, can be deleted: it holds people's texts."
    )
