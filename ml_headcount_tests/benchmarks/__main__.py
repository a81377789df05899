"""Measure, and print a table: ``make bench``."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from ml_headcount_assets.worlds.simulation import simulate_study

from .growth import growth
from .kernels import kernels, what_is_missing
from .keywords import keywords
from .measurements import (
    Measurement,
    against_the_published_one,
    command_line,
    estimate_at_paper_scale,
    headcount_stage,
    reference_tables,
)
from .raw_profiles import raw_profiles
from .vendors import vendors

_REFERENCE = Path(__file__).resolve().parents[2].parent / "shared" / "reference-study"
_DIGITS = {"s": ".3g", "µs": ".3g", "GB": ".2f", "x": ",.3g", "/s": ",.3g", "": ".2g"}


def measure(console: Console) -> Iterator[Measurement]:
    """Yield the measurements; it takes a few minutes."""
    yield from kernels()
    if missing := what_is_missing():
        console.print(missing)
    if _REFERENCE.is_dir():
        yield from against_the_published_one(reference_tables(_REFERENCE))
    else:
        console.print("Without ../shared/reference-study the published study is left out.")
    world = simulate_study()
    yield estimate_at_paper_scale(world)
    yield headcount_stage()
    with tempfile.TemporaryDirectory() as work:
        yield from command_line(Path(work), world)
        yield from raw_profiles(Path(work), world)
        yield from vendors(Path(work))
        yield from keywords(Path(work), world)
    yield from growth()


def _write(value: float, unit: str) -> str:
    return f"{value:,.0f} {unit}" if value >= 1000 else f"{value:{_DIGITS[unit]}} {unit}"


def main() -> None:
    """Print one line per measurement."""
    console = Console()
    table = Table(box=box.SIMPLE_HEAD)
    for heading, justify in (("measured", "left"), ("", "right"), ("goal", "right"), ("", "left")):
        table.add_column(heading, justify=justify)  # type: ignore[arg-type]
    with console.status("measuring ..."):
        for line in measure(console):
            bound = "at least" if line.at_least else "at most"
            table.add_row(
                line.what,
                _write(line.value, line.unit),
                "" if line.goal is None else f"{bound} {_write(line.goal, line.unit)}",
                "" if line.goal is None else "reached" if line.reached else "[bold]missed[/]",
            )
    console.print(table)


if __name__ == "__main__":
    main()
