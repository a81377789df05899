"""From a study's files to tables, with a record of everything that could not be used.

Pure functions: a `Study` in, frames out. Each reader returns its tables and, last, the rejects
(source_file, line, field, reason, value_digest). Rows that can be used survive their neighbours;
what makes a whole file unusable is an `InputError` that tells what to do.
"""

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
