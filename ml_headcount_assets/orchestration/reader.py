"""What a recipe's functions see: the tables, settings and files that it declares, and no others.

Which these are does not belong here, nor does anything of Dagster.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from ml_headcount_assets.compute.protocol import Compute, Progress
from ml_headcount_assets.study import Study, StudyFiles
from ml_headcount_assets.warehouse.publish import Run
from ml_headcount_assets.warehouse.view import TableView

from .resources import ProgressListener

__all__ = ["Reader", "Surroundings", "narrowed"]

#: Fields of a study that tell where and which it is; results are no matter of them.
_ALWAYS_OPEN = frozenset({"directory", "name"})


@dataclass(frozen=True)
class Surroundings:
    """What recipes use besides what they read.

    Attributes
    ----------
    compute
        Where work is done.
    listener
        Is told how far it has come.
    tell
        Is told in words what is about to be done.
    run
        Which run this is.
    anew
        Whether to make also what has not changed.
    """

    compute: Compute
    listener: ProgressListener
    tell: Callable[[str], None]
    run: Run
    anew: bool = False

    def progress(self, stage: str) -> Progress:
        """Return whom to tell how far a stage has come."""
        return partial(self.listener, stage)


@dataclass(frozen=True)
class Reader(TableView):
    """The declared tables of a warehouse, and what else a recipe has been given to work with.

    Attributes
    ----------
    path, tables, companies
        As in `TableView`.
    study
        The study; whatever has not been declared of it cannot be read.
    around
        Where work is done, and whom to tell.
    obtained
        What the recipe has obtained from outside.
    """

    path: Path
    tables: Mapping[str, Sequence[str] | None]
    companies: Sequence[str] | None
    study: Study
    around: Surroundings
    obtained: Any = field(default=None)


def narrowed(study: Study, fields: Collection[str], roles: Collection[str]) -> Study:
    """Return a study of which only some fields, and files of some roles, can be read.

    Reading another one is a `LookupError`. That there are files of a role, or none, can be
    seen of every role, if there are roles at all.
    """
    kept = {*_ALWAYS_OPEN, *fields, *(("files",) if roles else ())}
    values = {name: getattr(study, name) for name in kept}
    if roles:
        values["files"] = _narrowed_files(study.files, roles)
    narrow = _NarrowStudy.model_construct(**values)
    for name in set(narrow.__dict__) - kept:  # defaults
        del narrow.__dict__[name]
    return narrow


def _narrowed_files(files: StudyFiles, roles: Collection[str]) -> StudyFiles:
    values: dict[str, Any] = {
        role: value if value is None or role in roles else _Closed(role) for role, value in files
    }
    return StudyFiles.model_construct(**values)


class _NarrowStudy(Study):
    """A study that lacks fields."""

    def __getattr__(self, name: str) -> Any:
        if name in Study.model_fields:
            raise LookupError(f"The study's {name!r} is read and not declared.")
        return super().__getattr__(name)  # type: ignore[misc]


class _Closed:
    """Stands for files that there are and that are not declared."""

    def __init__(self, role: str) -> None:
        self._role = role

    def __getattr__(self, name: str) -> Any:
        raise LookupError(f"The study's files of {self._role!r} are read and not declared.")
