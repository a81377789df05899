"""Options that several commands share, and what they choose."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ml_headcount_assets.errors import InputError

if TYPE_CHECKING:
    from ml_headcount_assets.compute.protocol import Compute
    from ml_headcount_assets.study import Study

__all__ = [
    "DEFAULT_WAREHOUSE",
    "chosen_compute",
    "compute_options",
    "refuse_other_study",
    "short_path",
    "study_option",
    "warehouse_option",
]

DEFAULT_WAREHOUSE = Path(".ml-headcount") / "warehouse"


def study_option(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the option --study."""
    return click.option(
        "--study",
        "directory",
        type=click.Path(path_type=Path, file_okay=False),
        required=True,
        help="Directory with the study's files.",
    )(command)


class _Folder(click.Path):
    """A path that leads somewhere; an empty one, as of a variable that is not set, does not."""

    name = "path"

    def convert(
        self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: Any
    ) -> str | bytes | os.PathLike[str]:
        if not os.fspath(value):
            self.fail("it is empty. Give the name of a folder.", param, ctx)
        try:
            Path(value).resolve()
        except (OSError, RuntimeError, ValueError) as error:  # a loop of links is a RuntimeError
            self.fail(f"it leads nowhere ({error}). Give another path.", param, ctx)
        return super().convert(value, param, ctx)


def warehouse_option(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the option --warehouse."""
    return click.option(
        "--warehouse",
        type=_Folder(path_type=Path),
        default=DEFAULT_WAREHOUSE,
        show_default=True,
        envvar="ML_HEADCOUNT_WAREHOUSE",
        show_envvar=True,
        help="The folder of the study's tables.",
    )(command)


def short_path(path: Path) -> str:
    """Write a path relative to where the user is, if it lies there."""
    resolved = path.resolve()
    return str(resolved.relative_to(Path.cwd()) if resolved.is_relative_to(Path.cwd()) else path)


def refuse_other_study(study: Study, warehouse: Path) -> None:
    """Keep a study from replacing the tables of another one by mistake.

    A warehouse whose settings have been lost takes any: which study it held cannot be told.
    """
    from ml_headcount_assets.warehouse.beside import kept_study, refuse_single_file

    refuse_single_file(warehouse)
    kept = kept_study(warehouse)
    if kept is not None and kept.name != study.name:
        raise InputError(
            f"{short_path(warehouse)} holds the study {kept.name!r}, not {study.name!r}. Give this"
            " one a warehouse of its own with --warehouse, or delete that folder."
        )


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
    chosen = choose_compute(
        name, processes=processes, engine=engine, kept=kept, hold=hold, announce=announce
    )
    chosen.check()
    return chosen
