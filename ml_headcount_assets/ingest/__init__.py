"""From a study's files to tables, with a record of everything that could not be used.

Pure functions: a `Study` in, frames out. Each reader returns its tables and, last, the rejects
(source_file, line, field, reason, value_digest). Rows that can be used survive their neighbours;
what makes a whole file unusable is an `InputError` that tells what to do.

What is behind a name is imported when somebody asks for it: a process that reads profiles
needs no model.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .annotators import study_annotators
    from .companies import company_keys, read_companies
    from .extraction import EXTRACT_VERSION, UNREAD_FILE
    from .identifiers import company_slug, normalise_company_id
    from .profile_labels import read_profile_labels
    from .profiles import NO_CONTENT, read_profiles
    from .rated_cvs import read_rated_cvs
    from .rejects import no_rejects

__all__ = [
    "EXTRACT_VERSION",
    "NO_CONTENT",
    "UNREAD_FILE",
    "company_keys",
    "company_slug",
    "no_rejects",
    "normalise_company_id",
    "read_companies",
    "read_profile_labels",
    "read_profiles",
    "read_rated_cvs",
    "study_annotators",
]

_DOORS = {
    "EXTRACT_VERSION": ".extraction",
    "NO_CONTENT": ".profiles",
    "UNREAD_FILE": ".extraction",
    "company_keys": ".companies",
    "company_slug": ".identifiers",
    "no_rejects": ".rejects",
    "normalise_company_id": ".identifiers",
    "read_companies": ".companies",
    "read_profile_labels": ".profile_labels",
    "read_profiles": ".profiles",
    "read_rated_cvs": ".rated_cvs",
    "study_annotators": ".annotators",
}


def __getattr__(name: str) -> Any:
    if name not in _DOORS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_DOORS[name], __name__), name)
