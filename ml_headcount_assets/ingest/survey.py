"""Who is in the raw profiles: one record per person, and the company it belongs to.

The files are gone through without keeping any text. Of several records of a person the one with
the newest snapshot counts; of equally new ones, or if none has a snapshot, that in the file whose
name comes last, and there the last. Only then the company is looked at, so that whoever has left
for a company outside the study is not counted at the former one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import InputError
from ..study import ProfileColumns
from .employers import Directory, Employer, current_employer
from .identifiers import normalise_profile_id
from .profile_files import stream_records, structured
from .rejects import WHOLE_ROW, Rejects

__all__ = ["Survey", "id_fields", "profile_id_of", "survey_profiles"]

_FALLBACK_ID = "id"
_EMPLOYER_FIELDS = ("current_company", "experience")
_EPOCH = re.compile(r"\d{10}(?:\d{3})?")
_LATEST_SECONDS = 1e11  # larger numbers of a time stamp are milliseconds


@dataclass(frozen=True)
class Survey:
    """Which records count.

    Attributes
    ----------
    chosen
        file (name), line, profile_id, company_id, snapshot (ISO 8601 in UTC, or missing); one
        row a person, in the order of files and lines.
    rejects
        What cannot be used, by file.
    """

    chosen: pd.DataFrame
    rejects: Mapping[str, Rejects]


def survey_profiles(
    files: Mapping[str, Path], columns: ProfileColumns, companies: pd.DataFrame
) -> Survey:
    """Find out which records of the raw profiles count, and for which company.

    Parameters
    ----------
    files
        The files by name, as `profile_files` returns them.
    columns
        Names of the fields with the profile's id and the snapshot.
    companies
        company_id and name of the study's companies.

    Raises
    ------
    InputError
        No record can be used.
    """
    rejects = {name: Rejects(name) for name in files}
    seen = _Sightings()
    for number, (name, path) in enumerate(files.items()):
        try:
            _look_through(number, path, columns, seen, rejects[name])
        except InputError as error:  # the other files may be in order
            rejects[name].add_file(str(error))
    latest = _latest(seen.frame(), list(files), rejects)
    chosen = _at_companies(latest, seen.employers, Directory(companies), rejects)
    if chosen.empty:
        reason = next((each.first_reason() for each in rejects.values() if len(each)), "no records")
        raise InputError(
            f"{next(iter(files))}{', ...' if len(files) > 1 else ''}: none of the profiles can be"
            f" used; the first reject: {reason}."
        )
    return Survey(chosen, rejects)


def profile_id_of(record: Mapping[str, Any], columns: ProfileColumns) -> str:
    """Return the id of a record's person, "" if there is none."""
    found = (normalise_profile_id(record.get(name)) for name in id_fields(columns))
    return next(filter(None, found), "")


def id_fields(columns: ProfileColumns) -> tuple[str, ...]:
    """Return the fields that may hold the id of a record's person, the first of them first."""
    return (columns.profile_id, _FALLBACK_ID)


@dataclass
class _Sightings:
    """Every record that has an id. Employers are kept once, by number."""

    rows: list[tuple[int, int, str, str, int]] = field(default_factory=list)
    numbers: dict[Employer | None, int] = field(default_factory=dict)

    def add(self, file: int, line: int, profile: str, snapshot: str, at: Employer | None) -> None:
        number = self.numbers.setdefault(at, len(self.numbers))
        self.rows.append((file, line, profile, snapshot, number))

    def frame(self) -> pd.DataFrame:
        names = ["file", "line", "profile_id", "snapshot", "employer"]
        return pd.DataFrame(self.rows, columns=names)

    @property
    def employers(self) -> list[Employer | None]:
        return list(self.numbers)


def _look_through(
    number: int, path: Path, columns: ProfileColumns, seen: _Sightings, rejects: Rejects
) -> None:
    fields = {*id_fields(columns), columns.snapshot, *_EMPLOYER_FIELDS}
    for line, record in stream_records(path, fields, rejects):
        profile = profile_id_of(record, columns)
        if not profile:
            rejects.add(line, columns.profile_id, "the profile has no id; not used")
            continue
        snapshot = _snapshot(record.get(columns.snapshot))
        if snapshot is None:
            rejects.add(line, columns.snapshot, "is no date; the record is taken as the oldest")
        seen.add(number, line, profile, snapshot or "", current_employer(structured(record)))


def _snapshot(value: Any) -> str | None:
    """Return a point in time as ISO 8601 in UTC, "" if there is none; None for anything else."""
    if value is None or value == "" or value != value:  # NaN differs from itself
        return ""
    try:
        moment = _moment(value)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _moment(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time())
    if isinstance(value, str) and _EPOCH.fullmatch(value.strip()):
        value = float(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return datetime.fromtimestamp(value / 1000 if value > _LATEST_SECONDS else value, UTC)
    return datetime.fromisoformat(value.strip() if isinstance(value, str) else value)


def _latest(seen: pd.DataFrame, files: list[str], rejects: Mapping[str, Rejects]) -> pd.DataFrame:
    """Return the newest record of every person, and count the others."""
    ordered = seen.sort_values(["snapshot", "file", "line"])
    older = ordered.duplicated("profile_id", keep="last")
    for number, count in ordered.loc[older, "file"].value_counts().items():
        rejects[files[number]].add_file(
            f"{count} times another record of the same person is as new or newer; not used"
        )
    latest = ordered[~older].sort_values(["file", "line"], ignore_index=True)
    return latest.assign(file=np.array(files, dtype=object)[latest["file"]])


def _at_companies(
    latest: pd.DataFrame,
    employers: list[Employer | None],
    directory: Directory,
    rejects: Mapping[str, Rejects],
) -> pd.DataFrame:
    """Return the persons who are at one of the study's companies."""
    found = [employer and directory.find(employer) for employer in employers]
    company_id = _spread(found, latest["employer"])
    lost = latest[[each is None for each in company_id]]
    employer = [employers[number] for number in lost["employer"]]
    reasons = directory.reasons([each for each in employer if each])
    for name, line, each in zip(lost["file"], lost["line"], employer, strict=True):
        if each is None:
            rejects[name].add(line, WHOLE_ROW, "the profile names no current company; not used")
        else:
            rejects[name].add(line, "current_company", reasons[each])
    kept = latest.assign(company_id=company_id).dropna(subset="company_id")
    kept["snapshot"] = kept["snapshot"].mask(kept["snapshot"] == "")
    columns = ["file", "line", "profile_id", "company_id", "snapshot"]
    return kept[columns].reset_index(drop=True)


def _spread(values: list[str | None], numbers: pd.Series) -> NDArray[np.object_]:
    each = np.empty(len(values), dtype=object)
    each[:] = values
    return each[numbers.to_numpy(dtype=np.int64)]
