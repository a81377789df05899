"""Tables of the history of what was published."""

from __future__ import annotations

import pandas as pd
from rich.table import Table
from rich.text import Text

from ml_headcount_assets.cli.tables import plain_table
from ml_headcount_assets.wording import count, how_many, interval, percent

__all__ = ["changes_table", "runs_table"]


def runs_table(runs: pd.DataFrame) -> Table:
    """Return one line per run, as `refreshes` has them."""
    columns = ("published (UTC)", ">total", ">interval", ">level", ">companies", "what had changed")
    table = plain_table("Runs that were published", columns, broken=(">interval",))
    for row in runs.itertuples():
        table.add_row(
            row.finished[:16].replace("T", " "),
            Text(count(row.median), style="bold"),
            interval(row.low, row.high),
            percent(row.level),
            count(row.companies),
            Text(_why(row.data, row.settings_changed, row.version_changed)),
        )
    return table


def changes_table(companies: pd.DataFrame, *, of: int) -> Table:
    """Return one line per company, as `changed_companies` has them."""
    title = f"Of {how_many(of, 'company')} the {len(companies)} that moved most in the last run"
    columns = ("company", ">before", ">interval", ">now", ">interval")
    table = plain_table(title, columns, broken=(">interval",))
    for row in companies.itertuples():
        table.add_row(
            Text(row.company_id),
            count(row.before),
            interval(row.low_before, row.high_before),
            Text(count(row.now), style="bold"),
            interval(row.low, row.high),
        )
    return table


def _why(data: str, settings: str, version: str) -> str:
    parts = (("data", data), ("settings", settings), ("version", version))
    return "; ".join(f"{name}: {what}" for name, what in parts if what)
