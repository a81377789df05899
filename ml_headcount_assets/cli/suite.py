"""The validity suite on the command line: what is to run, and what it shows."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ml_headcount_assets.cli.options import short_path
from ml_headcount_assets.wording import how_many

if TYPE_CHECKING:
    from rich.console import Console

    from ml_headcount_assets.compute.protocol import Compute
    from ml_headcount_assets.validity.suite import SuitePlan
    from ml_headcount_assets.validity.suite_scores import SuiteScores

__all__ = ["show_suite", "suite_plan"]


def suite_plan(
    scenarios: tuple[str, ...],
    methods: str | None,
    *,
    draws: int,
    seed: int,
    **chosen: int | None,
) -> SuitePlan:
    """Return what the options say; those that are None are the suite's own choice."""
    from ml_headcount_assets.validity.methods import methods_here
    from ml_headcount_assets.validity.suite import SuitePlan
    from ml_headcount_assets.worlds.scenarios import SCENARIOS

    names = [name.strip() for name in methods.split(",")] if methods else methods_here()
    return SuitePlan(
        scenarios=scenarios or tuple(SCENARIOS),
        methods=tuple(names),
        draws=draws,
        seed=seed,
        **{name: value for name, value in chosen.items() if value is not None},
    )


def show_suite(
    plan: SuitePlan,
    keep: Path | None,
    compute: Compute,
    console: Console,
    by: str,
    figures: Path | None,
) -> None:
    """Run what is left of the suite, print a table a scenario, and draw figures if asked."""
    from ml_headcount_assets.cli.progress import open_progress
    from ml_headcount_assets.cli.tables import plain_table, suite_table
    from ml_headcount_assets.validity.peers import PEERS
    from ml_headcount_assets.validity.suite import run_suite
    from ml_headcount_assets.worlds.scenarios import SCENARIOS

    with open_progress(console) as progress:
        scores = run_suite(
            plan,
            keep,
            compute=compute,
            progress=lambda done, total: progress("worlds", done, total),
        )
    summary = scores.summary(by)
    for number, scenario in enumerate(plan.scenarios):
        lines = summary[summary["scenario"] == scenario]
        title = f"{scenario}: {SCENARIOS[scenario].description}"
        console.print(suite_table(lines, title=title, explained=number == 0))
    peers = plain_table("Other people's methods", ("method", "what it is", "has no answer to"))
    for name, peer in PEERS.items():
        missing = "" if peer.is_installed else " (not installed)"
        peers.add_row(name + missing, peer.gives, peer.cannot)
    console.print(peers)
    for scenario, names in scores.silent().items():
        console.print(
            f"{scenario} cannot be answered well, and {', '.join(names)} did not say so.",
            markup=False,
            style="red",
        )
    for name, failure in scores.failures().items():
        console.print(f"{name} has failed, last with {failure}", markup=False, style="red")
    if figures is not None:
        _write_figures(scores, figures, console)


def _write_figures(scores: SuiteScores, folder: Path, console: Console) -> None:
    from ml_headcount_assets.cli.progress import open_progress
    from ml_headcount_assets.export.pictures import write_pictures
    from ml_headcount_assets.figures.of_suite import suite_figures
    from ml_headcount_assets.model import ESTIMATORS

    summary = scores.summary()
    answered = [name for name in ESTIMATORS if not summary.empty and name in {*summary["method"]}]
    drawn = suite_figures(summary, answered[0]) if answered else []
    with open_progress(console) as progress:
        files = write_pictures(drawn, folder, "svg", partial(progress, "figures"))
    console.print(f"Wrote {how_many(len(files), 'figure')} to {short_path(folder)}", markup=False)
