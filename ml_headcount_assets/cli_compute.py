"""The options --compute, --processes and --engine, and what they choose."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ml_headcount_assets.model import Compute

__all__ = ["chosen_compute", "compute_options"]


def compute_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options --compute, --processes and --engine."""
    where = click.option(
        "--compute",
        type=click.Choice(["local", "modal"]),
        default="local",
        show_default=True,
        envvar="ML_HEADCOUNT_COMPUTE",
        show_envvar=True,
        help="Where the work is done: on this machine, or on Modal's.",
    )
    how_many = click.option(
        "--processes",
        type=click.IntRange(0),
        default=0,
        envvar="ML_HEADCOUNT_PROCESSES",
        show_envvar=True,
        help="Processes on this machine, in place of threads of one.",
    )
    engine = click.option(
        "--engine",
        type=click.Choice(["auto", "numpy", "torch", "cuda"]),
        default="auto",
        show_default=True,
        envvar="ML_HEADCOUNT_ENGINE",
        show_envvar=True,
        help="Library of the kernels; cuda is torch on a GPU.",
    )
    return where(how_many(engine(command)))


def chosen_compute(
    name: str,
    processes: int,
    engine: str,
    kept: Path,
    announce: Callable[[str], None],
    hold: bool = False,
) -> Compute:
    """Return where the work is done, having made sure that it can begin.

    Parameters
    ----------
    name, processes, engine
        What the options say.
    kept, hold, announce
        As in `ModalCompute`.
    """
    from ml_headcount_assets.compute.choice import choose_compute

    if name == "local":
        return choose_compute(name, processes=processes, engine=engine)
    from ml_headcount_assets.compute.modal_compute import ModalCompute

    chosen = choose_compute(
        name, processes=processes, engine=engine, kept=kept, hold=hold, announce=announce
    )
    if isinstance(chosen, ModalCompute):
        chosen.check()
    return chosen
