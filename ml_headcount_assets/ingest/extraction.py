"""From one file of raw profiles to an extract: all that is used of each record, on the disk.

What an extract holds depends on the file, on how it is to be read and on this code, and on nothing
else: not on the study's companies, nor on the other files. So files can be read beside each other,
and one that has been read need not be read again.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow
import pyarrow.parquet

from ..errors import InputError
from ..study import ProfilesSource
from ..text.recipe import hash_text
from ..wording import how_many
from .bombs import named_if_too_large
from .cells import structured
from .dates import iso
from .profile_files import Record, RecordFile
from .rejects import Rejects
from .text_files import Part
from .vendors import PathMisses, Person, Standing, fields_of, form_of, people_in
from .vendors.mapped import MappedForm

__all__ = ["EXTRACT_VERSION", "UNREAD_FILE", "Extract", "Facts", "extract"]

#: Raised whenever the same file would give another extract (and see `RECIPE_VERSION`).
EXTRACT_VERSION = "9"

#: Beginning of the reason why a whole file is left out.
UNREAD_FILE = "the whole file is left out"

_PEOPLE, _REJECTS, _FACTS = "people.parquet", "rejects.parquet", "facts.json"

_LOOKED_AT = 100
_BATCH_ROWS = 2_000
_BATCH_CHARACTERS = 8 << 20
_MOST_NAMES = 300
_LONGEST_NAME = 60

_SCHEMA = pyarrow.schema(
    [
        ("line", pyarrow.int64()),
        ("profile_id", pyarrow.string()),
        ("first", pyarrow.string()),
        ("last", pyarrow.string()),
        ("unread_time", pyarrow.bool_()),
        ("standing", pyarrow.string()),
        ("ids", pyarrow.string()),
        ("name", pyarrow.string()),
        ("suspect", pyarrow.string()),
        ("unread", pyarrow.string()),
        ("text_hash", pyarrow.string()),
        ("text", pyarrow.string()),
    ]
)
_OF_TEXT = ("text", "text_hash", "unread")
_LIST = "\x1f"


@dataclass(frozen=True)
class Facts:
    """What is known of a file as a whole.

    Attributes
    ----------
    form
        Name of the form in which the records were read.
    said
        The same in words, with how it was known.
    format
        What the file was read as.
    records
        Number of records that could be read.
    tells_ends
        In how many of them a post has a field for its end.
    names
        Names of the first records' fields, as `vendors.fields_of` writes them: what the form is
        guessed by.
    fields
        Names of all records' fields, without those inside of others.
    unknown
        Fields with text that the recipe does not know, and in how many records.
    found
        In how many records each field was there that the study names.
    unreadable
        Why nothing of the file could be read; "" if something could.
    """

    form: str = ""
    said: str = ""
    format: str = ""
    records: int = 0
    tells_ends: int = 0
    names: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    unknown: Mapping[str, int] = field(default_factory=dict)
    found: Mapping[str, int] = field(default_factory=dict)
    unreadable: str = ""

    @property
    def misses(self) -> PathMisses:
        """Of how many records each of the named fields was there."""
        return PathMisses(self.records, self.found)


@dataclass(frozen=True)
class Extract:
    """An extract on the disk: a folder with people, rejects and facts for each part of the file."""

    folder: Path

    def facts(self) -> Facts:
        """Return what is known of the file as a whole."""
        parts = [json.loads((part / _FACTS).read_text(encoding="utf-8")) for part in self._parts()]
        unknown, found = Counter[str](), Counter[str]()
        for part in parts:
            unknown.update(part["unknown"])
            found.update(part["found"])
        together = {
            "names": tuple(parts[0]["names"]),
            "fields": tuple(dict.fromkeys(name for part in parts for name in part["fields"])),
            "records": sum(part["records"] for part in parts),
            "tells_ends": sum(part["tells_ends"] for part in parts),
            "unknown": dict(unknown),
            "found": dict(found),
        }
        return Facts(**{**parts[0], **together})

    def rejects(self) -> pd.DataFrame:
        """Return what could not be read, as `Rejects.frame`."""
        tables = [pyarrow.parquet.read_table(part / _REJECTS) for part in self._parts()]
        integers = {pyarrow.int64(): pd.Int64Dtype()}
        return pyarrow.concat_tables(tables).to_pandas(types_mapper=integers.get)

    def people(self) -> pd.DataFrame:
        """Return everything but the texts: one row a record, in the order of the file."""
        columns = [name for name in _SCHEMA.names if name not in _OF_TEXT]
        tables = [pyarrow.parquet.read_table(p / _PEOPLE, columns=columns) for p in self._parts()]
        return pyarrow.concat_tables(tables).to_pandas()

    def texts(self) -> Iterator[pyarrow.Table]:
        """Yield text, text_hash and unread of the same rows, as many at a time as were written."""
        for part in self._parts():
            with pyarrow.parquet.ParquetFile(part / _PEOPLE) as file:
                for group in range(file.num_row_groups):
                    yield file.read_row_group(group, columns=list(_OF_TEXT))

    def _parts(self) -> list[Path]:
        return sorted(self.folder.iterdir(), key=lambda part: int(part.name))


def extract(
    path: Path,
    name: str,
    source: ProfilesSource,
    folder: Path,
    most: int | None = None,
    *,
    number: int = 0,
    part: Part | None = None,
) -> Facts:
    """Read a file of raw profiles, or a part of it, and write what is used of it.

    Parameters
    ----------
    path
        The file.
    name
        What it is called in the study.
    source
        How the study wants its profiles read.
    folder
        Where the extract is to be; it is made.
    most
        Read no more than so many records, for a look; None for all.
    number, part
        Which part of the file is meant, if not all of it. Its form is that of the whole file.

    Raises
    ------
    ComputeError
        The file holds more than the memory does.
    """
    place = folder / str(number)
    place.mkdir(parents=True, mode=0o700)
    rejects = Rejects(name)
    facts = Facts()
    with (
        named_if_too_large(path),
        pyarrow.parquet.ParquetWriter(
            place / _PEOPLE, _SCHEMA, compression="zstd", compression_level=1, use_dictionary=False
        ) as writer,
    ):
        try:
            names = _first_names(RecordFile.of(path)) if number else ()
            records = islice(_records(file := RecordFile.of(path, part), rejects), most)
            facts = _extract(records, names, source, _Written(writer, rejects))
            facts = replace(facts, format=file.format)
        except InputError as error:  # the other files may be in order
            facts = Facts(unreadable=str(error))
            rejects.add_file(f"{UNREAD_FILE}: {error}")
    table = pyarrow.Table.from_pandas(rejects.frame(), preserve_index=False)
    pyarrow.parquet.write_table(table, place / _REJECTS)
    (place / _FACTS).write_text(json.dumps(asdict(facts)), encoding="utf-8")
    return facts


def _extract(
    records: Iterator[tuple[int, Mapping[str, Any]]],
    names: tuple[str, ...],
    source: ProfilesSource,
    written: _Written,
) -> Facts:
    """Write people, in the form that goes by `names`, or else by the first records."""
    first = list(islice(records, _LOOKED_AT))
    names = names or _names(record for _, record in first)
    form, said = form_of(names, source)
    for line, record in chain(first, records):
        written.add(line, form.person(record), record)
    written.flush()
    return Facts(
        form=form.name,
        said=said,
        records=written.count,
        tells_ends=written.tells_ends,
        names=names,
        fields=_usable(written.fields),
        unknown=dict(written.unknown),
        found=form.misses.found if isinstance(form, MappedForm) else {},
    )


def _first_names(file: RecordFile) -> tuple[str, ...]:
    """Return the names of fields of a file's first records."""
    first = islice(_records(file, Rejects(file.path.name)), _LOOKED_AT)
    return _names(record for _, record in first)


def _records(file: RecordFile, rejects: Rejects) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield the records of a file, with objects in place of JSON text, out of their wrapping."""
    told: Counter[tuple[str, str]] = Counter()
    line = 0

    def report(cell: str, reason: str) -> None:
        if "read as" in reason:  # nothing is lost, and the cells of a column are alike
            told[cell, reason] += 1
        else:
            rejects.add(line, cell, reason)

    record: Record
    for line, record in file.read(rejects):
        for person in people_in(record):
            yield line, structured(person, report)
    for (cell, reason), count in told.items():
        rejects.add_note(f"{cell} {reason} ({how_many(count, 'time')})")


def _names(records: Iterator[Mapping[str, Any]]) -> tuple[str, ...]:
    found = dict.fromkeys(name for record in records for name in fields_of(record))
    return _usable(found)


def _usable(names: Iterable[str]) -> tuple[str, ...]:
    usable = (name for name in names if len(name) <= _LONGEST_NAME and name.isprintable())
    return tuple(islice(usable, _MOST_NAMES))


class _Written:
    """Writes people, some at a time, and counts what is said of the file as a whole."""

    def __init__(self, writer: pyarrow.parquet.ParquetWriter, rejects: Rejects) -> None:
        self._writer, self._rejects = writer, rejects
        self._rows: list[tuple[Any, ...]] = []
        self._characters = 0
        self.count = self.tells_ends = 0
        self.unknown: Counter[str] = Counter()
        self.fields: dict[str, None] = {}

    def add(self, line: int, person: Person, record: Mapping[str, Any]) -> None:
        self.count += 1
        if len(self.fields) < _MOST_NAMES:
            self.fields.update(dict.fromkeys(record))
        self.tells_ends += person.tells_ends
        self.unknown.update(person.text.unknown)
        if not person.profile_id:
            self._rejects.add(line, "profile_id", "the profile has no id; not used")
            return
        if person.unread_time:
            self._rejects.add(
                line,
                person.unread_time,
                "is no date that can be read; so it is not known whether the record is the newest",
            )
        self._rows.append(_row(line, person))
        self._characters += len(person.text.text)
        if len(self._rows) == _BATCH_ROWS or self._characters > _BATCH_CHARACTERS:
            self.flush()

    def flush(self) -> None:
        columns = zip(*self._rows, strict=True) if self._rows else [()] * len(_SCHEMA)
        arrays = [
            pyarrow.array(values, part.type) for values, part in zip(columns, _SCHEMA, strict=True)
        ]
        self._writer.write_batch(pyarrow.RecordBatch.from_arrays(arrays, schema=_SCHEMA))
        self._rows, self._characters = [], 0


def _row(line: int, person: Person) -> tuple[Any, ...]:
    employer, taken, text = person.employer, person.taken, person.text
    return (
        line,
        person.profile_id,
        iso(taken.first) if taken else None,
        iso(taken.last) if taken else None,
        person.unread_time != "",
        person.standing.value,
        _LIST.join(employer.ids) if employer else "",
        _storable(employer.name) if employer else "",
        person.suspect,
        _LIST.join(text.unread),
        hash_text(text.text) if person.standing in _EMPLOYED else "",
        text.text,
    )


_EMPLOYED = (Standing.EMPLOYED, Standing.UNTOLD)


def _storable(name: str) -> str:
    return name.encode("utf-8", "replace").decode().replace("\0", " ")
