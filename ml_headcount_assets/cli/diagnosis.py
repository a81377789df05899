"""How a diagnosis is shown: a screen of text, to be read in ten seconds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.text import Text

from ml_headcount_assets.wording import how_many

if TYPE_CHECKING:
    from ml_headcount_assets.ingest.file_forms import FileForm
    from ml_headcount_assets.ingest.profile_look import PeopleFound
    from ml_headcount_assets.labelling.diagnosis import Diagnosis

__all__ = ["diagnosis_lines"]

_WIDTH = 11
_MOST_NOTES = 6
_MOST_PROBLEMS = 10
_MOST_FILES = 8
_MOST_FIELDS = 6
_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}


def diagnosis_lines(diagnosis: Diagnosis) -> Iterator[Text]:
    """Yield the lines that say what was found of a study."""
    yield from _entries("Files", list(_files(diagnosis.files)))
    yield from _entries("Companies", [diagnosis.companies])
    yield from _entries("Rated CVs", [diagnosis.rated])
    yield from _entries("People", [_people(diagnosis.people)] if diagnosis.people else [])
    labels = [f"{each.annotator}: {each.source}" for each in diagnosis.labels]
    yield from _entries("Labels", labels)
    yield from _entries("No match", diagnosis.joins)
    yield from _entries("Notes", _few(diagnosis.notes, _MOST_NOTES, "notes"))
    yield from _entries("Estimates", ["; ".join(diagnosis.supports)])
    warnings = _few(diagnosis.warnings, _MOST_NOTES, "warnings")
    yield from _entries("Warning", warnings, "yellow")
    yield from _entries("Problem", _few(diagnosis.problems, _MOST_PROBLEMS, "problems"), "red")


def _entries(heading: str, entries: Sequence[str], style: str = "bold") -> Iterator[Text]:
    for number, entry in enumerate(entry for entry in entries if entry):
        first = heading if number == 0 else ""
        yield Text.assemble((first.ljust(_WIDTH), style), entry)


def _few(entries: Sequence[str], most: int, what: str) -> list[str]:
    more = len(entries) - most
    return [*entries[:most], *([f"and {more:,} more {what}"] if more > 0 else [])]


def _files(forms: Sequence[FileForm]) -> Iterator[str]:
    """Yield a line for each file, or for several that are alike."""
    alike: dict[FileForm, list[FileForm]] = {}
    for form in forms:
        alike.setdefault(replace(form, path="", records=None), []).append(form)
    groups = list(alike.values())
    for group in groups[:_MOST_FILES]:
        counts = [form.records for form in group]
        records = None if None in counts else sum(count or 0 for count in counts)
        form = replace(group[0], records=records)
        more = f" and {len(group) - 1:,} more" if len(group) > 1 else ""
        yield f"{form.path}{more}: {', '.join(_of(form))}"
        if form.fields_unused:
            yield f"  not used: {_names(form.fields_unused)}"
    if len(groups) > _MOST_FILES:
        yield f"and {how_many(len(groups) - _MOST_FILES, 'more kind', 'more kinds')} of files"


def _of(form: FileForm) -> Iterator[str]:
    yield form.format
    if form.encoding and form.encoding != "UTF-8":
        yield form.encoding
    if form.delimiter and form.delimiter != ",":
        yield f"separated by {_DELIMITERS.get(form.delimiter, repr(form.delimiter))}"
    if form.header_line > 1:
        yield f"header in line {form.header_line}"
    if form.vendor:
        yield form.vendor
    if form.records is not None:
        yield how_many(form.records, "record")
    if form.fields_used:
        yield f"used: {_names(form.fields_used)}"


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_FIELDS} more" if len(names) > _MOST_FIELDS else ""
    return ", ".join(names[:_MOST_FIELDS]) + more


def _people(people: PeopleFound) -> str:
    sample = (
        f" in {how_many(people.records, 'record')} that were looked at" if people.is_part else ""
    )
    parts = [f"{people.people:,}{sample}"]
    if people.by_id is not None:
        parts.append(
            f"{people.by_id + (people.by_name or 0):,} with an employer ({people.by_id:,} known by"
            f" id, {people.by_name or 0:,} by name)"
        )
    parts.append(f"{int(people.at_companies.sum()):,} at a company of the study")
    if people.with_content is not None:
        parts.append(f"{people.with_content:,} of them with content")
    return "; ".join(parts)
