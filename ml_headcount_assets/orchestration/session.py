"""Running a study from Python: one call, in this process, recorded where the UI shows it."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import ValidationError

from ml_headcount_assets.compute.local import LocalCompute
from ml_headcount_assets.compute.modal.compute import ModalCompute
from ml_headcount_assets.compute.protocol import Compute
from ml_headcount_assets.errors import ComputeError, InputError
from ml_headcount_assets.ingest import company_slug, normalise_company_id, read_companies
from ml_headcount_assets.study import Study
from ml_headcount_assets.warehouse.store import TableStore

from .assets.calibrate import annotators_recipe
from .assets.keywords import discovery_recipe
from .build import build_definitions
from .instance import keep_study, kept_study, open_instance
from .jobs import calibration, keyword_discovery, refresh_company, whole_study
from .partitions import contiguous_ranges, range_tags, sync_companies
from .recipes import compare_stored
from .resources import (
    Announcer,
    ProgressListener,
    StudyResource,
    WarehouseResource,
    no_announcement,
    no_progress,
)
from .run_lock import only_run
from .sources import observations

__all__ = ["RunSummary", "Warned", "discovery_is_current", "materialize_study"]

_SESSION_TAG = "ml_headcount/session"
#: The choices in a study's configuration that estimates depend on.
_OF_ESTIMATES = (
    *("estimators", "preset", "draws", "seed"),
    *("level", "layers", "priors", "six_dimensional"),
)
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class Warned:
    """A check that found something to warn about."""

    asset: str
    check: str
    message: str


@dataclass(frozen=True)
class RunSummary:
    """What a run did.

    Attributes
    ----------
    warehouse
        The DuckDB file that holds the tables.
    run_ids
        Dagster's ids of the runs; one, for a whole study.
    companies
        Partition keys of the companies that were brought up to date.
    unchanged
        For each asset: of how many companies the stored rows were kept (of the cohort: 0 or 1).
    warnings
        What the checks warned about.
    """

    warehouse: Path
    run_ids: tuple[str, ...]
    companies: tuple[str, ...]
    unchanged: dict[str, int] = field(default_factory=dict)
    warnings: tuple[Warned, ...] = ()


def materialize_study(
    study: Study,
    warehouse: Path | str,
    *,
    companies: Sequence[str] | None = None,
    estimators: Sequence[str] | None = None,
    draws: int | None = None,
    progress: ProgressListener | None = None,
    announce: Announcer | None = None,
    compute: Compute | None = None,
    keywords: bool = False,
) -> RunSummary:
    """Bring a study's warehouse up to date; what has not changed is not computed again.

    Parameters
    ----------
    study
        The study.
    warehouse
        The DuckDB file; made if it is not there. Dagster's files lie beside it.
    companies
        Ids of the companies to refresh, leaving the others and the cohort's draws as they are
        (which are made first, if the warehouse has none); None for everything.
    estimators, draws
        Replace those of the study.
    progress
        Is told ``(stage, done, total)``.
    announce
        Is told what asking LLMs will cost, before they are asked.
    compute
        Where the draws are computed; None for this process.
    keywords
        Discover keywords in the rated CVs, and estimate nothing.

    Raises
    ------
    InputError, ComputeError
        The study cannot be used, or a stage failed; the message is that of the stage. What was
        stored before stays as it was, and the call can be repeated.
    """
    warehouse = Path(warehouse).resolve()
    study = _with_choices(study, estimators, draws)
    if keywords:
        study = _as_estimated(study, warehouse)
    with only_run(warehouse), open_instance(warehouse) as instance:
        _close_interrupted_runs(instance)
        session = _Session(
            study,
            warehouse,
            instance,
            {
                "progress": progress or no_progress,
                "announce": announce or no_announcement,
                "compute": compute or LocalCompute(),
            },
        )
        order = sync_companies(instance, read_companies(study)[0]["company"].tolist())
        for observation in observations(study):
            instance.report_runless_asset_event(observation)
        if companies is None:
            wanted = list(order)
            job = keyword_discovery if keywords else whole_study
            session.run(job.name, order[0], order[-1])
        else:
            wanted = [_find_company(company, order) for company in companies]
            if not session.is_calibrated():
                session.run(calibration.name, order[0], order[-1])
            for first, last in contiguous_ranges(order, wanted):
                session.run(refresh_company.name, first, last)
        if isinstance(compute, ModalCompute):
            # What its workers have found is in the warehouse now; after a whole run, so is what
            # earlier runs have left behind.
            compute.settle(everything=companies is None and not keywords)
        return session.summary(wanted)


def discovery_is_current(study: Study, warehouse: Path) -> bool:
    """Whether the warehouse's keywords were discovered from the study's rated CVs as they are.

    The settings of the discovery do not matter: whoever chose others than the study's meant it.

    Raises
    ------
    InputError
        There is no warehouse, or the study cannot be read.
    """
    kept = kept_study(warehouse)
    if kept is not None:
        study = study.model_copy(update={"keywords": kept.keywords})
    store = TableStore(warehouse)
    with store.snapshot() as snapshot:
        return not compare_stored(snapshot, discovery_recipe(store, study), None).misses


def _with_choices(study: Study, estimators: Sequence[str] | None, draws: int | None) -> Study:
    choices = {
        **({} if estimators is None else {"estimators": tuple(estimators)}),
        **({} if draws is None else {"draws": draws}),
    }
    try:
        return Study.model_validate({**study.model_dump(exclude_unset=True), **choices})
    except ValidationError as error:
        messages = [found["msg"].removeprefix("Value error, ") for found in error.errors()]
        raise InputError("; ".join(messages)) from error


def _as_estimated(study: Study, warehouse: Path) -> Study:
    """Return the study with the choices that the warehouse's estimates were made with.

    They stay on record when something else is brought up to date.
    """
    kept = kept_study(warehouse)
    if kept is None:
        return study
    return study.model_copy(update={name: getattr(kept, name) for name in _OF_ESTIMATES})


def _find_company(company: str, registered: Sequence[str]) -> str:
    """Return the partition key of a company that is given by its id or key."""
    for key in (company, company_slug(normalise_company_id(company))):
        if key in registered:
            return key
    near = get_close_matches(company, registered, n=1)
    hint = f" Is it {near[0]!r}?" if near else ""
    raise InputError(f"Company {company!r} is not in the study's company table.{hint}")


def _close_interrupted_runs(instance: dg.DagsterInstance) -> None:
    """Mark runs of sessions that were killed as failed, lest the UI show them running for ever.

    Whoever calls this holds the warehouse, so that none of them can still be at work.
    """
    unfinished = dg.RunsFilter(
        tags={_SESSION_TAG: "true"},
        statuses=[
            dg.DagsterRunStatus.NOT_STARTED,
            dg.DagsterRunStatus.STARTING,
            dg.DagsterRunStatus.STARTED,
            dg.DagsterRunStatus.CANCELING,
        ],
    )
    for run in instance.get_runs(unfinished):
        instance.report_run_failed(run, "The process that ran this was interrupted.")


class _Session:
    """Runs of one study on one instance."""

    def __init__(
        self,
        study: Study,
        warehouse: Path,
        instance: dg.DagsterInstance,
        resources: Mapping[str, Any],
    ) -> None:
        self.study, self.warehouse, self.instance = study, warehouse, instance
        home = keep_study(study, warehouse)
        self.definitions = build_definitions(
            resources={
                "study": StudyResource(directory=str(home)),
                "warehouse": WarehouseResource(path=str(warehouse)),
                **resources,
            }
        )
        self.results: list[dg.ExecuteInProcessResult] = []

    def run(self, job: str, first: str, last: str) -> None:
        """Run a job for the companies from `first` to `last`."""
        run_id = str(uuid.uuid4())
        try:
            result = self.definitions.resolve_job_def(job).execute_in_process(
                instance=self.instance,
                run_id=run_id,
                tags={_SESSION_TAG: "true", **range_tags(first, last)},
                run_config=_QUIET,
            )
        except dg.DagsterExecutionInterruptedError as error:
            raise KeyboardInterrupt from error
        except dg.DagsterError as error:
            raise self._explain(run_id, error) from error
        self.results.append(result)

    def _explain(self, run_id: str, error: Exception) -> Exception:
        """Return what blocking checks found, if that is what ended the run; else the error."""
        records = self.instance.event_log_storage.get_records_for_run(
            run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION
        ).records
        evaluations = [
            record.event_log_entry.get_dagster_event().asset_check_evaluation_data
            for record in records
        ]
        found = [
            f"{evaluation.asset_key.to_user_string()}: {evaluation.description}"
            for evaluation in evaluations
            if evaluation.blocking and not evaluation.passed
        ]
        return ComputeError("\n".join(found)) if found else error

    def is_calibrated(self) -> bool:
        """Whether the warehouse has the cohort's draws, made with the study's settings.

        Raises
        ------
        InputError
            It has draws made with other settings, or from other rated CVs.
        """
        store = TableStore(self.warehouse)
        if not self.warehouse.is_file():
            return False
        with store.snapshot() as snapshot:
            if not snapshot.has("cohort_fit"):
                return False
            if compare_stored(snapshot, annotators_recipe(store, self.study), None).misses:
                raise InputError(
                    "The warehouse was calibrated with other settings, or from other rated CVs. "
                    "Draws of one company cannot be added to those of the others then: run the "
                    "whole study, without naming companies, or give another warehouse."
                )
        return True

    def summary(self, companies: Sequence[str]) -> RunSummary:
        """Return what the runs have done."""
        unchanged: Counter[str] = Counter()
        for result in self.results:
            kept = {}
            for event in result.get_asset_materialization_events():
                made = event.step_materialization_data.materialization
                # All companies of a run report the same number: any of them speaks for all.
                kept[made.asset_key.to_user_string()] = _kept(made)
            unchanged.update(kept)
        evaluations = {
            (e.asset_key, e.check_name): e
            for result in self.results
            for e in result.get_asset_check_evaluations()
        }
        return RunSummary(
            self.warehouse,
            tuple(result.run_id for result in self.results),
            tuple(companies),
            dict(unchanged),
            tuple(
                Warned(e.asset_key.to_user_string(), e.check_name, e.description or "")
                for e in evaluations.values()
                if not e.passed
            ),
        )


def _kept(made: dg.AssetMaterialization) -> int:
    value = made.metadata["unchanged"].value
    return value if isinstance(value, int) else 0
