"""Running a study from Python: one call, in this process, recorded where the UI shows it.

What is shown of it afterwards does not belong here.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import dagster as dg

from ml_headcount_assets.compute.local import LocalCompute
from ml_headcount_assets.compute.protocol import Compute
from ml_headcount_assets.errors import ComputeError, InputError
from ml_headcount_assets.ingest import (
    company_keys,
    company_slug,
    normalise_company_id,
    read_rated_cvs,
)
from ml_headcount_assets.study import Study, with_choices
from ml_headcount_assets.warehouse.beside import home_of, keep_study, kept_study, work_path
from ml_headcount_assets.warehouse.store import TableStore

from .abandoned import close_abandoned
from .alerts import tell_failure
from .assets.calibrate import ANNOTATOR_FIT, ANNOTATOR_SUMMARY
from .assets.keywords import DISCOVERY
from .build import RECIPES, build_definitions
from .history import history_told
from .instance import CODE_LOCATION, open_instance
from .jobs import calibration, keyword_discovery, refresh_company, whole_study
from .jobs import sensitivity as sensitivity_job
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
from .stages import KEYWORDS

__all__ = [
    "RunSummary",
    "Warned",
    "discover_study_keywords",
    "discovery_is_current",
    "materialize_study",
]

#: The UI lists a run under its job if it is of a code location that it knows.
_OF_THE_CODE_LOCATION = {".dagster/repository": f"__repository__@{CODE_LOCATION['location_name']}"}
#: The choices in a study's configuration that estimates depend on.
_OF_ESTIMATES = (
    *("estimators", "preset", "draws", "seed"),
    *("level", "layers", "priors", "six_dimensional", "ratings_are_random", "effort"),
)
#: What a discovery has seen of the rated CVs, besides their labels.
_SEEN = ["rated_id", "is_expert", "text_hash"]
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
        The folder that holds the tables.
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
    again: bool = False,
    config: Path | str | None = None,
    sensitivity: bool = False,
) -> RunSummary:
    """Bring a study's estimates up to date; what has not changed is not computed again.

    Parameters
    ----------
    study
        The study.
    warehouse
        The folder; made if it is not there. Dagster's files lie in it.
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
    again
        Whether to make everything anew, also what has not changed; of `companies`, all that is
        theirs alone. What LLMs have answered is not asked again.
    config
        What the study was loaded with in place of its directory's own configuration: the UI
        goes by that afterwards.
    sensitivity
        Find out as well what the estimates rest on, which fits everything several times over.

    Raises
    ------
    InputError, ComputeError
        The study cannot be used, or a stage failed; the message is that of the stage. What was
        stored before stays as it was, and the call can be repeated.
    """
    study = with_choices(study, estimators=estimators, draws=draws)
    # A company alone is made anew on what all of them share, which is left as it is.
    anew = again and companies is not None
    with _session(study, warehouse, progress, announce, compute, config, anew=anew) as session:
        if again and not anew:
            session.forget()
        if companies is None:
            summary = session.run_all(whole_study.name, settle_everything=True)
            return session.run_all(sensitivity_job.name) if sensitivity else summary
        wanted = [_find_company(company, session.order) for company in companies]
        if not session.is_calibrated():
            session.run(calibration.name, session.order[0], session.order[-1])
        for first, last in contiguous_ranges(session.order, wanted):
            session.run(refresh_company.name, first, last)
        session.compute.settle()
        return session.summary(wanted)


def discover_study_keywords(
    study: Study,
    warehouse: Path | str,
    *,
    progress: ProgressListener | None = None,
    announce: Announcer | None = None,
    compute: Compute | None = None,
    config: Path | str | None = None,
) -> RunSummary:
    """Discover keywords in a study's rated CVs, and estimate nothing.

    The choices that the warehouse's estimates were made with stay on record.

    Parameters
    ----------
    study, warehouse, progress, announce, compute, config
        As in `materialize_study`.

    Raises
    ------
    InputError, ComputeError
        As in `materialize_study`.
    """
    study = _as_estimated(study, Path(warehouse).resolve())
    with _session(study, warehouse, progress, announce, compute, config) as session:
        return session.run_all(keyword_discovery.name)


@contextmanager
def _session(
    study: Study,
    warehouse: Path | str,
    progress: ProgressListener | None,
    announce: Announcer | None,
    compute: Compute | None,
    config: Path | str | None,
    *,
    anew: bool = False,
) -> Iterator[_Session]:
    """Hold a warehouse and open what is needed for runs on it."""
    warehouse = Path(warehouse).resolve()
    home = home_of(warehouse)
    with only_run(warehouse), history_told(home), open_instance(warehouse) as instance:
        close_abandoned(instance)
        yield _Session(
            study,
            warehouse,
            instance,
            config=config,
            anew=anew,
            progress=progress or no_progress,
            announce=announce or no_announcement,
            compute=compute or LocalCompute(),
        )


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
    with TableStore(warehouse).snapshot() as snapshot:
        stored = snapshot.read("rated_cvs", columns=_SEEN)
        outdated = compare_stored(snapshot, DISCOVERY, study).misses
    rated, _, _ = read_rated_cvs(study)
    as_it_is = rated.sort_values("rated_id", ignore_index=True)[_SEEN]
    same = as_it_is.to_numpy().tolist() == stored.to_numpy().tolist()
    return same and not outdated


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


class _Session:
    """Runs of one study on one instance."""

    def __init__(
        self,
        study: Study,
        warehouse: Path,
        instance: dg.DagsterInstance,
        *,
        config: Path | str | None,
        anew: bool,
        compute: Compute,
        **resources: Any,
    ) -> None:
        self.study, self.warehouse, self.instance = study, warehouse, instance
        self.compute = compute
        home = keep_study(study, warehouse, config)
        self.definitions = build_definitions(
            resources={
                "study": StudyResource(directory=str(home), make_anew=anew),
                "warehouse": WarehouseResource(path=str(warehouse)),
                "compute": compute,
                **resources,
            }
        )
        self.results: list[dg.ExecuteInProcessResult] = []
        self.order = sync_companies(instance, company_keys(study))
        for observation in observations(study):
            instance.report_runless_asset_event(observation)

    def forget(self) -> None:
        """Forget what results were made from, but for discovered keywords, a job of their own."""
        with TableStore(self.warehouse).transaction() as transaction:
            for recipe in RECIPES:
                if recipe.stage != KEYWORDS:
                    transaction.forget(recipe.asset)

    def run_all(self, job: str, *, settle_everything: bool = False) -> RunSummary:
        """Run a job for all companies, and return what it did."""
        self.run(job, self.order[0], self.order[-1])
        # What workers have found is in the warehouse now; after a run of everything, so is what
        # earlier runs have left behind.
        self.compute.settle(everything=settle_everything)
        return self.summary(self.order)

    def run(self, job: str, first: str, last: str) -> None:
        """Run a job for the companies from `first` to `last`."""
        run_id = str(uuid.uuid4())
        try:
            result = self.definitions.resolve_job_def(job).execute_in_process(
                instance=self.instance,
                run_id=run_id,
                tags={**_OF_THE_CODE_LOCATION, **range_tags(first, last)},
                run_config=_QUIET,
            )
        except dg.DagsterExecutionInterruptedError as error:
            raise KeyboardInterrupt from error
        except dg.DagsterError as error:
            explained = self._explain(run_id, error)
            tell_failure(self.instance, run_id, explained)
            raise explained from error
        except Exception as error:
            tell_failure(self.instance, run_id, error)
            raise
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
        if not work_path(self.warehouse).is_file():
            return False
        with TableStore(self.warehouse).snapshot() as snapshot:
            if not snapshot.has("cohort_fit"):
                return False
            # The latter has the level, which other companies' intervals have been made at.
            shared = (ANNOTATOR_FIT, ANNOTATOR_SUMMARY)
            if any(compare_stored(snapshot, recipe, self.study).misses for recipe in shared):
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
