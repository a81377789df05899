"""What a study's files are and what they allow, found out before anything is computed.

Nothing is stored, nobody is asked, and of large files a sample is looked at. Whatever would
stop a run is found here, as far as files and settings can tell; all of it, and not the first only.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import pandas as pd

from ..compute.protocol import Progress
from ..errors import InputError
from ..ingest import read_companies, read_profile_labels, read_rated_cvs, study_annotators
from ..ingest.batch_results import batch_folders, read_batch_results
from ..ingest.companies import read_sizes
from ..ingest.company_counts import COUNTS
from ..ingest.file_forms import FileForm
from ..ingest.profile_look import PeopleFound, look_at_profiles
from ..ingest.strangers import strangers
from ..ingest.tables import TableFile, read_entry
from ..ingest.text_files import copy_beginning
from ..model import Annotator
from ..model.estimators import estimator_of
from ..model.evidence import AGGREGATES, NONE, PROFILES
from ..model.study_evidence import StudyEvidence
from ..study import TEXT_EXTENSIONS, Study
from ..text.recipe import text_fields
from ..warehouse.records import company_table
from ..wording import how_many, lines_in_words
from .llm_labels import refuse_results_of_nobody
from .llm_sources import LlmSources, llm_annotator, llm_sources

__all__ = ["Diagnosis", "LabelsFound", "diagnose"]

#: Of a larger file of labels only the beginning is looked at.
_LARGEST_LABELS = 8 << 20
_LOOKED_AT_LINES = 20_000
_FEWEST_RATED = 30
_MOST_JOINS = 3
#: Share of profiles without content from which on it is told.
_MANY_EMPTY = 0.2

_Found = TypeVar("_Found")


@dataclass(frozen=True)
class LabelsFound:
    """Where an annotator's labels come from.

    Attributes
    ----------
    annotator, kind
        Its name, and "filter" or "llm".
    source
        Where they come from, in words.
    """

    annotator: str
    kind: str
    source: str


@dataclass(frozen=True)
class Diagnosis:
    """What was found of a study.

    Attributes
    ----------
    study
        Its name.
    files
        The files, each in which form.
    companies
        How many companies there are of each kind, in words.
    rated
        How many rated experts and others there are, in words.
    people
        The people, and how they are known; None if there is nobody that can be read.
    labels
        Where each annotator's labels come from.
    joins
        What did not match, with what it is most like.
    notes
        What was read in one of several ways, or is lost.
    supports
        The kinds of estimates that are possible, each with its number of companies.
    warnings, problems
        What makes the estimates weak, and what would stop a run.
    """

    study: str
    files: tuple[FileForm, ...] = ()
    companies: str = ""
    rated: str = ""
    people: PeopleFound | None = None
    labels: tuple[LabelsFound, ...] = ()
    joins: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    supports: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def would_run(self) -> bool:
        """Whether a run would come to its end, as far as can be told."""
        return not self.problems


def diagnose(
    study: Study,
    progress: Progress | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Diagnosis:
    """Look at a study's files.

    Parameters
    ----------
    study
        The study.
    progress
        Is told how many of the steps are done, of how many.
    environment
        Where the keys of services are.
    """
    examination = _Examination(study, environment)
    steps = (
        examination.annotators,
        examination.companies,
        examination.rated,
        examination.people,
        examination.labels,
        examination.support,
    )
    for number, step in enumerate(steps):
        if progress:
            progress(number, len(steps))
        step()
    if progress:
        progress(len(steps), len(steps))
    return examination.result()


class _Examination:
    """The steps of a diagnosis; each leaves what later ones need."""

    def __init__(self, study: Study, environment: Mapping[str, str]) -> None:
        self._study, self._environment = study, environment
        self._files: list[FileForm] = []
        self._labels: list[LabelsFound] = []
        self._joins: list[str] = []
        self._notes: list[str] = []
        self._supports: list[str] = []
        self._warnings: list[str] = []
        self._problems: list[str] = []
        self._annotators: tuple[Annotator, ...] | None = None
        self._companies: pd.DataFrame | None = None
        self._counts = pd.DataFrame()
        self._rated: pd.DataFrame | None = None
        self._rated_labels = pd.DataFrame()
        self._people: PeopleFound | None = None

    def result(self) -> Diagnosis:
        """Return what was found."""
        return Diagnosis(
            study=self._study.name,
            files=tuple(self._files),
            companies=_companies_in_words(self._companies),
            rated=_rated_in_words(self._rated),
            people=self._people,
            labels=tuple(self._labels),
            joins=tuple(self._joins),
            notes=tuple(dict.fromkeys(self._notes)),
            supports=tuple(self._supports),
            warnings=tuple(self._warnings),
            problems=tuple(dict.fromkeys(self._problems)),
        )

    def annotators(self) -> None:
        """Find out who the annotators are."""
        self._annotators = self._attempt(lambda: study_annotators(self._study))

    def companies(self) -> None:
        """Read the company table."""
        entry = self._study.files.companies
        columns = {*entry.columns.model_dump().values(), *(entry.hits or {}).values()}
        for pair in (entry.accepted or {}).values():
            columns |= {pair.accepted, pair.labelled}
        columns |= {f"{each.name}_{what}" for each in self._annotators or () for what in COUNTS}
        self._look_at(entry, columns)
        if self._annotators is None:  # whose counts there are cannot be told
            sizes = self._attempt(lambda: read_sizes(self._study))
            found = None if sizes is None else (sizes[0], self._counts, sizes[1])
        else:
            found = self._attempt(lambda: read_companies(self._study, self._annotators))
        if found is not None:
            self._companies, self._counts, rejects = found
            self._note(rejects)

    def rated(self) -> None:
        """Read the rated CVs, and see that they tell the annotators apart from chance."""
        entry = self._study.files.validation
        self._look_at(entry, {*entry.columns.model_dump().values(), *self._label_columns()})
        if self._annotators is None:
            return
        found = self._attempt(lambda: read_rated_cvs(self._study))
        if found is None:
            return
        self._rated, self._rated_labels, rejects = found
        self._note(rejects)
        experts = int(self._rated["is_expert"].sum())
        if min(experts, len(self._rated) - experts) < _FEWEST_RATED:
            self._warnings.append(
                f"Fewer than {_FEWEST_RATED} rated CVs of a class: the intervals will be very wide."
                " Rate more."
            )
        for name in _no_better_than_chance(self._rated, self._rated_labels):
            self._problems.append(
                f"{entry.path.name}: {name} accepts rated experts no more often than other CVs. Its"
                " labels may be swapped; correct them, or leave the annotator out of study.yaml."
            )

    def people(self) -> None:
        """Look at the profiles, or at their labels."""
        if self._companies is None:
            return
        if self._study.files.profiles is not None:
            companies = self._companies
            found = self._attempt(lambda: look_at_profiles(self._study, companies))
            if found is not None:
                self._people = found.people
                self._files += found.forms
                self._warnings += found.left_out
                self._warn_of_content(found.people)
                self._note(found.rejects)
        elif self._annotators is not None:
            self._attempt(self._labelled_profiles)

    def _warn_of_content(self, people: PeopleFound) -> None:
        here = int(people.at_companies.sum())
        empty = here - (people.with_content or 0)
        if empty > _MANY_EMPTY * here:
            self._warnings.append(
                f"{empty:,} of {how_many(here, 'profile')} say nothing of the person's work"
                " (nothing but the"
                " employer's name, asterisks or dashes): their labels will be missing. Ask the"
                " vendor for complete records."
            )

    def _labelled_profiles(self) -> None:
        entry = self._study.files.profile_labels
        if entry is None or self._companies is None or self._annotators is None:
            return
        with _beginning_of(entry.path) as (path, is_part):
            beginning = entry.model_copy(update={"path": path})
            files = self._study.files.model_copy(update={"profile_labels": beginning})
            part = self._study.model_copy(update={"files": files})
            labelled = self._label_columns()
            known = {*entry.columns.model_dump().values(), *labelled}
            self._look_at(beginning, known, labelled, is_part=is_part)
            labels, rejects = read_profile_labels(
                part, self._companies["company_id"], self._annotators
            )
        self._note(rejects)
        one = labels[labels["annotator"] == labels["annotator"].iloc[0]]
        self._people = PeopleFound(
            records=len(one),
            is_part=is_part,
            people=len(one),
            at_companies=one["company"].value_counts(),
            labelled=_labelled(labels),
        )
        for name, given in labels.groupby("annotator")["label"]:
            share = given.notna().mean()
            self._labels_from_files(str(name), f"{share:.0%} of the profiles have one")

    def labels(self) -> None:
        """See where the labels come from."""
        if self._study.files.profiles is None or self._annotators is None:
            return
        annotators = self._annotators
        for each in annotators:
            if each.kind == "filter":
                self._labels.append(LabelsFound(each.name, "filter", "its keyword rule"))
        sources = self._attempt(lambda: llm_sources(self._study, annotators))
        if sources is not None:
            self._asked(sources)
            for name in sources.imported:
                self._attempt(lambda name=name: self._imported(name))  # type: ignore[misc]

    def _asked(self, sources: LlmSources) -> None:
        for entry in sources.asked:
            self._attempt(lambda entry=entry: llm_annotator(entry, self._environment))  # type: ignore[misc]
            where = f"to be asked: {entry.model} (label-cost tells the price)"
            self._labels.append(LabelsFound(entry.name, "llm", where))

    def _imported(self, name: str) -> None:
        results = read_batch_results(self._study, name)
        self._files += results.forms
        self._note(results.rejects)
        labels = pd.concat([results.by_person["label"], results.by_text["label"]])
        self._labels.append(
            LabelsFound(
                name,
                "llm",
                f"results of batch jobs: {how_many(labels.notna().sum(), 'verdict')},"
                f" {labels.isna().sum():,}"
                " without one",
            )
        )
        if self._people is not None and not self._people.is_part and self._rated is not None:
            known = {*self._people.ids, *self._rated["rated_id"]}
            folder = batch_folders(self._study)[name]
            lost = strangers(f"labels/{folder.name}", results.by_person["profile_id"], known)
            self._note(lost)
        if results.by_text.empty:  # else it takes the texts to tell whose they are
            self._attempt(lambda: self._refuse_of_nobody(name, results.by_person))

    def _refuse_of_nobody(self, name: str, by_person: pd.DataFrame) -> None:
        """Raise what a run would, if results have nobody of the profiles, or of the rated CVs."""
        results = by_person.rename(columns={"profile_id": "key"})
        results = results.assign(annotator=name, about="person")
        if self._people is not None and not self._people.is_part:
            profiles = pd.DataFrame({"profile_id": sorted(self._people.ids)}).assign(text_hash="")
            refuse_results_of_nobody(results, [name], profiles, "profile_id")
        if self._rated is not None and name not in set(self._rated_labels["annotator"]):
            refuse_results_of_nobody(results, [name], self._rated, "rated_id")

    def support(self) -> None:
        """See which estimates are possible, if all that they rest on could be read."""
        companies, people, annotators = self._companies, self._people, self._annotators
        if companies is None or people is None or not annotators:
            return
        evidence = _evidence(companies, self._counts, people, annotators)
        estimator = estimator_of(self._study.estimators[0])
        kinds = self._attempt(lambda: estimator.kinds(evidence, self._study.settings()))
        if kinds is None:
            return
        counted = {kind: f"{kinds.count(kind):,}" for kind in (AGGREGATES, NONE)}
        profiled = how_many(kinds.count(PROFILES), "company")
        least, most = ("at least ", "at most ") if people.is_part else ("", "")
        self._supports.append(f"from profiles: {least}{profiled}")
        self._supports.append(f"from counts alone: {most}{counted[AGGREGATES]}")
        self._supports.append(f"none: {most}{counted[NONE]}")
        if not people.is_part and set(kinds) == {NONE}:
            self._warnings.append("No company has labelled profiles or counts.")

    def _attempt(self, step: Callable[[], _Found]) -> _Found | None:
        """Return what a step finds; None if it would stop a run, which is noted."""
        try:
            return step()
        except InputError as error:
            self._problems.append(str(error))
            return None

    def _look_at(
        self,
        entry: TableFile,
        used: set[str],
        labels: Collection[str] = (),
        *,
        is_part: bool = False,
    ) -> None:
        """Note the form of a table; what is wrong with it, its reader says."""
        try:
            table = read_entry(entry, labels)
        except InputError as error:
            self._files.append(FileForm(entry.path.name, "cannot be read"))
            self._problems.append(str(error))
            return
        used = used | set(text_fields(table.columns))
        # Without annotators any other column may be that of one.
        others = () if self._annotators is None else tuple(table.columns)
        self._files.append(
            replace(
                table.form,
                records=None if is_part else table.form.records,
                fields_used=tuple(name for name in table.columns if name in used),
                fields_unused=tuple(name for name in others if name not in used),
            )
        )

    def _label_columns(self) -> set[str]:
        listed = {entry.source_column for entry in self._study.annotators or ()}
        return listed | {each.name for each in self._annotators or ()}

    def _labels_from_files(self, name: str, how_many: str) -> None:
        kinds = {each.name: each.kind for each in self._annotators or ()}
        self._labels.append(LabelsFound(name, kinds.get(name, ""), f"in the files; {how_many}"))

    def _note(self, rejects: pd.DataFrame) -> None:
        """Put rejects into words: what did not match, and one example of each other kind."""
        unmatched = rejects["reason"].str.contains("has no row in the company table|have no row")
        strangers_ = rejects["reason"].str.contains("of no profile and no rated CV")
        apart = unmatched.fillna(False) | strangers_.fillna(False)
        counted = rejects[apart].groupby("reason", sort=False).size().sort_values(ascending=False)
        self._joins += list(counted.index[:_MOST_JOINS])
        if len(counted) > _MOST_JOINS:
            self._joins.append(f"and {len(counted) - _MOST_JOINS:,} more that did not match")
        others = rejects[~apart]
        for (source, field, reason), rows in others.groupby(
            ["source_file", "field", "reason"], sort=False
        ):
            # Where a look begins within a large file, nobody counts lines.
            where = lines_in_words(rows["line"].where(rows["line"] > 0))
            where = f", {where}" if rows["line"].notna().any() else ""
            what = "" if field.startswith("(") else f", {field}"
            self._notes.append(f"{source}{where}{what}: {reason}")


def _evidence(
    companies: pd.DataFrame,
    counts: pd.DataFrame,
    people: PeopleFound,
    annotators: Sequence[Annotator],
) -> StudyEvidence:
    """Return what is known of the companies, as if all annotators had labelled all people."""
    ids = companies.set_index("company")["company_id"]
    patterns = pd.DataFrame(
        {
            "company_id": ids.reindex(people.labelled.index).to_numpy(),
            "pattern": "1" * len(annotators),
            "n_profiles": people.labelled.to_numpy(),
        }
    )
    return StudyEvidence(tuple(annotators), patterns, company_table(companies, counts))


def _no_better_than_chance(rated: pd.DataFrame, labels: pd.DataFrame) -> list[str]:
    """Return the annotators that accept as many of the others as of the experts, or more."""
    known = labels.dropna(subset="label").merge(rated[["rated_id", "is_expert"]], on="rated_id")
    rates = known.groupby(["annotator", "is_expert"])["label"].mean().astype(float).unstack()
    if rates.empty or not {0, 1} <= set(rates.columns):
        return []
    return [str(name) for name in rates.index[rates[1] <= rates[0]]]


def _labelled(labels: pd.DataFrame) -> pd.Series:
    """Return how many profiles of each company have a label of any annotator."""
    known = labels.dropna(subset="label").drop_duplicates(["company", "profile_id"])
    return known["company"].value_counts()


@contextmanager
def _beginning_of(path: Path) -> Iterator[tuple[Path, bool]]:
    """Hand over a file, or one with the beginning of a large one, and whether it is that."""
    is_text = path.name.lower().removesuffix(".gz").endswith(TEXT_EXTENSIONS)
    if path.stat().st_size <= _LARGEST_LABELS or not is_text:
        yield path, False
        return
    with tempfile.TemporaryDirectory(prefix="study-") as folder:
        yield copy_beginning(path, Path(folder), _LOOKED_AT_LINES), True


def _companies_in_words(companies: pd.DataFrame | None) -> str:
    if companies is None:
        return ""
    bands = int(companies["headcount_low"].notna().sum())
    numbers = int(companies["headcount"].notna().sum()) - bands
    kinds = {
        "with a headcount": numbers,
        "with a band of it": bands,
        "without": len(companies) - numbers - bands,
    }
    return f"{len(companies):,}: " + ", ".join(f"{n:,} {what}" for what, n in kinds.items() if n)


def _rated_in_words(rated: pd.DataFrame | None) -> str:
    if rated is None:
        return ""
    experts = int(rated["is_expert"].sum())
    texts = int((rated["text"] != "").sum())
    with_text = f", {texts:,} of them with text" if texts else ""
    return f"{how_many(experts, 'expert')} and {how_many(len(rated) - experts, 'other')}{with_text}"
