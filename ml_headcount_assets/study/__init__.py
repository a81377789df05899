"""What a study is and how it is read: a folder of files, and a configuration beside them."""

from .annotators import AnnotatorEntry
from .choices import with_choices
from .files import (
    BINARY_EXTENSIONS,
    EXTENSIONS,
    JSON_EXTENSIONS,
    LABELS_FOLDER,
    PROFILE_EXTENSIONS,
    PROFILES_FOLDER,
    TEXT_EXTENSIONS,
    CompaniesFile,
    CompanyColumns,
    LabelsFolder,
    ProfileColumns,
    ProfileLabelColumns,
    ProfileLabelsFile,
    ProfilesSource,
    StudyFiles,
    ValidationColumns,
    ValidationFile,
)
from .keywords import KeywordsEntry
from .loading import CONFIG_NAME, bundled_studies, load_study, read_kept, write_kept
from .study import PriorsEntry, Study

__all__ = [
    "BINARY_EXTENSIONS",
    "CONFIG_NAME",
    "EXTENSIONS",
    "JSON_EXTENSIONS",
    "LABELS_FOLDER",
    "PROFILES_FOLDER",
    "PROFILE_EXTENSIONS",
    "TEXT_EXTENSIONS",
    "AnnotatorEntry",
    "CompaniesFile",
    "CompanyColumns",
    "KeywordsEntry",
    "LabelsFolder",
    "PriorsEntry",
    "ProfileColumns",
    "ProfileLabelColumns",
    "ProfileLabelsFile",
    "ProfilesSource",
    "Study",
    "StudyFiles",
    "ValidationColumns",
    "ValidationFile",
    "bundled_studies",
    "load_study",
    "read_kept",
    "with_choices",
    "write_kept",
]
