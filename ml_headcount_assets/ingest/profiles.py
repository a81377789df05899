"""Raw profiles: from files of any size to rows with one text each, a few thousand at a time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import ComputeError
from ..study import ProfileColumns, Study
from ..text.recipe import RECIPE_VERSION, TEXT_FIELDS, hash_text, profile_text
from .identifiers import company_slug
from .profile_files import profile_files, stream_records, structured
from .rejects import Rejects, no_rejects
from .survey import Survey, id_fields, profile_id_of, survey_profiles

__all__ = ["read_profiles"]

_CHUNK_ROWS = 5_000
_CHUNK_CHARACTERS = 32 << 20

Progress = Callable[[int, int], None]


def read_profiles(
    study: Study,
    companies: pd.DataFrame,
    wanted: Collection[str] | None = None,
    progress: Progress | None = None,
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Read the raw profiles of a study, never all of them at once.

    The files are read twice, first to find out which record of each person counts. A study
    without raw profiles has no rows.

    Parameters
    ----------
    study
        The study.
    companies
        company_id and name of its companies; profiles of others go to the rejects.
    wanted
        Slugs of the companies whose rows are to be returned; None for all.
    progress
        Is told how many profiles are done, of how many.

    Yields
    ------
    table, rows
        Any number of times "profiles" with company (the slug), company_id, profile_id, snapshot
        (ISO 8601, may be missing), text, text_hash, recipe: one row a person. Then once
        "rejects", of all companies, as `Rejects.frame`.

    Raises
    ------
    InputError
        No profile can be used.
    ComputeError
        A file is changed while it is being read.
    """
    source = study.files.profiles
    yield "profiles", _frame([])  # also if there are none, there is a table
    if source is None:
        yield "rejects", no_rejects()
        return
    files = profile_files(study)
    survey = survey_profiles(files, source.columns, companies)
    done = 0
    for name, path in files.items():
        chosen = survey.chosen[survey.chosen["file"] == name]
        rows = _rows(path, chosen, source.columns, survey.rejects[name])
        for chunk, count in _chunks(rows, wanted):
            yield "profiles", chunk
            done += count
            if progress:
                progress(done, len(survey.chosen))
    yield "rejects", _all_rejects(survey)


def _rows(
    path: Path, chosen: pd.DataFrame, columns: ProfileColumns, rejects: Rejects
) -> Iterator[dict[str, Any]]:
    """Yield a row for each of the chosen lines of a file."""
    if chosen.empty:
        return
    fields = {*id_fields(columns), *TEXT_FIELDS}
    expected = chosen.itertuples(index=False)
    person = next(expected)
    # What cannot be read has been noted the first time.
    for line, record in stream_records(path, fields, Rejects(path.name)):
        if line != person.line:
            continue
        if profile_id_of(record, columns) != person.profile_id:
            break
        yield _row(person, record, rejects)
        person = next(expected, None)
        if person is None:
            return
    raise ComputeError(f"{path.name}: the file was changed while it was being read. Run again.")


def _row(person: Any, record: Mapping[str, Any], rejects: Rejects) -> dict[str, Any]:
    text, unread = profile_text(structured(record))
    for field in unread:
        rejects.add(person.line, field, "is of a kind that is not read; left out of the text")
    if not text:
        rejects.add(person.line, "text", "the profile has no text; its labels are missing")
    return {
        "company": company_slug(person.company_id),
        "company_id": person.company_id,
        "profile_id": person.profile_id,
        "snapshot": person.snapshot,
        "text": text,
        "text_hash": hash_text(text),
        "recipe": RECIPE_VERSION,
    }


def _chunks(
    rows: Iterator[dict[str, Any]], wanted: Collection[str] | None
) -> Iterator[tuple[pd.DataFrame, int]]:
    """Yield frames of bearable size, and of how many profiles each is what is wanted."""
    chunk: list[dict[str, Any]] = []
    count = characters = 0
    for row in rows:
        count += 1
        if wanted is None or row["company"] in wanted:
            chunk.append(row)
            characters += len(row["text"])
        if count == _CHUNK_ROWS or characters > _CHUNK_CHARACTERS:
            yield _frame(chunk), count
            chunk, count, characters = [], 0, 0
    if count:
        yield _frame(chunk), count


def _frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    columns = ["company", "company_id", "profile_id", "snapshot", "text", "text_hash", "recipe"]
    return pd.DataFrame(rows, columns=columns).astype("str")


def _all_rejects(survey: Survey) -> pd.DataFrame:
    return pd.concat([each.frame() for each in survey.rejects.values()], ignore_index=True)
