"""The files that a study consists of, and the names of their columns."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Self

from pydantic import model_validator

from ..section import Name, Section

#: Folders of raw profiles and of batch results, where the configuration names no others.
PROFILES_FOLDER, LABELS_FOLDER = "profiles", "labels"

#: Extensions that the readers understand. The text formats may also be gzipped (".csv.gz").
TEXT_EXTENSIONS = (".csv", ".tsv", ".jsonl")

BINARY_EXTENSIONS = (".parquet", ".xlsx")

EXTENSIONS = (*TEXT_EXTENSIONS, *(f"{e}.gz" for e in TEXT_EXTENSIONS), *BINARY_EXTENSIONS)


class CompanyColumns(Section):
    """Names of the company table's columns. Only the id and the headcount have to exist."""

    company_id: Name = "company_id"
    headcount: Name = "headcount"
    name: Name = "name"
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


class ProfileColumns(Section):
    """Names of the fields of raw profiles that hold no text.

    A record without the field of the profile's id goes by its ``id``. `snapshot` is the time at
    which the record was taken: of several records of one person, the newest counts.
    """

    profile_id: Name = "linkedin_id"
    snapshot: Name = "timestamp"


class ProfilesSource(Section):
    """Raw profiles: one file, or a folder of files that are read in the order of their names."""

    path: Path
    columns: ProfileColumns = ProfileColumns()


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
