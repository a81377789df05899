"""What a vendor's form is: how a record of it says who somebody is, where they work, and what.

`Form` is all that the readers know of vendors. `VendorForm` is the form of one that is described
by the names of its fields. Names are compared as `text.fields.squashed` writes them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from ...text.company_names import company_key
from ...text.fields import SECTIONS, TOP_TEXT, squashed
from ...text.recipe import ProfileText, profile_text
from ..dates import Stretch, read_moment
from ..employers import Employer
from ..identifiers import normalise_profile_id
from ..post_fields import POST_ROLES, Role, Roles
from ..posts import NOT_NOW, Post, State, read_posts, truth

__all__ = [
    "CURRENT_ROLES",
    "Form",
    "Person",
    "Standing",
    "VendorForm",
    "chosen_post",
    "fields_of",
    "known_fields",
]

_FIELDS_LOOKED_AT = 5  # entries of a list
_NO_ORDER = 1 << 30


class Standing(Enum):
    """What a record says of where its person works."""

    EMPLOYED = "employed"
    NOWHERE = "nowhere"
    LEFT = "left"
    AHEAD = "ahead"
    UNTOLD = "untold"
    DELETED = "deleted"


class Person(NamedTuple):
    """What is used of a record.

    Attributes
    ----------
    profile_id
        The person's normalised id, "" if there is none.
    taken
        When the record was taken; None if it does not say.
    unread_time
        The field that has something in place of that time that is no date; "" if none has.
    standing
        What the record says of where the person works.
    employer
        The company, unless the person works nowhere.
    suspect
        If it is not told whether a post has ended: the field that looks as if it told that.
    tells_ends
        Whether some post of the record has a field for its end.
    text
        What the recipe made of the record; of a person who works nowhere it is not asked for.
    """

    profile_id: str
    taken: Stretch | None
    unread_time: str
    standing: Standing
    employer: Employer | None
    suspect: str
    tells_ends: bool
    text: ProfileText


class Form(Protocol):
    """How the records of one vendor are read."""

    @property
    def name(self) -> str:
        """What the form is called in a study's configuration."""
        ...

    @property
    def title(self) -> str:
        """What the form is called in sentences."""
        ...

    def marks(self, names: Collection[str]) -> tuple[str, ...]:
        """Return those names of fields by which the form is recognised."""
        ...

    def person(self, record: Mapping[str, Any]) -> Person:
        """Read a record, whatever is in it."""
        ...


#: Fields of a record that name the current employer.
CURRENT_ROLES: Mapping[str, Role] = {
    **dict.fromkeys(
        (
            *("currentcompany", "currentemployer", "currentposition", "currentpositions"),
            *("currentcompanies", "currentjob", "currentorganization"),
        ),
        Role.COMPANY,
    ),
    **dict.fromkeys(
        (
            *("currentcompanycompanyid", "currentcompanyid", "currentcompanylinkedinid"),
            *("jobcompanyid", "jobcompanylinkedinid", "activeexperiencecompanyid"),
            *("linkedincompanyslug", "linkedincompanyid"),
        ),
        Role.COMPANY_ID,
    ),
    **dict.fromkeys(
        (
            *("currentcompanylink", "currentcompanyurl", "currentcompanylinkedinurl"),
            *("jobcompanylinkedinurl", "companylinkedinurl", "companylinkedin"),
            *("currentcompanylinkedinprofileurl", "linkedincompanyurl"),
        ),
        Role.COMPANY_PAGE,
    ),
    **dict.fromkeys(
        (
            *("currentcompanyname", "jobcompanyname", "activeexperiencecompanyname"),
            *("companyname", "company", "employer", "organization", "organisation"),
            *("featuredjoborganizationname", "companyraw", "linkedincompanyname"),
        ),
        Role.COMPANY_NAME,
    ),
}

_IDS = (
    *("linkedin_id", "public_identifier", "linkedin_username", "profile_id", "public_id", "id"),
    *("linkedin_url", "linkedin_profile_url", "profile_url", "linkedin_public_url", "url"),
    *("professional_network_url", "profile_link", "username", "user_id", "urn", "input_url"),
    *("linkedin_num_id", "member_id", "person_id", "uid", "_id"),
)
_SNAPSHOTS = (
    *("timestamp", "snapshot", "updated_at", "last_updated", "scraped_at", "retrieved_at"),
    *("processed_at", "crawled_at", "fetched_at", "last_updated_at", "snapshot_date"),
)
_POSTS = tuple(name for name, (_, kind) in SECTIONS.items() if kind == "post")


@dataclass(frozen=True)
class VendorForm:
    """The form of a vendor whose records are described by the names of their fields.

    Attributes
    ----------
    name, title
        See `Form`.
    marked_by
        Fields that others' records have not or seldom: names, or "experience[].date_to" for a
        field of the entries of a list.
    profile_id, snapshot
        Fields with the person's id and the time, the first of them first. Where a record has
        none of the vendor's ids, those of other vendors are looked at.
    current_first
        Whether fields that name the current employer count more than the list of posts, from
        which some vendors have merely copied what stands first.
    null_is_open
        Whether a post whose end is null or empty goes on.
    current_roles, post_roles
        What further fields of the record and of a post tell.
    """

    name: str
    title: str
    marked_by: tuple[str, ...] = ()
    profile_id: tuple[str, ...] = ()
    snapshot: tuple[str, ...] = ()
    current_first: bool = True
    null_is_open: bool = True
    current_roles: Mapping[str, Role] = field(default_factory=dict)
    post_roles: Mapping[str, Role | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Forms are compared and remembered by what they are made from.
        object.__setattr__(self, "_current", Roles({**CURRENT_ROLES, **self.current_roles}))
        object.__setattr__(self, "_posts", POST_ROLES.with_roles(self.post_roles))

    def marks(self, names: Collection[str]) -> tuple[str, ...]:
        """Return those names of fields by which the form is recognised."""
        return tuple(mark for mark in self.marked_by if mark in names)

    def deciding(self, names: Collection[str]) -> tuple[str, ...]:
        """Return those names of fields that tell who a record is of, of when, and where they work.

        Whether it counts at all is among that.
        """
        plan = _plan(tuple(names), self.profile_id, self.snapshot)
        roles: Roles = self._current  # type: ignore[attr-defined]
        current = roles.fields(tuple(names))
        told = {
            *(*plan.ids, *plan.snapshots, *plan.posts, *plan.deleted, *current.company),
            *(*current.company_id, *current.company_page, *current.company_name),
            *(name for name in names if squashed(name) in _FLAT_TIMES),
        }
        return tuple(name for name in names if name in told)

    def person(self, record: Mapping[str, Any]) -> Person:
        """Read a record, whatever is in it."""
        plan = _plan(tuple(record), self.profile_id, self.snapshot)
        profile_id = next(
            filter(None, (normalise_profile_id(record[name]) for name in plan.ids)), ""
        )
        dated = next((n for n in plan.snapshots if not _is_empty(record[n])), "")
        taken = read_moment(record[dated]) if dated else None
        standing, post, tells_ends = self._standing(record, plan, taken)
        employed = standing in (Standing.EMPLOYED, Standing.UNTOLD)
        return Person(
            profile_id=profile_id,
            taken=taken,
            unread_time="" if taken else dated,
            standing=standing,
            employer=post.employer if post and employed else None,
            suspect=post.suspect if post else "",
            tells_ends=tells_ends,
            text=profile_text(record) if employed else ProfileText(""),
        )

    def _standing(
        self, record: Mapping[str, Any], plan: _Plan, taken: Stretch | None
    ) -> tuple[Standing, Post | None, bool]:
        if any(_is_deleted(record[name]) for name in plan.deleted):
            return Standing.DELETED, None, False
        now = taken.last if taken else datetime.now(UTC)
        named = self._current_employers(record, now)
        current = [post for post in named if post.employer]
        if self.current_first and current and current[0].employer and current[0].employer.ids:
            return Standing.EMPLOYED, current[0], False
        posts = [post for post in named if not post.employer]
        posts += [
            post
            for name in plan.posts
            for post in read_posts(
                record[name],
                self._posts,  # type: ignore[attr-defined]
                now,
                null_is_open=self.null_is_open,
            )
        ]
        standing, post = chosen_post(current, posts, current_first=self.current_first)
        return standing, post, any(each.has_end for each in posts)

    def _current_employers(self, record: Mapping[str, Any], now: datetime) -> list[Post]:
        """Return the posts that the record calls current, unless it says that they have ended."""
        roles: Roles = self._current  # type: ignore[attr-defined]
        fields = roles.fields(tuple(record))
        if not fields.tell_anything:
            return []
        posts: list[Post] = []
        flat: dict[str, Any] = {}
        for role, key in _FLAT.items():
            for number, name in enumerate(getattr(fields, role)):
                value = record[name]
                if isinstance(value, (dict, list)):
                    found = read_posts(_as_entries(value), _CURRENT_POST, now, null_is_open=True)
                    posts += (post for post in found if post.employer)
                    if posts and posts[0].employer and posts[0].employer.ids:
                        return posts  # what else the record repeats of it adds nothing
                elif value is not None and not _is_title(name, value):
                    flat[key if not number else f"{key}{number}"] = value
        if flat:
            flat |= {
                _FLAT_TIMES[key]: record[n] for n in record if (key := squashed(n)) in _FLAT_TIMES
            }
            posts += read_posts([flat], _FLAT_POST, now, null_is_open=True)
        return [post for post in posts if post.employer or post.state in NOT_NOW]


_FLAT: Mapping[Role, str] = {
    Role.COMPANY: "company",
    Role.COMPANY_ID: "companyid",
    Role.COMPANY_PAGE: "companyurl",
    Role.COMPANY_NAME: "companyname",
}
#: Fields of a record, beside those of a flat current employer, that say whether it is one.
_FLAT_TIMES: Mapping[str, str] = {
    **dict.fromkeys(
        (
            *("jobstartdate", "currentjobstartdate", "currentcompanystartdate"),
            *("currentpositionstartdate", "positionstartdate", "employmentstartdate"),
        ),
        "startdate",
    ),
    **dict.fromkeys(
        (
            *("enddate", "jobenddate", "jobend", "positionenddate", "employmentenddate"),
            *("currentjobenddate", "currentcompanyenddate", "currentpositionenddate"),
        ),
        "enddate",
    ),
    **dict.fromkeys(
        ("jobdaterange", "linkedinjobdaterange", "datesemployed", "employmentperiod"), "daterange"
    ),
    **dict.fromkeys(("iscurrentjob", "iscurrentposition", "jobstillworking"), "iscurrent"),
    "leftcompany": "leftcompany",
}
_CURRENT_POST = POST_ROLES.with_roles({"name": Role.COMPANY_NAME, "id": Role.COMPANY_ID})
_FLAT_POST = POST_ROLES.with_roles(
    {f"{key}{number}": role for role, key in _FLAT.items() for number in range(1, 6)}
)


def _is_title(name: str, value: Any) -> bool:
    """Whether a text is what somebody is and not where, as under ``current_position``."""
    return isinstance(value, str) and squashed(name) in ("currentjob", "currentposition")


def _is_empty(value: Any) -> bool:
    return value is None or value == "" or value != value


def _as_entries(value: Any) -> list[Any]:
    entries = value if isinstance(value, list) else [value]
    return [{"company": entry} if isinstance(entry, str) else entry for entry in entries]


def chosen_post(
    current: Sequence[Post], posts: Sequence[Post], *, current_first: bool
) -> tuple[Standing, Post | None]:
    """Return where a person works, by the posts of the record.

    The current employer, if the record names one; else, of the posts that go on, the one that the
    vendor calls the main one, or puts first, or that began last, or is listed first.

    Parameters
    ----------
    current
        What the record calls the current employer, if it does.
    posts
        Its list of posts.
    current_first
        Whether the first of these counts more, or is only asked where there is no list.
    """
    if current and (current_first or not posts):
        return Standing.EMPLOYED, _with_ids(current[0], posts)
    named = [post for post in posts if post.employer]
    going_on = [post for post in named if post.state is State.OPEN]
    untold = [post for post in named if post.state is State.UNTOLD]
    if not going_on and any(post.has_end for post in posts):
        # Whoever writes ends, and leaves out what is empty, says by this that there is none.
        going_on = [post for post in untold if not post.suspect and not post.has_end]
    if going_on:
        first = min(enumerate(going_on), key=lambda each: _rank(*each))[1]
        return Standing.EMPLOYED, _with_ids(first, ())
    if untold:
        return Standing.UNTOLD, untold[0]
    states = {post.state for post in posts}
    if State.AHEAD in states:
        return Standing.AHEAD, None
    return Standing.LEFT if State.ENDED in states else Standing.NOWHERE, None


def _rank(place: int, post: Post) -> tuple[bool, int, int, int, int]:
    order = _NO_ORDER if post.order is None else post.order
    return not post.primary, order, -post.start[0], -post.start[1], place


def _with_ids(post: Post, others: Sequence[Post]) -> Post:
    """Return a post with the ids that another post names for a company of the same name."""
    employer = post.employer
    if not others or employer is None or employer.ids:
        return post
    key = company_key(employer.name)
    for other in others:
        if other.employer and other.employer.ids and company_key(other.employer.name) == key:
            return post._replace(employer=Employer(other.employer.ids, employer.name))
    return post


class _Plan(NamedTuple):
    """Names of a record's fields by what they are for."""

    ids: tuple[str, ...]
    snapshots: tuple[str, ...]
    posts: tuple[str, ...]
    deleted: tuple[str, ...]


def _is_deleted(told: Any) -> bool:
    """Whether a flag is set, or a day stands in its place."""
    flag = truth(told)
    return read_moment(told) is not None if flag is None else flag


@lru_cache(maxsize=10_000)
def _plan(names: tuple[str, ...], ids: tuple[str, ...], snapshots: tuple[str, ...]) -> _Plan:
    by_key: dict[str, str] = {}
    for name in names:
        by_key.setdefault(squashed(name), name)

    def present(wanted: Sequence[str]) -> tuple[str, ...]:
        keys = dict.fromkeys(map(squashed, wanted))
        return tuple(by_key[key] for key in keys if key in by_key)

    return _Plan(
        ids=present([*ids, *_IDS]),
        snapshots=present(snapshots) or present(_SNAPSHOTS),
        posts=present([*_POSTS, "position"]),
        deleted=present(("deleted", "is_deleted", "member_is_deleted", "deleted_at")),
    )


_KNOWN = frozenset({*map(squashed, _IDS), *CURRENT_ROLES, *SECTIONS, *TOP_TEXT})


def known_fields(names: Collection[str]) -> int:
    """Return how many of a table's columns are fields of some vendor's profiles."""
    return sum(squashed(name.partition(".")[0].partition("/")[0]) in _KNOWN for name in names)


def fields_of(record: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of a record's fields, and of the fields of its entries."""
    for name, value in record.items():
        yield str(name)
        entries = value[:_FIELDS_LOOKED_AT] if isinstance(value, list) else [value]
        mark = f"{name}[]." if isinstance(value, list) else f"{name}."
        for entry in entries:
            if isinstance(entry, dict):
                yield from (f"{mark}{inner}" for inner in entry)
