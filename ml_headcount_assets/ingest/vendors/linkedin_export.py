"""LinkedIn's own export of a member's connections, Connections.csv.

Lines of notes stand above the header, which has First Name, Last Name, URL, Email Address,
Company, Position and Connected On, in the member's language. `Company` is the current one, by
name alone. When the contact was made says nothing of when the rest was true, so there is no
time of the record. Exports from before 2022 have no URL: a person then goes by a digest of the
name and the date.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...text.fields import squashed
from ..post_fields import Role
from .form import Person, VendorForm

__all__ = ["LINKEDIN_EXPORT"]

_COMPANY = "company unternehmen entreprise empresa azienda bedrijf företag firma virksomhed şirket"
_POSITION = (
    *("position", "poste", "cargo", "posizione", "functie", "befattning", "stanowisko", "stilling"),
    *("puesto", "posição", "pozisyon"),
)
_TOLD_APART_BY = ("firstname", "lastname", "connectedon", "emailaddress")


@dataclass(frozen=True)
class _LinkedInExport(VendorForm):
    def person(self, record: Mapping[str, Any]) -> Person:
        """Read a record, whatever is in it."""
        named = {("Position" if squashed(n) in _POSITION else n): v for n, v in record.items()}
        person = super().person(named)
        return person if person.profile_id else person._replace(profile_id=_digest(record))


def _digest(record: Mapping[str, Any]) -> str:
    """Return an id for somebody who has no address, which does not show who it is."""
    by_key = {squashed(name): value for name, value in record.items()}
    told = [str(by_key.get(key) or "") for key in _TOLD_APART_BY]
    if not any(told[:2]):
        return ""
    return "connection-" + hashlib.blake2b("\n".join(told).encode(), digest_size=8).hexdigest()


LINKEDIN_EXPORT = _LinkedInExport(
    name="linkedin_export",
    title="LinkedIn's export of connections",
    marked_by=("First Name", "Last Name", "Connected On", "Email Address", "Company", "Position"),
    profile_id=("URL",),
    snapshot=(),
    current_roles=dict.fromkeys(_COMPANY.split(), Role.COMPANY_NAME),
)
