"""Raw profiles: from files of any size to rows with one text each, a few thousand at a time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow

from ..study import Study
from ..text.recipe import RECIPE_VERSION
from ..wording import how_many
from .extraction import Extract, Facts
from .extracts import open_extracts
from .identifiers import company_slug
from .profile_files import profile_files
from .rejects import Rejects, no_rejects
from .survey import Survey, survey_profiles

__all__ = ["NO_CONTENT", "all_rejects", "read_profiles"]

_COLUMNS = ["company", "company_id", "profile_id", "snapshot", "text", "text_hash", "recipe"]
_LIST = "\x1f"


#: Reason by which it is known that a profile has no labels for want of text.
NO_CONTENT = "the profile has no text; its labels are missing"

Progress = Callable[[int, int], None]


def read_profiles(
    study: Study,
    companies: pd.DataFrame,
    wanted: Collection[str] | None = None,
    progress: Progress | None = None,
    *,
    cache: Path | None = None,
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Read the raw profiles of a study, never all of them at once.

    Each file is read once, several beside each other; what is used of it is kept in the cache, so
    that only files that are new or changed are read again. A study without raw profiles has no
    rows.

    Parameters
    ----------
    study
        The study.
    companies
        company_id and name of its companies, and perhaps aliases; profiles of others go to the
        rejects.
    wanted
        Slugs of the companies whose rows are to be returned; None for all.
    progress
        Is told how far it has come: (done, total), in thousands of bytes of the files to be read
        and then in profiles.
    cache
        Folder for what is kept between calls, the texts of everybody in the files among it; None
        to keep nothing.

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
    yield (
        "profiles",
        pd.DataFrame(columns=_COLUMNS, dtype="str"),
    )  # also if there are none, there is a table
    if source is None:
        yield "rejects", no_rejects()
        return
    files = profile_files(study)
    with open_extracts(files, source, cache, _in_thousands(progress)) as extracts:
        facts = {name: extract.facts() for name, extract in extracts.by_file.items()}
        survey = survey_profiles(extracts.by_file, facts, source.columns, companies)
        done = 0
        for name, extract in extracts.by_file.items():
            chosen = survey.chosen[survey.chosen["file"] == name]
            for rows in _rows(extract, chosen, survey.rejects[name]):
                here = rows if wanted is None else rows[rows["company"].isin(wanted)]
                yield "profiles", here.reset_index(drop=True)
                done += len(rows)
                if progress:
                    progress(done, len(survey.chosen))
        yield "rejects", all_rejects(extracts.by_file, facts, survey)


def _in_thousands(progress: Progress | None) -> Progress | None:
    if progress is None:
        return None
    return lambda done, total: progress(done // 1000, total // 1000)


def _rows(extract: Extract, chosen: pd.DataFrame, rejects: Rejects) -> Iterator[pd.DataFrame]:
    """Yield the chosen rows of an extract with their texts, some thousand at a time."""
    slugs = {company_id: company_slug(company_id) for company_id in chosen["company_id"].unique()}
    chosen = chosen.assign(company=chosen["company_id"].map(slugs), recipe=RECIPE_VERSION)
    place = chosen["row"].to_numpy()
    before = 0
    for texts in extract.texts():
        start, stop = np.searchsorted(place, [before, before + len(texts)])
        if stop > start:
            rows = chosen.iloc[start:stop].reset_index(drop=True)
            told = texts.take(pyarrow.array(place[start:stop] - before)).to_pandas()
            _report(rows["line"], told, rejects)
            yield rows.assign(text=told["text"], text_hash=told["text_hash"])[_COLUMNS].astype(
                "str"
            )
        before += len(texts)


def _report(lines: pd.Series, told: pd.DataFrame, rejects: Rejects) -> None:
    """Note which of some profiles have no text, or fields that were not read."""
    noted = told.index[(told["unread"] != "") | (told["text"] == "")]
    for line, unread, text in zip(
        lines[noted], told["unread"][noted], told["text"][noted], strict=True
    ):
        for field in filter(None, unread.split(_LIST)):
            rejects.add(line, field, "is of a kind that is not read; left out of the text")
        if not text:
            rejects.add(line, "text", NO_CONTENT)


def all_rejects(
    extracts: Mapping[str, Extract], facts: Mapping[str, Facts], survey: Survey
) -> pd.DataFrame:
    """Return the rejects of reading and of choosing together, file by file, as `Rejects.frame`."""
    frames = []
    for name, extract in extracts.items():
        rejects = survey.rejects[name]
        for field, count in facts[name].unknown.items():
            rejects.add_note(
                f"text of {field} is not read (in {how_many(count, 'record')}). If it is about"
                " the person's"
                " work, name all fields of text under files.profiles.columns.text",
                field,
            )
        together = pd.concat([extract.rejects(), rejects.frame()], ignore_index=True)
        frames.append(together.sort_values("line", kind="stable", na_position="first"))
    return pd.concat(frames, ignore_index=True)
