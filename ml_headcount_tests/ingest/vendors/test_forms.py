"""Profiles of every vendor, in the forms that they document, and with anything in any field."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.ingest.vendors import FORMS, Standing, fields_of, form_of
from ml_headcount_assets.study import ProfilesSource

from ..conftest import ReadPeople
from .records import MAKERS, PAGE, Record, bright_data, proxycurl

_SOURCE = ProfilesSource(path=Path("profiles"))


def _delivery(maker: str) -> list[Record]:
    make = MAKERS[maker]
    experts = [make(f"expert-{n}", "Machine learning engineer") for n in range(3)]
    others = [make(f"other-{n}", "Accountant", "I count") for n in range(5)]
    return [*experts, *others, *(make(f"gone-{n}", "Machinist", left=True) for n in range(2))]


@pytest.mark.parametrize("maker", MAKERS)
def test_a_delivery_is_read_as_it_comes(read_people: ReadPeople, maker: str) -> None:
    rows, rejects = read_people({"a.json": _delivery(maker)})
    assert rows["company"].tolist() == ["acme"] * 8
    assert rows["text"].str.contains("Machine learning engineer").sum() == 3
    assert not rows["text"].str.contains("Acme|Ada|Somewhere|linkedin", case=False).any()
    assert rejects["line"].tolist() == [9, 10]
    assert rejects["reason"].str.contains("has ended|names no current company").all()


@pytest.mark.parametrize("maker", MAKERS)
def test_every_format_gives_the_same_people(read_people: ReadPeople, maker: str) -> None:
    records = _delivery(maker)
    array, _ = read_people({"a.json": records})
    lines = "\n".join(map(json.dumps, records))
    for name, content in {"a.ndjson": lines, "a.jsonl": lines, "a.csv": _csv(records)}.items():
        other, _ = read_people({name: content})
        pd.testing.assert_frame_equal(array, other)


def _csv(records: list[Record]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(dict.fromkeys(name for each in records for name in each)))
    writer.writeheader()
    for record in records:
        writer.writerow(
            {k: json.dumps(v) if isinstance(v, (list, dict)) else v for k, v in record.items()}
        )
    return out.getvalue()


@pytest.mark.parametrize("maker", MAKERS)
def test_forms_are_recognised_and_said(maker: str) -> None:
    names = dict.fromkeys(fields_of(MAKERS[maker]("a", "b")))
    guess = form_of(names, _SOURCE)
    assert guess.form.name == maker.partition("/")[0]
    assert guess.said.startswith(guess.form.title)
    assert maker == "generic" or "(by " in guess.said


def test_the_study_may_name_the_vendor(read_people: ReadPeople) -> None:
    records = _delivery("proxycurl")
    rows, _ = read_people({"a.json": records}, "files: {profiles: {vendor: proxycurl}}")
    assert len(rows) == 8
    with pytest.raises(InputError, match=r"files\.profiles\.vendor"):
        read_people({"a.json": records}, "files: {profiles: {vendor: somebody}}")


_PAGES = Path(__file__).resolve().parents[3] / "docs" / "vendors"


def _lines_of(page: str) -> str:
    """Return what a vendor's page says to write into study.yaml."""
    found = re.search(r"```yaml\n(.*?)```", (_PAGES / page).read_text("utf-8"), re.DOTALL)
    assert found, page
    return found[1]


@pytest.mark.parametrize("maker", [maker for maker in MAKERS if maker != "generic"])
def test_the_lines_on_a_vendors_page_are_enough(read_people: ReadPeople, maker: str) -> None:
    lines = _lines_of(f"{maker.partition('/')[0]}.md")
    rows, _ = read_people({"a.json": _delivery(maker)}, lines)
    assert rows["company"].tolist() == ["acme"] * 8


def test_the_lines_on_the_other_pages_are_enough(read_people: ReadPeople) -> None:
    assert {page.stem for page in _PAGES.glob("*.md")} == {*FORMS, "others"} - {"generic"}
    page = "https://www.linkedin.com/company/acme"
    records = [
        {"key": f"p{n}", "story": "x", "jobs": [{"company_page": page, "left_on": left}]}
        for n, left in enumerate([None, "2020"])
    ]
    rows, _ = read_people({"a.json": records}, _lines_of("others.md"))
    assert rows["profile_id"].tolist() == ["p0"]
    export = (
        "First Name,Last Name,URL,Email Address,Company,Position,Connected On\n"
        "Ada,Example,https://www.linkedin.com/in/ada,,Acme,ML engineer,05 Mar 2025\n"
    )
    lines = _lines_of("linkedin_export.md").replace("path: ", "path: profiles/")
    rows, _ = read_people({"Connections.csv": export}, lines)
    assert rows["profile_id"].tolist() == ["ada"]


def test_linkedins_own_export(read_people: ReadPeople) -> None:
    export = (
        'Notes:\n"When exporting your connection data, you may notice that some of the email'
        ' addresses are missing, and so on."\n\n'
        "First Name,Last Name,URL,Email Address,Company,Position,Connected On\n"
        "Ada,Example,https://www.linkedin.com/in/ada-example,,Acme,ML engineer,05 Mar 2025\n"
        "Bob,Example,https://www.linkedin.com/in/bob,,Elsewhere,Clerk,06 Mar 2025\n"
    )
    rows, rejects = read_people({"Connections.csv": export})
    assert rows[["profile_id", "company", "text"]].values.tolist() == [
        ["ada-example", "acme", "ML engineer"]
    ]
    assert rejects["reason"].str.contains("header is line 4").any()
    assert rejects["line"].dropna().tolist() == [6]
    without_url = export.replace("URL,", "").replace("https://www.linkedin.com/in/ada-example,", "")
    without_url = without_url.replace("https://www.linkedin.com/in/bob,", "")
    rows, _ = read_people({"Connections.csv": without_url})
    assert rows["profile_id"].str.startswith("connection-").all()
    assert not rows["profile_id"].str.contains("ada", case=False).any()


def test_results_of_interfaces_are_unwrapped(read_people: ReadPeople) -> None:
    people = [proxycurl("a", "ML"), proxycurl("b", "ML")]
    wrapped = [
        {
            "profile": {k: v for k, v in p.items() if k != "last_updated"},
            "last_updated": "2025-06-01",
            "linkedin_profile_url": "x",
        }
        for p in people
    ]
    for content in (wrapped, {"results": wrapped, "next_page": None}, {"data": people}):
        rows, _ = read_people({"a.json": json.dumps(content)})
        assert rows["profile_id"].tolist() == ["a", "b"]
        assert rows["snapshot"].str.startswith("2025-06-01").all()


_FLAT = [
    (
        {"linkedinCompanyUrl": PAGE, "linkedinJobTitle": "Machine learning lead"},
        {"linkedinJobDateRange": "Jan 2020 - Present"},
        {"linkedinJobDateRange": "Jan 2020 - Mar 2021"},
    ),
    (
        {"company_name": "Acme", "title_raw": "Machine learning lead"},
        {"enddate": ""},
        {"enddate": "2021-01-01"},
    ),
    (
        {"Company Name": "Acme", "Current Job": "Machine learning lead"},
        {"Is Current Job": "yes"},
        {"Left company": "yes"},
    ),
]


@pytest.mark.parametrize(("common", "there", "gone"), _FLAT)
def test_flat_tables_may_say_that_a_post_has_ended(
    read_people: ReadPeople, common: Record, there: Record, gone: Record
) -> None:
    people = [{"profile_url": f"https://www.linkedin.com/in/p{n}", **common} for n in range(2)]
    rows, rejects = read_people({"a.csv": _csv([people[0] | there, people[1] | gone])})
    assert rows["profile_id"].tolist() == ["p0"]
    assert rows["text"].tolist() == ["Machine learning lead"]
    assert rejects["reason"].tolist() == ["every post of the profile has ended; not used"]


def test_posts_under_the_name_of_a_headline(read_people: ReadPeople) -> None:
    def person(name: str, year: int) -> Record:
        post = {
            "companyName": "Acme",
            "companyUsername": "acme",
            "title": "Machine learning lead",
            "end": {"year": year, "month": 0, "day": 0},
        }
        return {"username": name, "headline": "h", "position": [post]}

    rows, rejects = read_people({"a.json": [person("p0", 0), person("p1", 2021)]})
    assert rows["profile_id"].tolist() == ["p0"]
    assert rows["text"].str.contains("Machine learning lead").all()
    assert rejects["line"].dropna().tolist() == [2]


def test_records_that_are_deleted_are_not_used(read_people: ReadPeople) -> None:
    records = _delivery("coresignal_base")
    gone = [{**record, "deleted": 1} for record in records[:2]]
    rows, rejects = read_people({"a.json": [*gone, *records[2:]]})
    assert len(rows) == 6
    assert rejects["reason"].str.contains("marked the profile as deleted").sum() == 2


@pytest.mark.parametrize(
    ("field", "told", "is_gone"),
    [
        ("deleted_at", "2025-01-02T03:04:05Z", True),
        ("deleted_at", None, False),
        ("deleted", "2025-01-02", True),
        ("deleted", "0", False),
        ("isDeleted", "true", True),
    ],
)
def test_the_day_of_a_deletion_is_one(
    read_people: ReadPeople, field: str, told: str | None, is_gone: bool
) -> None:
    post = {"company_id": "acme", "start_date": "2019", "end_date": None}
    record = {"linkedin_id": "p", "position": "x", "experience": [post]}
    rows, _ = read_people({"a.json": [{**record, "linkedin_id": "q"}, {**record, field: told}]})
    assert sorted(rows["profile_id"]) == (["q"] if is_gone else ["p", "q"])


def test_posts_that_begin_after_the_snapshot_are_not_held_yet(read_people: ReadPeople) -> None:
    at_globex = {"company_id": "globex", "start_date": "2019", "end_date": None}
    at_acme = {"company_id": "acme", "start_date": "2024-09", "end_date": None}

    def person(name: str, snapshot: str | None, *posts: Record) -> Record:
        entries = [{"title": "x", **post} for post in posts]
        return {"linkedin_id": name, "position": "x", "taken": snapshot, "experience": entries}

    people = [
        person("p", "2024-06-01", at_acme, at_globex),
        person("q", "2024-10-01", at_acme, at_globex),
        person("r", "2024-06-01", at_acme),
        person("s", None, at_acme),  # it has begun by the day of reading
        person("t", "2024-06-01", at_acme, {**at_globex, "end_date": "2020"}),
    ]
    config = "files: {profiles: {columns: {snapshot: taken}}}"
    rows, rejects = read_people({"a.json": people}, config)
    assert dict(zip(rows["profile_id"], rows["company"], strict=True)) == {
        **{"p": "globex", "q": "acme", "s": "acme"}
    }
    told = rejects[rejects["reason"].str.contains("or begins after the snapshot")]
    assert told["line"].tolist() == [3, 5]


def test_a_flat_post_may_begin_later(read_people: ReadPeople) -> None:
    common = {"Company Name": "Acme", "title_raw": "x", "timestamp": "2024-06-01"}
    people = [
        {"profile_url": f"https://www.linkedin.com/in/p{year}", **common, "Job Start Date": year}
        for year in (2023, 2025)
    ]
    rows, _ = read_people({"a.csv": _csv(people)})
    assert rows["profile_id"].tolist() == ["p2023"]


def test_the_main_post_and_the_order_count(read_people: ReadPeople) -> None:
    main = {"company_id": "acme", "start_date": "2019", "end_date": None}
    side = {"company_id": "globex", "start_date": "2024", "end_date": None}
    told: list[tuple[dict, dict, str]] = [
        ({}, {}, "globex"),
        ({"is_primary": True}, {"is_primary": False}, "acme"),
        ({"order_in_profile": 1}, {"order_in_profile": 2}, "acme"),
        ({"order_in_profile": 2}, {"order_in_profile": 1}, "globex"),
    ]
    for number, (of_main, of_side, company) in enumerate(told):
        posts = [{**side, **of_side}, {**main, **of_main}]
        record = {"linkedin_id": f"p{number}", "position": "x", "experience": posts}
        rows, _ = read_people({"a.json": [record]})
        assert rows["company"].tolist() == [company], told[number]


def test_a_post_whose_end_is_not_told_is_not_silently_open(read_people: ReadPeople) -> None:
    def person(name: str, **post: Any) -> Record:
        entry = {"company_id": "acme", "title": "x", **post}
        return {"linkedin_id": name, "position": "x", "experience": [entry]}

    known = bright_data("known", "x")
    rows, rejects = read_people({"a.json": [known, person("p", start_date="2012")]})
    assert rows["profile_id"].tolist() == ["known"]
    assert "no field of this entry says when it ended" in rejects["reason"].iloc[-1]
    # Where others have a field for it, and this one has left it out, it goes on; that is said.
    leaver = person("left", end_date="2020")
    rows, rejects = read_people({"a.json": [known, leaver, person("p", start_date="2012")]})
    assert rows["profile_id"].tolist() == ["known", "p"]
    assert rejects["reason"].str.contains("1 time no field of the entry says").sum() == 1
    # But not where a field that is not known looks like the end.
    rows, rejects = read_people({"a.json": [known, leaver, person("p", vacated="2016-05")]})
    assert rows["profile_id"].tolist() == ["known"]
    assert rejects["field"].iloc[-1] == "vacated"


# --- paths in the study ----------------------------------------------------------------------

_OWN = [
    {
        "key": f"p{n}",
        "story": "Machine learning",
        "gossip": "x",
        "jobs_had": [{"firm": {"page": "https://www.linkedin.com/company/acme"}, "gone": gone}],
    }
    for n, gone in enumerate([None, "2020", "Present"])
]
_PATHS = (
    "files: {profiles: {%s: {profile_id: key, employer: 'jobs_had[].firm.page',"
    " ended: 'jobs_had[].gone', text: [story]}}}"
)


@pytest.mark.parametrize("where", ["paths", "columns"])
def test_paths_stand_for_a_form(read_people: ReadPeople, where: str) -> None:
    rows, rejects = read_people({"a.json": _OWN}, _PATHS % where)
    assert rows[["profile_id", "text"]].values.tolist() == [
        ["p0", "Machine learning"],
        ["p2", "Machine learning"],
    ]
    assert rejects["line"].dropna().tolist() == [2]


def test_a_path_may_add_to_a_form(read_people: ReadPeople) -> None:
    records = [
        {
            "linkedin_id": f"p{n}",
            "position": "x",
            "experience": [{"company_id": "acme", "until_when": end}],
        }
        for n, end in enumerate([None, "2020"])
    ]
    rows, _ = read_people(
        {"a.json": records}, "files: {profiles: {paths: {ended: 'experience[].until_when'}}}"
    )
    assert rows["profile_id"].tolist() == ["p0"]


def test_a_path_that_leads_nowhere_is_a_sentence(read_people: ReadPeople) -> None:
    config = "files: {profiles: {paths: {ended: 'experience[].end_dat'}}}"
    with pytest.raises(
        InputError, match=r"no record has a field 'experience\[\]\.end_dat'"
    ) as told:
        read_people({"a.json": [bright_data("a", "x")]}, config)
    assert "ended: experience[].end_date" in str(told.value)
    with pytest.raises(InputError, match="profile_id: <field>") as told:
        read_people({"a.json": [{"who": "p", "current_company": {"company_id": "acme"}}]})
    assert "who, current_company" in str(told.value)


# --- anything in any field -------------------------------------------------------------------

_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=6)
    | st.sampled_from(["2019", "Present", "acme", "*** ***", "[{", "{'a': 1}"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["title", "name", "company", "end_date", "id"]), inner)
    ),
    max_leaves=4,
)


def _places(record: Record) -> Iterator[tuple[str, ...]]:
    for name, value in record.items():
        yield (name,)
        if isinstance(value, list) and value and isinstance(value[0], dict):
            yield from ((name, inner) for inner in value[0])


_GONE = "no such field"
_STRANGE = [
    "end_date",
    "to",
    "status",
    "current",
    "deleted",
    "company",
    "text",
    "id",
    "items",
    "\u00e9 x",
]


def _spoiled(record: Record, place: tuple[str, ...], value: Any) -> Record:
    """Return the record with another value at a place, or without the field."""
    if len(place) == 1:
        rest = {name: each for name, each in record.items() if name != place[0]}
        return rest if value == _GONE else {**rest, place[0]: value}
    entries = record.get(place[0])
    if not isinstance(entries, list) or not entries or not isinstance(entries[0], dict):
        return record
    return {**record, place[0]: [_spoiled(entries[0], place[1:], value), *entries[1:]]}


@st.composite
def _deliveries(draw: st.DrawFn) -> tuple[str, list[Record]]:
    """Records of one vendor, each spoiled in one or more places, between two that are good."""
    maker = draw(st.sampled_from(sorted(MAKERS)))
    places = [*_places(MAKERS[maker]("x", "Clerk")), *((name,) for name in _STRANGE)]
    spoils = st.lists(st.tuples(st.sampled_from(sorted(places)), _VALUES | st.just(_GONE)))
    records = []
    for number, spoil in enumerate(draw(st.lists(spoils, min_size=1, max_size=5))):
        record = MAKERS[maker](f"spoiled-{number}", "Clerk")
        for place, value in spoil[:3]:
            record = _spoiled(record, place, value)
        records.append(record)
    good = [MAKERS[maker](f"good-{n}", "Machine learning") for n in range(2)]
    return maker, [good[0], *records, good[1]]


_FORMATS: dict[str, Callable[[list[Record]], bytes]] = {
    "a.json": lambda records: json.dumps(records).encode(),
    "a.jsonl": lambda records: "\n".join(map(json.dumps, records)).encode(),
    "a.ndjson.gz": lambda records: gzip.compress("\n".join(map(json.dumps, records)).encode()),
    "a.json.gz": lambda records: gzip.compress(json.dumps(records, indent=1).encode("utf-16")),
    "a.csv": lambda records: _csv(records).encode(),
}


@given(_deliveries(), st.sampled_from(sorted(_FORMATS)))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25
)
def test_no_value_in_any_field_costs_a_good_row(
    read_people: ReadPeople, delivery: tuple[str, list[Record]], name: str
) -> None:
    maker, records = delivery
    config = f"files: {{profiles: {{path: profiles, vendor: {maker.split('/')[0]}}}}}"
    rows, rejects = read_people({name: _FORMATS[name](records)}, config)
    assert rows["text"].str.contains("Machine learning").sum() == 2
    # Whoever is not among the rows is among the rejects.
    lines = rejects["line"].dropna().nunique()
    again = rejects["reason"].str.extract(r"^(\d+) times? another record")[0].dropna().astype(int)
    assert len(rows) + lines + again.sum() >= len(records)


@given(st.sampled_from(sorted(FORMS)), st.dictionaries(st.text(max_size=12), _VALUES, max_size=6))
@settings(deadline=None, max_examples=60)
def test_every_form_reads_anything(name: str, record: Record) -> None:
    assume(record)
    person = FORMS[name].person(record)
    assert isinstance(person.standing, Standing)
    person.text.text.encode()
