"""Persons who are to be forgotten: taken out of every file, and kept out of the next delivery.

Who they are is known by keyed hashes of their ids: with the key, which never leaves the
warehouse, it can be told whether an id is one of theirs, and from the hashes alone nothing.
The study's own files are not the warehouse's, and are not touched.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ml_headcount_assets.compute.whole_file import whole_file
from ml_headcount_assets.errors import InputError
from ml_headcount_assets.ingest.identifiers import normalise_profile_id
from ml_headcount_assets.text.llm import AnswerStore
from ml_headcount_assets.wording import how_many

from .beside import (
    answers_path,
    embeddings_path,
    extracts_path,
    forgotten_path,
    key_path,
    people_path,
    ranges_path,
    ratings_path,
    work_path,
)
from .cache import hash_of
from .ratings import RatingStore
from .store import TableStore, rewrite

__all__ = ["Erased", "Forgotten", "forget_again", "forget_person", "forgotten_version"]

#: The columns that say whose a row is, by table.
_WHOSE = {
    "profiles": "profile_id",
    "keyword_labels": "profile_id",
    "llm_labels": "profile_id",
    "profile_labels": "profile_id",
    "rated_profiles": "profile_id",
    "rated_cvs": "rated_id",
    "rated_labels": "rated_id",
    "rated_llm_labels": "rated_id",
    "keyword_folds": "rated_id",
    "batch_results": "key",
}

#: Those of rated CVs.
_RATED = frozenset(table for table, column in _WHOSE.items() if column == "rated_id")


@dataclass(frozen=True)
class Forgotten:
    """Who is to be forgotten.

    Attributes
    ----------
    key
        What the hashes are made with; empty if there are none.
    hashes
        Of the persons' ids.
    """

    key: bytes
    hashes: frozenset[str]

    @classmethod
    def of(cls, warehouse: Path) -> Forgotten:
        """Return who is to be forgotten in a warehouse.

        Raises
        ------
        InputError
            The key is lost, so that they cannot be told from others.
        """
        kept = forgotten_path(warehouse)
        if not kept.is_file():
            return cls(b"", frozenset())
        if not key_path(warehouse).is_file():
            raise InputError(
                f"{kept} says that persons are to be forgotten, but the key to tell who they are,"
                f" {key_path(warehouse).name}, is gone. Restore it, or delete both and give their"
                " ids to ml-headcount forget once more."
            )
        hashes = json.loads(kept.read_text(encoding="utf-8"))
        return cls(key_path(warehouse).read_bytes(), frozenset(hashes))

    @property
    def state(self) -> str | None:
        """What rows that leave these persons out depend on; None, if there are none."""
        return hash_of(sorted(self.hashes)) if self.hashes else None

    def left_out(self, rows: pd.DataFrame, column: str) -> pd.DataFrame:
        """Return the rows but for those of persons to be forgotten, going by their ids."""
        if not self.hashes or rows.empty:
            return rows
        ids = rows[column].unique()
        theirs = [each for each in ids if _hash(self.key, each) in self.hashes]
        return rows[~rows[column].isin(theirs)].reset_index(drop=True)


def forgotten_version(warehouse: Path) -> dict[str, str]:
    """Return a version of who is to be forgotten, beside those of a study's files; {} of nobody."""
    state = Forgotten.of(warehouse).state
    return {"forgotten_persons": state} if state else {}


@dataclass(frozen=True)
class Erased:
    """What was taken out of a warehouse.

    Attributes
    ----------
    rows
        How many rows of each table.
    answers
        How many answers of LLMs about the person's texts.
    companies
        How many companies lose somebody.
    verdicts
        How many verdicts of people who rate profiles.
    """

    rows: dict[str, int]
    answers: int
    companies: int
    verdicts: int


def forget_person(warehouse: Path, person: str, *, everywhere: bool = False) -> Erased:
    """Take a person out of every file of a warehouse, and keep the person out from now on.

    Whoever calls this holds the warehouse. One that was killed is simply called again.

    Parameters
    ----------
    warehouse
        The folder.
    person
        Id of the person's profile or rated CV, in any spelling.
    everywhere
        Whether all is the person's, if several companies, or profiles and rated CVs, have the id.

    Raises
    ------
    InputError
        There is no such warehouse or id, or several companies, or profiles and rated CVs, have
        the id.
    """
    if not normalise_profile_id(person):
        raise InputError(f"{person!r} is no id of a person.")
    store = TableStore(warehouse)
    if not work_path(warehouse).is_file():
        store.read("profiles")  # which says that there is no warehouse
    spelt = _spellings(store, normalise_profile_id(person))
    companies = _companies(store, spelt)
    is_rated = not _RATED.isdisjoint(spelt)
    if companies + is_rated > 1 and not everywhere:
        raise InputError(
            f"This id is that of profiles of {how_many(companies, 'company')}"
            f"{' and of a rated CV' if is_rated else ''}. If ids are counted, as where a file has"
            " no column of ids, they tell no person: give the file ids first. If all of them are"
            " this person's, say so with --everywhere."
        )
    hashes = _only_theirs(store, spelt)
    _keep_out(warehouse, person)
    answers = _forget_answers(warehouse, hashes)
    verdicts = _forget_verdicts(warehouse, normalise_profile_id(person))
    # Of what these are made cannot be told; at the worst it is computed again.
    for folder in (extracts_path(warehouse), ranges_path(warehouse)):
        shutil.rmtree(folder, ignore_errors=True)
    if is_rated:
        for ending in ("", "-wal", "-shm"):
            path = embeddings_path(warehouse)
            path.with_name(f"{path.name}{ending}").unlink(missing_ok=True)
    with store.transaction() as transaction:
        rows = {table: transaction.erase(table, _WHOSE[table], spelt[table]) for table in spelt}
        transaction.erase("batch_results", "key", hashes)
    # Rows that are deleted leave their bytes in blocks which are free.
    rewrite(people_path(warehouse))
    return Erased(
        {name: number for name, number in rows.items() if number}, answers, companies, verdicts
    )


def forget_again(warehouse: Path, since: Forgotten) -> int:
    """Forget persons in a warehouse of a backup who were forgotten after that was made.

    Parameters
    ----------
    warehouse
        The folder, which whoever calls this holds.
    since
        Who is to be forgotten in the warehouse whose place it takes.

    Returns
    -------
    int
        How many persons more than in the backup.

    Raises
    ------
    InputError
        Their hashes were made with another key, so that they cannot be told from others.
    """
    before = Forgotten.of(warehouse)
    missing = since.hashes - before.hashes
    if not missing:
        return 0
    if before.hashes and before.key != since.key:
        raise InputError(
            "Persons were forgotten since this backup was made, with another key than those before"
            " it: who they are cannot be told in it. Restore it into another --warehouse, and give"
            " their ids to ml-headcount forget there."
        )
    _write(key_path(warehouse), since.key)
    _write(forgotten_path(warehouse), json.dumps(sorted(before.hashes | since.hashes)).encode())
    for person in _whose_hash(TableStore(warehouse), since.key, missing):
        forget_person(warehouse, person, everywhere=True)
    return len(missing)


def _whose_hash(store: TableStore, key: bytes, hashes: Collection[str]) -> list[str]:
    """Return the ids in any table that have one of these hashes."""
    found: set[str] = set()
    with store.snapshot() as snapshot:
        for table, column in _WHOSE.items():
            if snapshot.has(table):
                ids = snapshot.query(f"SELECT DISTINCT {column} AS id FROM {table}")["id"]
                found.update(each for each in ids if _hash(key, each) in hashes)
    return sorted(found)


def _spellings(store: TableStore, person: str) -> dict[str, list[str]]:
    """Return how the id is spelt in each table that has it."""
    found = {}
    with store.snapshot() as snapshot:
        for table, column in _WHOSE.items():
            if snapshot.has(table):
                ids = snapshot.query(f"SELECT DISTINCT {column} AS id FROM {table}")["id"]
                found[table] = [each for each in ids if normalise_profile_id(each) == person]
    return {table: ids for table, ids in found.items() if ids}


def _companies(store: TableStore, spelt: dict[str, list[str]]) -> int:
    found: set[str] = set()
    for table in ("profiles", "profile_labels"):
        if table in spelt:
            rows = store.query(
                f"SELECT DISTINCT company FROM {table}"
                " WHERE profile_id IN (SELECT unnest(?::VARCHAR[]))",
                [spelt[table]],
            )
            found.update(rows["company"])
    return len(found)


def _only_theirs(store: TableStore, spelt: dict[str, list[str]]) -> list[str]:
    """Return the hashes of the person's texts, but for those that others have word by word."""
    theirs: set[str] = set()
    others: set[str] = set()
    with store.snapshot() as snapshot:
        for table in ("profiles", "rated_cvs"):
            if not snapshot.has(table):
                continue
            rows = snapshot.query(f"SELECT {_WHOSE[table]} AS id, text_hash FROM {table}")
            own = rows["id"].isin(spelt.get(table, []))
            theirs.update(rows.loc[own, "text_hash"])
            others.update(rows.loc[~own, "text_hash"])
    return sorted(theirs - others - {""})


def _forget_answers(warehouse: Path, hashes: Collection[str]) -> int:
    if not hashes or not answers_path(warehouse).is_file():
        return 0
    with AnswerStore(answers_path(warehouse)) as answers:
        return answers.forget(hashes)


def _forget_verdicts(warehouse: Path, person: str) -> int:
    if not ratings_path(warehouse).is_file():
        return 0
    with RatingStore(warehouse) as ratings:
        return ratings.forget([id_ for id_ in ratings.ids() if normalise_profile_id(id_) == person])


def _keep_out(warehouse: Path, person: str) -> None:
    """Note a keyed hash of the id; the key is made with the first."""
    if not key_path(warehouse).is_file():
        _write(key_path(warehouse), secrets.token_bytes(32))
    key = key_path(warehouse).read_bytes()
    kept = forgotten_path(warehouse)
    before: Iterable[str] = json.loads(kept.read_text()) if kept.is_file() else ()
    _write(kept, json.dumps(sorted({*before, _hash(key, person)})).encode())


def _write(path: Path, content: bytes) -> None:
    with whole_file(path) as unfinished:
        number = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(number, "wb") as file:
            file.write(content)


def _hash(key: bytes, raw: object) -> str:
    person = normalise_profile_id(raw)
    return hashlib.blake2b(person.encode(), key=key, digest_size=16).hexdigest()
