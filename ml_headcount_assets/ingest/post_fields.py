"""What the fields of a post tell, by their names, whoever delivers it.

The names are in ``post_fields.yaml``, as `text.fields.squashed` writes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources

import yaml

from ..text.fields import GROUPED_POSTS, squashed

__all__ = ["COMPANY_ROLES", "POST_ROLES", "Fields", "Role", "Roles"]


class Role(StrEnum):
    """What a field of a post tells."""

    END = "end"
    END_YEAR = "end_year"
    END_MONTH = "end_month"
    START = "start"
    START_YEAR = "start_year"
    START_MONTH = "start_month"
    RANGE = "range"
    CURRENT = "current"
    PAST = "past"
    STATUS = "status"
    DELETED = "deleted"
    PRIMARY = "primary"
    ORDER = "order"
    COMPANY = "company"
    COMPANY_ID = "company_id"
    COMPANY_PAGE = "company_page"
    COMPANY_NAME = "company_name"
    POSTS = "posts"
    OTHER = "other"


Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fields:
    """The names of an entry's fields, by what they tell (see `Role`), and whether they tell it."""

    end: Names = ()
    end_year: Names = ()
    end_month: Names = ()
    start: Names = ()
    start_year: Names = ()
    start_month: Names = ()
    range: Names = ()
    current: Names = ()
    past: Names = ()
    status: Names = ()
    deleted: Names = ()
    primary: Names = ()
    order: Names = ()
    company: Names = ()
    company_id: Names = ()
    company_page: Names = ()
    company_name: Names = ()
    posts: Names = ()
    other: Names = ()
    tell_anything: bool = False


#: Beginnings of names of fields that hold a date, and not that of the end.
_NO_ENDS = (
    *("start", "begin", "from", "since", "join", "created", "updated", "changed", "founded"),
    *("posted", "scraped", "retrieved", "last", "first", "company", "checked", "timestamp"),
    *("id", "duration", "location", "title", "description", "size", "count"),
)
#: What fields tell that stand in other objects than posts, too.
_ANYWHERE = frozenset({Role.POSTS, Role.OTHER, Role.STATUS})
#: Entries of so many different sets of fields are remembered.
_MOST_KNOWN = 10_000


class Roles:
    """What fields tell, by their names.

    Parameters
    ----------
    by_name
        The role of each field, by its `squashed` name.
    """

    def __init__(self, by_name: Mapping[str, Role]) -> None:
        self._by_name = dict(by_name)
        self._known: dict[tuple[str, ...], Fields] = {}

    def with_roles(self, more: Mapping[str, Role | None]) -> Roles:
        """Return these roles with others for some fields; None for no role at all."""
        together = {**self._by_name, **more}
        return Roles({name: role for name, role in together.items() if role})

    def fields(self, names: tuple[str, ...]) -> Fields:
        """Return the names of the fields that have each role, of an entry with these names."""
        known = self._known.get(names)
        if known is None:
            known = self._sorted(names)
            if len(self._known) < _MOST_KNOWN:
                self._known[names] = known
        return known

    def _sorted(self, names: tuple[str, ...]) -> Fields:
        found: dict[Role, list[str]] = {}
        for name in names:
            key = squashed(name)
            role = self._by_name.get(key)
            if role is None and not key.startswith(_NO_ENDS):
                role = Role.OTHER
            if role:
                found.setdefault(role, []).append(name)
        # Fields of one role in the order in which they are listed, which is that of trust.
        order = {name: place for place, name in enumerate(self._by_name)}
        ranked = {
            role.value: tuple(
                sorted(listed, key=lambda name: order.get(squashed(name), len(order)))
            )
            for role, listed in found.items()
        }
        return Fields(**ranked, tell_anything=bool(found.keys() - _ANYWHERE))


_NAMES = yaml.safe_load(
    (resources.files(__package__) / "post_fields.yaml").read_text(encoding="utf-8")
)


def _roles(of: str) -> dict[str, Role]:
    return {name: Role(role) for role, names in _NAMES[of].items() for name in names}


#: What the fields of a post tell.
POST_ROLES = Roles({**_roles("post"), **dict.fromkeys(GROUPED_POSTS, Role.POSTS)})

#: What the fields of a company tell, where a post has an object for it.
COMPANY_ROLES = Roles(_roles("company"))
