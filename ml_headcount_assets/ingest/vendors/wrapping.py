"""What interfaces put around records: a list of results, a profile with the time it was taken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...text.fields import SECTIONS, squashed

__all__ = ["people_in"]

#: Under these names a record is, or many are.
_AROUND = frozenset(
    "data results result profile profiles person people persons items employees records elements"
    " element hits response members candidates contacts person_profile".replace("_", "").split()
)
#: With more fields than that an object is a record itself.
_MOST_FIELDS = 16
_DEEPEST = 3


def people_in(record: Mapping[str, Any], depth: int = 0) -> Iterator[Mapping[str, Any]]:
    """Yield the records in an object, which mostly is one itself.

    What stands beside a single record (its address, the time it was taken) is kept, where the
    record does not have it itself.
    """
    inner = _inner(record) if depth < _DEEPEST and len(record) <= _MOST_FIELDS else None
    if inner is None:
        yield record
        return
    value = record[inner]
    if isinstance(value, dict):
        beside = {
            name: each
            for name, each in record.items()
            if name != inner and not isinstance(each, (Mapping, list))
        }
        yield from people_in({**beside, **value}, depth + 1)
        return
    for each in value:
        yield from people_in(each, depth + 1)


def _inner(record: Mapping[str, Any]) -> str | None:
    """Return the field that holds records, if the object is none itself."""
    keys = {squashed(name): name for name in record}
    if any(SECTIONS[key][1] == "post" for key in keys.keys() & SECTIONS.keys()):
        return None
    for key in keys.keys() & _AROUND:
        value = record[keys[key]]
        if isinstance(value, dict) and len(value) > 2:
            return keys[key]
        if isinstance(value, list) and value and all(isinstance(e, dict) for e in value):
            return keys[key]
    return None
