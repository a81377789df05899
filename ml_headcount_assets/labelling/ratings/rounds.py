"""A rating round: which profiles are to be rated, with the texts that raters see."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ml_headcount_assets.compute.whole_file import whole_file
from ml_headcount_assets.errors import InputError
from ml_headcount_assets.ingest.identifiers import normalise_company_id, normalise_profile_id
from ml_headcount_assets.ingest.tables import RawTable, read_table
from ml_headcount_assets.model.streams import stream
from ml_headcount_assets.warehouse.ratings import profiles_today
from ml_headcount_assets.warehouse.store import Tables

from .blinding import blinded

__all__ = ["Subject", "known_profiles", "read_round", "share_of", "write_list"]

COMPANY, PROFILE = "company_id", "profile_id"
_IDS = ("company", COMPANY, PROFILE)


@dataclass(frozen=True)
class Subject:
    """A profile that is to be rated.

    Attributes
    ----------
    company
        Partition key of its company.
    profile_id
        Its id.
    text_hash
        Hash of its text.
    text
        What a rater sees.
    """

    company: str
    profile_id: str
    text_hash: str
    text: str


def read_round(path: Path, tables: Tables) -> tuple[list[Subject], pd.DataFrame]:
    """Read which profiles are to be rated, and find their texts.

    Parameters
    ----------
    path
        A table with columns company_id and profile_id, as `ratings propose` writes it; other
        columns do not matter.
    tables
        Have tables companies, profiles and profile_labels.

    Returns
    -------
    subjects
        In an order of chance, which tells nothing of how they were chosen and is always the same.
    rejects
        As `Rejects.frame`: rows that cannot be used.

    Raises
    ------
    InputError
        The file cannot be read, lacks a column, or no row can be used.
    """
    table = read_table(path, (COMPANY, PROFILE))
    rows = len(table)
    known = known_profiles(table, tables)
    with_text = known["text_hash"].fillna("").ne("")
    there = known["company"].notna() & ~with_text
    table.rejects.add(
        table.line[there], PROFILE, "the warehouse has no text of this profile; it cannot be shown"
    )
    again = known.duplicated(["company", "profile_id"]) & with_text
    table.rejects.add(table.line[again], "(row)", "the profile is listed before; not shown twice")
    found = known[with_text & ~again]
    table.keep((with_text & ~again).to_numpy()).refuse_if_unusable(rows)
    texts = _texts(found["text_hash"].tolist(), tables)
    names = _names(tables)
    subjects = [
        Subject(company, person, text, blinded(texts[text], names[company], person))
        for company, person, text in zip(
            found["company"], found["profile_id"], found["text_hash"], strict=True
        )
    ]
    order = stream(0, "rating round", *sorted(each.text_hash for each in subjects))
    return [subjects[place] for place in order.permutation(len(subjects))], table.rejects.frame()


def share_of(subjects: Sequence[Subject], share: float) -> list[Subject]:
    """Return the part of a round that a second rater gets: as good as drawn, always the same."""
    if not 0 < share <= 1:
        raise InputError(f"A share of a round is above 0 and at most 1, not {share:g}.")
    return list(subjects[: math.ceil(share * len(subjects))])


def known_profiles(table: RawTable, tables: Tables) -> pd.DataFrame:
    """Find the profiles that the rows of a file name; rows of others are noted in its rejects.

    Returns
    -------
    DataFrame
        A row for each of the file's: company, profile_id, text_hash ("" without a text); missing
        where the warehouse has no such profile.
    """
    given = pd.DataFrame(
        {
            "company_id": [normalise_company_id(each) for each in _column(table, COMPANY)],
            "given": [str(each).strip() for each in _column(table, PROFILE)],
        }
    )
    given["normal"] = [normalise_profile_id(each) for each in given["given"]]
    today = profiles_today(tables, {*given["given"], *given["normal"]} - {""})
    known = tables.read("companies", columns=["company_id"])["company_id"]
    here = set(zip(today["company_id"], today["profile_id"], strict=True))
    given["profile_id"] = [
        exact if (company, exact) in here else normal
        for company, exact, normal in zip(
            given["company_id"], given["given"], given["normal"], strict=True
        )
    ]
    found = given[["company_id", "profile_id"]].merge(
        today, on=["company_id", "profile_id"], how="left"
    )
    lost = found["company"].isna().to_numpy()
    strange = lost & ~given["company_id"].isin(known).to_numpy()
    values = np.asarray(given["company_id"]), np.asarray(given["given"])
    table.rejects.add(
        table.line[strange],
        COMPANY,
        "no company of the study has this id; not used. Correct the id",
        values[0][strange].tolist(),
    )
    gone = lost & ~strange
    table.rejects.add(
        table.line[gone],
        PROFILE,
        "the company has no profile of this id, or has it no longer; not used",
        values[1][gone].tolist(),
    )
    return found[["company", "profile_id", "text_hash"]]


def write_list(profiles: pd.DataFrame, path: Path) -> None:
    """Write which profiles are to be rated, to a CSV file that its owner alone can read.

    Parameters
    ----------
    profiles
        company_id, profile_id, and what else is worth telling.
    path
        The file; one of this name is replaced.
    """
    columns = [COMPANY, PROFILE, *(name for name in profiles if name not in _IDS)]
    with whole_file(path) as unfinished:
        number = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(number, "w", encoding="utf-8", newline="") as file:
            profiles[columns].to_csv(file, index=False, lineterminator="\n")


def _column(table: RawTable, name: str) -> np.ndarray:
    if name not in table.columns:
        raise InputError(
            f"{table.source}: there is no column {name!r}. The columns are"
            f" {', '.join(map(repr, table.columns))}. Rename the right one to {name!r}."
        )
    return table.columns[name]


def _texts(hashes: list[str], tables: Tables) -> dict[str, str]:
    rows = tables.query(
        "SELECT text_hash, any_value(text) AS text FROM profiles"
        " WHERE text_hash IN (SELECT unnest(?::VARCHAR[])) GROUP BY text_hash",
        [hashes],
    )
    return dict(zip(rows["text_hash"], rows["text"], strict=True))


def _names(tables: Tables) -> dict[str, list[str]]:
    """Return by which names and ids each company goes."""
    rows = tables.read("companies", columns=["company", "company_id", "name", "aliases"])
    return {
        company: [each for each in (id_, name, *str(aliases or "").split(";")) if _is_text(each)]
        for company, id_, name, aliases in rows.fillna("").itertuples(index=False)
    }


def _is_text(name: object) -> bool:
    return isinstance(name, str) and any(map(str.isalpha, name))
