"""Records of which the study says where something is: paths in place of a vendor's form."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any, NamedTuple

from ...study import ProfileColumns
from ...text.fields import SECTIONS, squashed
from ...text.recipe import ProfileText, joined_text, profile_text
from ..identifiers import normalise_profile_id
from ..post_fields import Role
from .form import CURRENT_ROLES, Person, Standing, VendorForm

__all__ = ["MappedForm", "PathMisses"]

_STEP = re.compile(r"[^.\[\]]+|\[\d*\]")

#: What the fields tell that a study may name for posts.
_ROLES = {
    "employer": Role.COMPANY_ID,
    "employer_name": Role.COMPANY_NAME,
    "started": Role.START,
    "ended": Role.END,
    "current": Role.CURRENT,
    "primary": Role.PRIMARY,
}
#: Names that no record has, under which the values of these are put into posts.
_PUT_UNDER = {role: f"mapped_{role}_id" for role in _ROLES}
_POST_ROLES = {squashed(name): _ROLES[role] for role, name in _PUT_UNDER.items()}
_SNAPSHOT, _POSTS = "mapped_snapshot_date", "experience"
_SPACE = re.compile(r"\s")


class PathMisses(NamedTuple):
    """How many records were read, and in how many each of the named fields was there."""

    records: int
    found: Mapping[str, int]

    def sentence(self, columns: ProfileColumns, names: Collection[str]) -> str:
        """Say which named field no record has, what there is, and what to write; "" if none.

        Parameters
        ----------
        columns
            What the study names.
        names
            Names of the fields that there are.
        """
        for role, path in _named(columns):
            if self.records and not self.found.get(path):
                near = get_close_matches(path, names, n=1, cutoff=0.5)
                there = ", ".join(sorted(names)[:_MOST_NAMES]) or "none"
                line = f"{role}: {near[0] if near else '<one of these>'}"
                return (
                    f"files.profiles.columns.{role}: no record has a field {path!r}. There are:"
                    f" {there}. Write, in study.yaml under files.profiles.columns: {line}"
                )
        return ""


_MOST_NAMES = 60


def _named(columns: ProfileColumns) -> Iterator[tuple[str, str]]:
    """Yield (role, path) of each field that the study names."""
    for role in columns.model_fields_set:
        value = getattr(columns, role)
        yield from ((role, path) for path in ([value] if isinstance(value, str) else value or ()))


@dataclass
class MappedForm:
    """A form of which the study says otherwise where something is.

    Parameters
    ----------
    form
        What holds of all that the study does not say.
    columns
        What it says.
    """

    form: VendorForm
    columns: ProfileColumns
    records: int = 0
    found: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._form = replace(
            self.form,
            snapshot=(_SNAPSHOT,) if self.columns.snapshot else self.form.snapshot,
            post_roles={**self.form.post_roles, **_POST_ROLES},
        )

    @property
    def name(self) -> str:
        """What the form is called in a study's configuration."""
        return self.form.name

    @property
    def title(self) -> str:
        """What the form is called in sentences."""
        return self.form.title

    @property
    def misses(self) -> PathMisses:
        """Of how many records so far each of the named fields was there."""
        return PathMisses(self.records, dict(self.found))

    def marks(self, names: Collection[str]) -> tuple[str, ...]:
        """Return those names of fields by which the form is recognised."""
        return self.form.marks(names)

    def person(self, record: Mapping[str, Any]) -> Person:
        """Read a record, whatever is in it."""
        self.records += 1
        for _, path in _named(self.columns):
            if any(True for _ in _values(record, path)):
                self.found[path] = self.found.get(path, 0) + 1
        person = self._read(record)
        if person.unread_time == _SNAPSHOT:
            person = person._replace(unread_time=self.columns.snapshot or "")
        if self.columns.profile_id:
            ids = map(normalise_profile_id, _values(record, self.columns.profile_id))
            person = person._replace(profile_id=next(filter(None, ids), ""))
        if self.columns.text and person.employer:
            values = [value for path in self.columns.text for value in _values(record, path)]
            text = joined_text(values, [person.employer.name])
            person = person._replace(text=ProfileText(text))
        return person

    def _read(self, record: Mapping[str, Any]) -> Person:
        """Return what the vendor's form makes of the record, with the named fields in place."""
        columns = self.columns
        beside: dict[str, Any] = {}
        if columns.snapshot:
            given = (v for v in _values(record, columns.snapshot) if v not in (None, ""))
            beside[_SNAPSHOT] = next(given, None)
        places = [path for role in _ROLES if (path := getattr(columns, role))]
        if not places:
            return self._form.person({**record, **beside})
        place = places[0].rpartition("[]")[0]
        posts = list(self._posts(record, place))
        if columns.employer or not place:
            hidden = {name: record[name] for name in record if not _tells_of_posts(name)}
            person = self._form.person({**hidden, **beside, _POSTS: posts})
            told = person.standing in (Standing.EMPLOYED, Standing.UNTOLD)
            return person._replace(text=profile_text(record)) if told else person
        return self._form.person({**record, **beside, place: posts})

    def _posts(self, record: Mapping[str, Any], place: str) -> Iterator[dict[str, Any]]:
        """Yield a post for each entry of the list that the named fields lie in."""
        paths = {role: path for role in _ROLES if (path := getattr(self.columns, role))}
        within = f"{place}[]."
        entries: Sequence[Any] = list(_values(record, f"{place}[]")) if place else [record]
        for entry in entries:
            if not isinstance(entry, dict):
                continue
            post = dict(entry) if place else {}
            for role, path in paths.items():
                inside = not place or path.startswith(within)
                source = entry if inside else record
                found = _values(source, path.removeprefix(within) if place and inside else path)
                post[_PUT_UNDER[role]] = next(iter(found), None)
            yield _with_name(post)


def _tells_of_posts(name: str) -> bool:
    key = squashed(name)
    return key in CURRENT_ROLES or (key in SECTIONS and SECTIONS[key][1] == "post")


def _with_name(entry: dict[str, Any]) -> dict[str, Any]:
    """Return a post whose company is known by name, where what is in place of its id is no id."""
    key = _PUT_UNDER["employer"]
    value = entry.get(key)
    if isinstance(value, str) and "/" not in value and ":" not in value:
        entry.setdefault(_PUT_UNDER["employer_name"], value)
        if _SPACE.search(value.strip()):
            entry[key] = None
    return entry


def _values(record: Any, path: str) -> Iterator[Any]:
    """Yield what is at a path: every value of a list for ``[]``, nothing if it leads nowhere."""
    if isinstance(record, dict) and path in record:
        yield record[path]
        return
    yield from _follow(record, _STEP.findall(path))


def _follow(value: Any, steps: Sequence[str]) -> Iterator[Any]:
    if not steps:
        yield value
        return
    step, rest = steps[0], steps[1:]
    if step.startswith("["):
        entries = value if isinstance(value, list) else []
        if step != "[]":
            entries = entries[int(step[1:-1]) :][:1]
        for each in entries:
            yield from _follow(each, rest)
    elif isinstance(value, dict) and step in value:
        yield from _follow(value[step], rest)
    elif isinstance(value, list):  # a list in place of an object is gone through
        for each in value:
            yield from _follow(each, steps)
