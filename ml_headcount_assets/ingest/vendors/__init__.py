"""The forms in which vendors deliver profiles, one module each, and how one is recognised.

A study names its vendor, or each file's form is guessed from the names of its fields, and said.
Whatever else a file is, is read as `GENERIC`: by the names that any of the vendors use.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from ...study import ProfilesSource
from .apify import APIFY
from .bright_data import BRIGHT_DATA
from .coresignal_base import CORESIGNAL_BASE
from .coresignal_multi_source import CORESIGNAL_MULTI_SOURCE
from .form import Form, Person, Standing, VendorForm, fields_of, known_fields
from .linkedin_export import LINKEDIN_EXPORT
from .mapped import MappedForm, PathMisses
from .people_data_labs import PEOPLE_DATA_LABS
from .proxycurl import PROXYCURL
from .wrapping import people_in

__all__ = [
    "FORMS",
    "GENERIC",
    "Form",
    "Guess",
    "PathMisses",
    "Person",
    "Standing",
    "fields_of",
    "form_of",
    "known_fields",
    "people_in",
]

#: What nobody's form is, as far as the names of fields tell.
GENERIC = VendorForm(name="generic", title="no vendor's form that is known")

#: All forms by name. Of those that are recognised by as many fields, the first is taken.
FORMS = {
    form.name: form
    for form in (
        BRIGHT_DATA,
        PEOPLE_DATA_LABS,
        PROXYCURL,
        CORESIGNAL_MULTI_SOURCE,
        CORESIGNAL_BASE,
        APIFY,
        LINKEDIN_EXPORT,
        GENERIC,
    )
}

_MOST_SAID = 4


class Guess(NamedTuple):
    """Which form a file has, and how that is known, in words."""

    form: Form
    said: str


def _marks(form: VendorForm, names: Collection[str]) -> tuple[str, ...]:
    """Return by what a form is recognised; one name is not enough if it reads others wrongly."""
    found = form.marks(names)
    return found if len(found) > 1 or not (form.current_roles or form.post_roles) else ()


def form_of(names: Collection[str], source: ProfilesSource) -> Guess:
    """Return the form in which a file is to be read.

    Parameters
    ----------
    names
        Names of fields of its first records, as `fields_of` returns them.
    source
        What the study says of its profiles: perhaps the vendor, and where some fields are.
    """
    if source.vendor:
        form: VendorForm = FORMS[source.vendor]
        said = f"{form.title} (files.profiles.vendor)"
    else:
        marks = {name: _marks(form, names) for name, form in FORMS.items()}
        best = max(marks, key=lambda name: len(marks[name]))  # the first of equals
        form = FORMS[best] if marks[best] else GENERIC
        shown = ", ".join(marks[best][:_MOST_SAID])
        said = f"{form.title} (by {shown})" if marks[best] else form.title
    if not source.columns.model_fields_set:
        return Guess(form, said)
    return Guess(MappedForm(form, source.columns), f"{said}, with fields as named in the study")
