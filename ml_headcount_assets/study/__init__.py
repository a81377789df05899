"""What a study is and how it is read: a folder of files, and a configuration beside them.

What is behind a name is imported when somebody asks for it: a process that reads files needs no
model.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

_DOORS = {
    "AnnotatorEntry": ".annotators",
    "BINARY_EXTENSIONS": ".files",
    "CONFIG_NAME": ".loading",
    "CompaniesFile": ".files",
    "CompanyColumns": ".files",
    "EXTENSIONS": ".files",
    "JSON_EXTENSIONS": ".files",
    "KeywordsEntry": ".keywords",
    "LABELS_FOLDER": ".files",
    "LabelsFolder": ".files",
    "PROFILES_FOLDER": ".files",
    "PROFILE_EXTENSIONS": ".files",
    "PriorsEntry": ".study",
    "ProfileColumns": ".files",
    "ProfileLabelColumns": ".files",
    "ProfileLabelsFile": ".files",
    "ProfilesSource": ".files",
    "Study": ".study",
    "StudyFiles": ".files",
    "TEXT_EXTENSIONS": ".files",
    "ValidationColumns": ".files",
    "ValidationFile": ".files",
    "bundled_studies": ".loading",
    "load_study": ".loading",
    "read_kept": ".loading",
    "with_choices": ".choices",
    "write_kept": ".loading",
}


def __getattr__(name: str) -> Any:
    if name not in _DOORS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_DOORS[name], __name__), name)
