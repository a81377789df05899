"""The files that a study consists of, and the names of their columns."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, model_validator

from ..section import Name, Section

#: Folders of raw profiles and of batch results, where the configuration names no others.
PROFILES_FOLDER, LABELS_FOLDER = "profiles", "labels"

#: Extensions that the readers understand. The text formats may also be gzipped (".csv.gz").
TEXT_EXTENSIONS = (".csv", ".tsv", ".jsonl", ".ndjson", ".json")

BINARY_EXTENSIONS = (".parquet", ".xlsx")

EXTENSIONS = (*TEXT_EXTENSIONS, *(f"{e}.gz" for e in TEXT_EXTENSIONS), *BINARY_EXTENSIONS)

#: Extensions of JSON, of which raw profiles may have any shape: lines, arrays, one after another.
JSON_EXTENSIONS = (".jsonl", ".ndjson", ".json")

PROFILE_EXTENSIONS = (
    *EXTENSIONS,
    *(each for e in JSON_EXTENSIONS for each in (e, f"{e}.gz") if each not in EXTENSIONS),
)

#: Whose forms of profiles are known.
Vendor = Literal[
    "bright_data",
    "people_data_labs",
    "proxycurl",
    "coresignal_base",
    "coresignal_multi_source",
    "apify",
    "linkedin_export",
    "generic",
]


def _listed(given: Any) -> Any:
    return [given] if isinstance(given, str) else given


class CompanyColumns(Section):
    """Names of the company table's columns. Only the id and the headcount have to exist.

    `aliases` are further ids and names of a company, joined by ";": former ones, numbers, showcase
    pages.
    """

    company_id: Name = "company_id"
    headcount: Name = "headcount"
    name: Name = "name"
    aliases: Name = "aliases"
    headquarters: Name = "headquarters"
    country: Name = "country"
    cohort: Name = "cohort"


class AcceptedColumns(Section):
    """Columns that count the people whom an annotator accepted, and those it was asked about."""

    accepted: Name
    labelled: Name


class CompaniesFile(Section):
    """The company table.

    `hits` maps an annotator to the column that counts its hits among all employees, `accepted`
    to those that count whom it accepted among the people that it labelled. Without them every
    column called ``<annotator>_hits``, and every pair ``<annotator>_accepted`` and
    ``<annotator>_labelled``, is taken.
    """

    path: Path
    columns: CompanyColumns = CompanyColumns()
    hits: Mapping[Name, Name] | None = None
    accepted: Mapping[Name, AcceptedColumns] | None = None


class ValidationColumns(Section):
    """Names of the columns of the rated CVs that are no annotators."""

    is_expert: Name = "is_expert"
    rated_id: Name = "rated_id"


class ValidationFile(Section):
    """The rated CVs: one row a CV, the raters' verdict and one column per annotator."""

    path: Path
    columns: ValidationColumns = ValidationColumns()


class ProfileLabelColumns(Section):
    """Names of the columns of the profile labels that are no annotators."""

    company_id: Name = "company_id"
    profile_id: Name = "profile_id"


class ProfileLabelsFile(Section):
    """The labels of real profiles: one row a profile, one column per annotator."""

    path: Path
    columns: ProfileLabelColumns = ProfileLabelColumns()


#: A field of a record, or of what is inside of it: ``headline``, ``experiences[].ends_at``.
FieldPath = Name


class ProfileColumns(Section):
    """In which fields of raw profiles something is, where the vendor's form does not say.

    A path leads into objects by dots and into lists by ``[]``: ``experiences[].ends_at``. What is
    not named is where the form of the vendor has it.

    Attributes
    ----------
    profile_id
        The person's id.
    snapshot
        When the record was taken: of several records of one person, the newest counts.
    employer
        The company, by its id, the address of its page, or its name.
    employer_name
        The company's name, where `employer` is its id.
    started, ended
        When a post began and ended; without an end it goes on.
    current
        Whether a post goes on: true or false, 1 or 0.
    primary
        Whether a post is the main one.
    text
        All fields that are text of the person, in their order.
    """

    profile_id: FieldPath | None = None
    snapshot: FieldPath | None = None
    employer: FieldPath | None = None
    employer_name: FieldPath | None = None
    started: FieldPath | None = None
    ended: FieldPath | None = None
    current: FieldPath | None = None
    primary: FieldPath | None = None
    text: Annotated[tuple[FieldPath, ...], BeforeValidator(_listed)] = ()

    @property
    def top_fields(self) -> frozenset[str]:
        """The record's own fields that the paths begin with."""
        values = (getattr(self, name) for name in self.model_fields_set)
        paths = (path for each in values if each for path in _listed(each))
        return frozenset(path.partition(".")[0].partition("[")[0] for path in paths)


class ProfilesSource(Section):
    """Raw profiles: one file, or a folder of files that are read in the order of their names.

    `vendor` names whose form the records have; without it that is guessed, file by file.
    """

    path: Path
    vendor: Vendor | None = None
    columns: ProfileColumns = ProfileColumns()

    @model_validator(mode="before")
    @classmethod
    def _paths_are_columns(cls, given: Any) -> Any:
        """Take `paths` for `columns`, since fields inside of objects are no columns."""
        if not isinstance(given, dict) or "paths" not in given:
            return given
        rest = {key: value for key, value in given.items() if key != "paths"}
        columns, paths = rest.get("columns") or {}, given["paths"] or {}
        if not isinstance(columns, dict) or not isinstance(paths, dict):
            raise ValueError("'columns' and 'paths' are mappings of what is wanted to its field")
        return {**rest, "columns": {**columns, **paths}}


class LabelsFolder(Section):
    """Results of LLM batch jobs: a folder with a subfolder of .jsonl files per annotator."""

    path: Path


class StudyFiles(Section):
    """Where a study's data are; paths are absolute once the study is loaded.

    People come as `profiles`, which the study's own annotators label (results of batch jobs, if
    there are any, being under `labels`), or as labels made elsewhere, in `profile_labels`.
    """

    companies: CompaniesFile
    validation: ValidationFile
    profile_labels: ProfileLabelsFile | None = None
    profiles: ProfilesSource | None = None
    labels: LabelsFolder | None = None

    @model_validator(mode="after")
    def _people_come_in_one_way(self) -> Self:
        if (self.profiles is None) == (self.profile_labels is None):
            raise ValueError("give either 'profiles' or 'profile_labels'")
        if self.labels is not None and self.profiles is None:
            raise ValueError("'labels' are of 'profiles', which the study has none of")
        return self
