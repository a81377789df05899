"""Verdicts of a file, read with a reason for each row that cannot be used."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.ingest.tables import RawTable, read_table
from ml_headcount_assets.warehouse.ratings import RatingStore, SheetRow, Verdict, now
from ml_headcount_assets.warehouse.store import Tables

from .rounds import COMPANY, PROFILE, known_profiles
from .sheet import KEY, TICK, tick_columns

__all__ = ["rater_name", "read_verdicts"]

_LONGEST_NAME = 80
_WORDS = {
    "yes": ("yes", "y", "1", "true", "accept", "ja", "oui"),
    "no": ("no", "n", "0", "false", "reject", "nein", "non"),
    "unsure": ("unsure", "u", "?", "maybe", "unknown"),
}
_MEANT = {word: verdict for verdict, words in _WORDS.items() for word in words}
#: What stands in a box that is not ticked, as spreadsheet programs write it.
_UNTICKED = frozenset({"", "false", "0", "no", "n"})


def rater_name(name: str) -> str:
    """Return a rater's name in one spelling.

    Raises
    ------
    InputError
        It is empty or longer than a name.
    """
    plain = " ".join(name.split())
    if not plain or len(plain) > _LONGEST_NAME:
        raise InputError(f"--rater: a name has 1 to {_LONGEST_NAME} characters; initials will do.")
    return plain


def read_verdicts(
    path: Path, tables: Tables, store: RatingStore, rater: str | None = None
) -> tuple[list[Verdict], pd.DataFrame]:
    """Read the verdicts of a file.

    Parameters
    ----------
    path
        A sheet that was handed out (it has a column "key"), or a table of company_id,
        profile_id, verdict, and, if there are, rater, criteria (separated by ';'), text_hash and
        rated_at.
    tables
        Have tables companies, profiles and profile_labels.
    store
        Knows the sheets that were handed out.
    rater
        Who rated, where the file has no column "rater".

    Returns
    -------
    verdicts
        One a profile and rater. A row without a verdict has not been rated yet.
    rejects
        As `Rejects.frame`.

    Raises
    ------
    InputError
        The file cannot be read, lacks a column, or nobody is named who rated.
    """
    table = read_table(path, (KEY, COMPANY, PROFILE, "verdict"))
    if "verdict" not in table.columns:
        raise InputError(
            f"{table.source}: there is no column 'verdict'. The columns are"
            f" {', '.join(map(repr, table.columns))}. Rename the right one to 'verdict'."
        )
    if rater is None and "rater" not in table.columns:
        raise InputError(f"{table.source}: there is no column 'rater'. Say who rated with --rater.")
    words = np.array([str(each).strip().casefold() for each in table.columns["verdict"]])
    table = table.keep(words != "")
    if not len(table):
        return [], table.rejects.frame()
    people = _handed_out(table, store) if KEY in table.columns else known_profiles(table, tables)
    if KEY not in table.columns:
        people["text_hash"] = _column(table, "text_hash", "")
    people["rater"] = _raters(table, rater)
    people["verdict"] = _verdicts(table)
    people["criteria"] = _criteria(table)
    people["rated_at"] = _times(table)
    usable = people["company"].notna() & (people["rater"] != "") & people["verdict"].notna()
    again = people.duplicated(["company", "profile_id", "rater"]) & usable
    table.rejects.add(
        table.line[again], "(row)", "this rater has rated the profile before; the first row counts"
    )
    found = people.loc[usable & ~again, list(Verdict._fields)]
    return [Verdict(*row) for row in found.itertuples(index=False)], table.rejects.frame()


def _handed_out(table: RawTable, store: RatingStore) -> pd.DataFrame:
    """Find the profiles of a sheet's rows by their keys."""
    keys = [str(each).strip() for each in table.columns[KEY]]
    known = store.sheet_rows(keys)
    nothing = SheetRow("", None, None, None)
    rows = pd.DataFrame([known.get(each, nothing) for each in keys], columns=list(SheetRow._fields))
    table.rejects.add(
        table.line[rows["company"].isna()],
        KEY,
        "no sheet of this warehouse has this key; not used. Keep the column as it was handed out",
    )
    return rows[["company", "profile_id", "text_hash"]]


def _column(table: RawTable, name: str, nothing: str) -> list[str]:
    if name not in table.columns:
        return [nothing] * len(table)
    return [str(each).strip() for each in table.columns[name]]


def _raters(table: RawTable, rater: str | None) -> list[str]:
    names = _column(table, "rater", "")
    given = [" ".join(name.split()) or rater or "" for name in names]
    bad = np.array([not 0 < len(name) <= _LONGEST_NAME for name in given])
    table.rejects.add(
        table.line[bad], "rater", f"is empty, or longer than {_LONGEST_NAME} characters; not used"
    )
    return ["" if wrong else name for name, wrong in zip(given, bad, strict=True)]


def _verdicts(table: RawTable) -> list[str | None]:
    words = _column(table, "verdict", "")
    meant = [_MEANT.get(word.casefold()) for word in words]
    bad = np.array([each is None for each in meant])
    table.rejects.add(
        table.line[bad],
        "verdict",
        "is none of yes, no and unsure; not used. Correct it",
        [word for word, wrong in zip(words, bad, strict=True) if wrong],
    )
    return meant


def _criteria(table: RawTable) -> list[tuple[str, ...]]:
    listed = _column(table, "criteria", "")
    ticks = {column: _column(table, column, "") for column in tick_columns(tuple(table.columns))}
    return [
        tuple(
            dict.fromkeys(
                [each.strip() for each in listed[row].split(";") if each.strip()]
                + [
                    column.removeprefix(TICK)
                    for column, given in ticks.items()
                    if given[row].casefold() not in _UNTICKED
                ]
            )
        )
        for row in range(len(table))
    ]


def _times(table: RawTable) -> list[str]:
    """Return when each was rated; one that is not told is taken to be now."""
    told, times = _column(table, "rated_at", ""), []
    for line, text in zip(table.line, told, strict=True):
        try:
            time = datetime.fromisoformat(text) if text else None
        except ValueError:
            table.rejects.add(
                line, "rated_at", "is no time (ISO 8601); that of the import is taken"
            )
            time = None
        if time is None:
            times.append(now())
        else:
            times.append(
                (time if time.tzinfo else time.replace(tzinfo=UTC))
                .astimezone(UTC)
                .isoformat(timespec="milliseconds")
            )
    return times
