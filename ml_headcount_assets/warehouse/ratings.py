"""The verdicts of people who rate profiles: kept as they are given, and counted by pattern.

They are in an SQLite file of their own, like the answers of LLMs: a verdict has to be safe the
moment it is given, and a warehouse may be built anew from the study's files, whereas somebody has
read for hours. The table `rated_profiles` is made from it, with what stands of it today.

What is asked, and how, does not belong here: see `labelling.ratings`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, Self

import pandas as pd

from ml_headcount_assets.text.sqlite_file import Layout, together

from .beside import ratings_path
from .cache import hash_of
from .patterns import pattern_of
from .store import Tables, among

__all__ = [
    "VERDICTS",
    "RatingStore",
    "SheetRow",
    "Verdict",
    "count_ratings",
    "imported_verdicts",
    "now",
    "profiles_today",
    "ratable_profiles",
    "ratings_version",
    "with_standing",
]

#: What a rater can say.
VERDICTS = ("yes", "no", "unsure")

_COLUMNS = ("rater", "company", "profile_id", "verdict", "criteria", "text_hash", "rated_at")
_BETWEEN = "\n"

_LAYOUT = Layout(
    number=1,
    tables="""
CREATE TABLE verdicts (
    rater TEXT NOT NULL,
    company TEXT NOT NULL,
    profile_id TEXT NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN ('yes', 'no', 'unsure')),
    criteria TEXT NOT NULL,
    text_hash TEXT NOT NULL,
    rated_at TEXT NOT NULL,
    imported INTEGER NOT NULL CHECK (imported IN (0, 1)),
    PRIMARY KEY (rater, company, profile_id)
) WITHOUT ROWID;
CREATE TABLE sheet_rows (
    key TEXT PRIMARY KEY,
    company TEXT NOT NULL,
    profile_id TEXT NOT NULL,
    text_hash TEXT NOT NULL
) WITHOUT ROWID;
""",
    what="verdicts",
    busy="another program is writing verdicts. Try again in a moment.",
    mend="Move it away.",
    patience_seconds=5.0,
)


class Verdict(NamedTuple):
    """What somebody said of a profile.

    Attributes
    ----------
    rater
        Who said it, as they call themselves.
    company
        Partition key of the profile's company.
    profile_id
        Its id.
    verdict
        One of `VERDICTS`.
    criteria
        The criteria that were ticked.
    text_hash
        Hash of the text that was read; "" if there is none in the warehouse.
    rated_at
        When (UTC, ISO 8601).
    """

    rater: str
    company: str
    profile_id: str
    verdict: str
    criteria: tuple[str, ...]
    text_hash: str
    rated_at: str


class SheetRow(NamedTuple):
    """Which profile a row of a sheet is about that was handed out.

    Attributes
    ----------
    key
        What the row has in place of it.
    company, profile_id, text_hash
        As in `Verdict`; None where nothing is known of the key.
    """

    key: str
    company: str | None
    profile_id: str | None
    text_hash: str | None


class RatingStore:
    """The file of verdicts. A context manager; the file is made when first entered.

    A verdict given on the page is a draft until it is imported: its rater may change it.

    Parameters
    ----------
    warehouse
        The warehouse's folder.
    """

    def __init__(self, warehouse: Path) -> None:
        self.path = ratings_path(warehouse)

    def __enter__(self) -> Self:
        """Open the file.

        Raises
        ------
        InputError
            It is not a file of verdicts.
        """
        self._connection = _LAYOUT.open(self.path)
        self.path.chmod(0o600)
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._connection.close()

    def add(self, verdicts: Collection[Verdict], *, imported: bool) -> None:
        """Keep verdicts, all or none; one that the rater gave before is replaced."""
        rows = [
            (
                *(each.rater, each.company, each.profile_id, each.verdict),
                *(_BETWEEN.join(each.criteria), each.text_hash, each.rated_at, imported),
            )
            for each in verdicts
        ]
        with together(self._connection):
            self._connection.executemany(
                "INSERT OR REPLACE INTO verdicts VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows
            )

    def take_back(self, rater: str, company: str, profile_id: str) -> None:
        """Delete the verdict of a rater about a profile, if there is one."""
        self._connection.execute(
            "DELETE FROM verdicts WHERE (rater, company, profile_id) = (?, ?, ?)",
            [rater, company, profile_id],
        )

    def import_drafts(self) -> int:
        """Make all verdicts that were given on the page count; return how many there were."""
        return self._connection.execute(
            "UPDATE verdicts SET imported = 1 WHERE NOT imported"
        ).rowcount

    def drafts(self) -> int:
        """Return how many verdicts of the page have not been imported."""
        (number,) = self._connection.execute(
            "SELECT count(*) FROM verdicts WHERE NOT imported"
        ).fetchone()
        return int(number)

    def of_rater(self, rater: str) -> list[Verdict]:
        """Return the verdicts of a rater, imported or not, in the order they were given."""
        return self._verdicts("WHERE rater = ? ORDER BY rated_at, company, profile_id", rater)

    def draft_keys(self, rater: str) -> set[tuple[str, str]]:
        """Return company and id of the profiles of which a rater's verdict is not imported yet."""
        found = self._connection.execute(
            "SELECT company, profile_id FROM verdicts WHERE rater = ? AND NOT imported", [rater]
        )
        return set(found.fetchall())

    def imported(self) -> list[Verdict]:
        """Return the verdicts that count, sorted by profile and rater."""
        return self._verdicts("WHERE imported ORDER BY company, profile_id, rater")

    def remember_sheet(self, rows: Iterable[SheetRow]) -> None:
        """Keep which profiles the keys of a sheet stand for."""
        with together(self._connection):
            self._connection.executemany(
                "INSERT INTO sheet_rows VALUES (?, ?, ?, ?)", list(map(tuple, rows))
            )

    def sheet_rows(self, keys: Collection[str]) -> dict[str, SheetRow]:
        """Return what is known of some keys, by key."""
        found = self._connection.execute(
            "SELECT key, company, profile_id, text_hash FROM sheet_rows"
            " WHERE key IN (SELECT value FROM json_each(?))",
            [json.dumps(list(keys))],
        )
        return {row[0]: SheetRow(*row) for row in found.fetchall()}

    def forget(self, profile_ids: Collection[str]) -> int:
        """Delete the verdicts about some persons, also from blocks that are free."""
        self._connection.execute("PRAGMA secure_delete = ON")
        with together(self._connection):
            whose = [(each,) for each in profile_ids]
            self._connection.executemany("DELETE FROM sheet_rows WHERE profile_id = ?", whose)
            deleted = self._connection.executemany(
                "DELETE FROM verdicts WHERE profile_id = ?", whose
            )
        self._connection.execute("VACUUM")
        return deleted.rowcount

    def ids(self) -> list[str]:
        """Return the ids of all profiles that were rated or handed out."""
        found = self._connection.execute(
            "SELECT profile_id FROM verdicts UNION SELECT profile_id FROM sheet_rows"
        )
        return [each for (each,) in found.fetchall()]

    def _verdicts(self, where: str, *parameters: str) -> list[Verdict]:
        rows = self._connection.execute(
            f"SELECT {', '.join(_COLUMNS)} FROM verdicts {where}", parameters
        ).fetchall()
        return [
            Verdict(rater, company, person, verdict, _criteria(criteria), text_hash, rated_at)
            for rater, company, person, verdict, criteria, text_hash, rated_at in rows
        ]


def _criteria(stored: str) -> tuple[str, ...]:
    return tuple(filter(None, stored.split(_BETWEEN)))


def now() -> str:
    """Return the time as verdicts have it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def imported_verdicts(warehouse: Path) -> list[Verdict]:
    """Return the verdicts that count; none, and no file is made, if nobody has rated."""
    if not ratings_path(warehouse).is_file():
        return []
    with RatingStore(warehouse) as store:
        return store.imported()


def ratings_version(warehouse: Path) -> dict[str, str]:
    """Return a version of the verdicts that count, beside those of a study's files; {} of none."""
    verdicts = imported_verdicts(warehouse)
    return {"rated_profiles": hash_of(verdicts)} if verdicts else {}


def profiles_today(tables: Tables, profile_ids: Collection[str]) -> pd.DataFrame:
    """Return what there is of some profiles today, whichever companies have them.

    Parameters
    ----------
    tables
        Have tables profiles and profile_labels.
    profile_ids
        Their ids, as the tables have them.

    Returns
    -------
    DataFrame
        company, company_id, profile_id, and text_hash, which is "" where there is no text.
    """
    ids = list(profile_ids)
    return tables.query(
        f"""
        SELECT company, company_id, profile_id, max(text_hash) AS text_hash FROM (
            SELECT company, company_id, profile_id, text_hash FROM profiles
            WHERE {among("profile_id")} AND text <> ''
            UNION ALL
            SELECT DISTINCT company, company_id, profile_id, '' FROM profile_labels
            WHERE {among("profile_id")}
        ) GROUP BY ALL ORDER BY ALL
        """,
        [ids, ids],
    )


def ratable_profiles(tables: Tables, annotators: Sequence[str]) -> pd.DataFrame:
    """Return the profiles that can be rated and are not: those with a text and a label.

    Parameters
    ----------
    tables
        Have tables profiles, profile_labels and rated_profiles.
    annotators
        Names of the annotators, in the order of the pattern's characters.

    Returns
    -------
    DataFrame
        company_id, profile_id, pattern; sorted.
    """
    return tables.query(
        f"""
        SELECT company_id, profile_id, {pattern_of(annotators)} AS pattern
        FROM profile_labels label
        WHERE EXISTS (
            FROM profiles WHERE profiles.company = label.company
            AND profiles.profile_id = label.profile_id AND text <> ''
        ) AND NOT EXISTS (
            FROM rated_profiles rated WHERE rated.company = label.company
            AND rated.profile_id = label.profile_id AND standing = 'counts'
        )
        GROUP BY company, company_id, profile_id HAVING contains(pattern, '0')
            OR contains(pattern, '1')
        ORDER BY company_id, profile_id
        """,
        list(annotators),
    )


def with_standing(verdicts: Sequence[Verdict], profiles: pd.DataFrame) -> pd.DataFrame:
    """Return verdicts, each with whether it counts.

    Parameters
    ----------
    verdicts
        The verdicts that were imported.
    profiles
        The profiles as they are: company, company_id, profile_id, text_hash ("" where the
        warehouse has no text).

    Returns
    -------
    DataFrame
        Rows of table rated_profiles. One about a text that the profile has no longer is set
        aside, and so is one about a profile that is gone; of a company that is gone none is left.
    """
    rows = pd.DataFrame(verdicts, columns=list(_COLUMNS))
    companies = profiles[["company", "company_id"]].drop_duplicates("company")
    rows = rows.merge(companies, on="company")
    today = profiles[["company", "profile_id", "text_hash"]].rename(columns={"text_hash": "today"})
    rows = rows.merge(today, on=["company", "profile_id"], how="left")
    rows["standing"] = "counts"
    rows.loc[rows["verdict"] == "unsure", "standing"] = "unsure"
    other = (rows["text_hash"] != "") & (rows["today"] != "") & (rows["text_hash"] != rows["today"])
    rows.loc[other, "standing"] = "text has changed"
    rows.loc[rows["today"].isna(), "standing"] = "profile is gone"
    rows["criteria"] = rows["criteria"].map(list)
    return rows.drop(columns="today")


def count_ratings(tables: Tables, annotators: Sequence[str]) -> pd.DataFrame:
    """Count rated profiles by label pattern and by how many raters said what.

    Parameters
    ----------
    tables
        Have tables rated_profiles and profile_labels.
    annotators
        Names of the annotators, in the order of the pattern's characters.

    Returns
    -------
    DataFrame
        Rows of table deployed_ratings: counts, and nobody's id.
    """
    return tables.query(
        f"""
        SELECT company, company_id, pattern, yes, no, count(*) AS n_profiles
        FROM (
            SELECT label.company, label.company_id, label.profile_id, any_value(said.yes) AS yes,
                   any_value(said.no) AS no, {pattern_of(annotators)} AS pattern
            FROM profile_labels label JOIN (
                SELECT company, profile_id,
                       (count(*) FILTER (verdict = 'yes'))::INTEGER AS yes,
                       (count(*) FILTER (verdict = 'no'))::INTEGER AS no
                FROM rated_profiles WHERE standing = 'counts' GROUP BY company, profile_id
            ) said ON said.company = label.company AND said.profile_id = label.profile_id
            GROUP BY label.company, label.company_id, label.profile_id
        )
        GROUP BY ALL ORDER BY ALL
        """,
        list(annotators),
    )
