"""What assets are handed: the study, its warehouse, where to compute, whom to tell.

What one asset may use of these does not belong here: see `reader`.
"""

import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import dagster as dg
from pydantic import Field, PrivateAttr

from ml_headcount_assets.compute.choice import (
    COMPUTE_VARIABLE,
    ENGINE_VARIABLE,
    PROCESSES_VARIABLE,
    choose_compute,
)
from ml_headcount_assets.compute.protocol import Compute
from ml_headcount_assets.errors import InputError
from ml_headcount_assets.study import Study, load_study, with_choices
from ml_headcount_assets.warehouse.beside import ranges_path
from ml_headcount_assets.warehouse.store import TableStore

from .abandoned import close_abandoned, note_holder
from .run_lock import only_run

STUDY_VARIABLE = "ML_HEADCOUNT_STUDY"
CONFIG_VARIABLE = "ML_HEADCOUNT_CONFIG"
WAREHOUSE_VARIABLE = "ML_HEADCOUNT_WAREHOUSE"


class StudyResource(dg.ConfigurableResource):
    """The study to be estimated, and what one run may choose otherwise than its configuration."""

    directory: str | None = Field(default=None, description="Directory of the study's files.")
    config: str | None = Field(
        default=None,
        description="Its configuration, if that is not the directory's own study.yaml.",
    )
    draws: int | None = Field(
        default=None, description="Joint draws, in place of those of the configuration."
    )
    seed: int | None = Field(
        default=None, description="Seed, in place of that of the configuration."
    )
    estimators: list[str] | None = Field(
        default=None,
        description="Estimators, the headline first, in place of those of the configuration.",
    )
    make_anew: bool = Field(
        default=False,
        description="Make everything that this run is of, also what has not changed. LLMs are not"
        " asked again.",
    )
    on_request: bool = Field(
        default=False,
        description="Make keywords (which need the extra of this name) and sensitivity (which"
        " takes long) together with the estimates, too. Runs of their own make them anyway.",
    )
    _loaded: Study | None = PrivateAttr(default=None)

    @classmethod
    def holding(cls, study: Study) -> "StudyResource":
        """Return a resource that has a study already."""
        resource = cls(directory=str(study.directory))
        resource._loaded = study
        return resource

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Begin a run: the configuration is read when it is first asked for."""
        self._loaded = None

    def load(self) -> Study:
        """Return the study, as its configuration was when a run first asked for it.

        It may be edited while the run lasts; tables of two configurations would not go together.

        Raises
        ------
        InputError
            No study has been given, or it cannot be used.
        """
        if not self.directory:
            raise InputError(
                f"No study is given. Set the environment variable {STUDY_VARIABLE} to the study's "
                f"directory (and {CONFIG_VARIABLE} to its configuration, if that is not the "
                "directory's own study.yaml), or start with: ml-headcount run --study DIR"
            )
        if self._loaded is None:
            self._loaded = with_choices(
                load_study(self.directory, self.config),
                estimators=self.estimators,
                draws=self.draws,
                seed=self.seed,
            )
        return self._loaded


class WarehouseResource(dg.ConfigurableResource):
    """The study's warehouse, a folder, held by one run at a time."""

    path: str | None = None

    @property
    def store(self) -> TableStore:
        """The tables.

        Raises
        ------
        InputError
            No warehouse has been given.
        """
        if not self.path:
            raise InputError(
                f"No warehouse is given. Set the environment variable {WAREHOUSE_VARIABLE} to the "
                "folder that is to hold the tables, or start with: ml-headcount run"
            )
        return TableStore(self.path)

    @contextmanager
    def yield_for_execution(
        self, context: dg.InitResourceContext
    ) -> Generator["WarehouseResource", None, None]:
        """Hold the warehouse while a run lasts, and close the runs that have ended untold."""
        if not self.path:
            yield self
            return
        with only_run(Path(self.path)):
            if context.run is not None and context.instance is not None:
                note_holder(context.instance, context.run.run_id)
                close_abandoned(context.instance, but=context.run.run_id)
            yield self


class ProgressListener(Protocol):
    """Is told how far the work has come."""

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Hear that `done` of `total` pieces of a stage's work are done."""


def no_progress(stage: str, done: int, total: int) -> None:
    """Tell nobody."""


class Announcer(Protocol):
    """Is told in words what is about to be done, where somebody may want to know beforehand."""

    def __call__(self, line: str) -> None:
        """Hear one line."""


def no_announcement(line: str) -> None:
    """Tell nobody."""


def _compute_from(environment: Mapping[str, str]) -> Compute:
    processes = environment.get(PROCESSES_VARIABLE) or "0"
    if not processes.isdecimal():
        raise InputError(f"{PROCESSES_VARIABLE} must be a whole number, not {processes!r}.")
    warehouse = environment.get(WAREHOUSE_VARIABLE)
    return choose_compute(
        environment.get(COMPUTE_VARIABLE) or "local",
        processes=int(processes),
        engine=environment.get(ENGINE_VARIABLE) or "auto",
        kept=ranges_path(Path(warehouse)) if warehouse else None,
        environment=environment,
    )


def resources_from(environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Return the resources that the environment describes.

    What is missing there is asked for when an asset needs it, so that the definitions load
    without a study.
    """
    return {
        "study": StudyResource(
            # A variable that is set to nothing is as good as none.
            directory=environment.get(STUDY_VARIABLE) or None,
            config=environment.get(CONFIG_VARIABLE) or None,
        ),
        "warehouse": WarehouseResource(path=environment.get(WAREHOUSE_VARIABLE) or None),
        "compute": _compute_from(environment),
        "progress": no_progress,
        "announce": no_announcement,
    }
