"""The answers that have been paid for, and every request that may have cost something.

Kept in an SQLite file of its own, beside the warehouse and not in it: an answer has to be safe
the moment it arrives, from a task among dozens, while DuckDB wants few, large and short
transactions, and a warehouse may be thrown away and built anew from the files, whereas answers
were paid for. SQLite in WAL mode commits a row in some thirty microseconds; what is committed
survives the end of the process, however it ends. After a power failure the answers of the last
moments may be gone (those behind the last checkpoint, of which there is one every hundred answers
or so), and the file is whole.

A request is entered with the most it can cost before it is sent, and corrected when its cost is
known. One that was under way when a process was killed keeps the higher figure.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import pandas as pd

from ..sqlite_file import Layout, together
from .exchange import Usage
from .missing import Missing

__all__ = ["AnswerStore", "Question"]

_LAYOUT = Layout(
    number=1,
    tables="""
CREATE TABLE answers (
    model TEXT NOT NULL,
    prompt TEXT NOT NULL,
    recipe TEXT NOT NULL,
    text_hash TEXT NOT NULL,
    label INTEGER CHECK (label IN (0, 1)),
    missing TEXT CHECK ((missing IS NULL) <> (label IS NULL)),
    final INTEGER NOT NULL CHECK (final IN (0, 1)),
    input_tokens INTEGER,
    output_tokens INTEGER,
    labelled_at TEXT NOT NULL,
    PRIMARY KEY (model, prompt, recipe, text_hash)
) WITHOUT ROWID;
CREATE TABLE requests (
    request INTEGER PRIMARY KEY,
    model TEXT NOT NULL,
    prompt TEXT NOT NULL,
    recipe TEXT NOT NULL,
    text_hash TEXT NOT NULL,
    most_cost REAL NOT NULL,
    cost REAL,
    outcome TEXT,
    sent_at TEXT NOT NULL
);
""",
    what="answers",
    busy="another run is asking for labels. Wait until it has ended.",
    mend="Move it away.",
    patience_seconds=3.0,
    # Two processes would ask for the same labels, and each would think the money its own.
    exclusive=True,
)


#: A request whose cost is not known yet, or never will be, is entered with the most it can cost.
_SPENDING = """
WITH sent AS (
    SELECT model, prompt, recipe, substr(sent_at, 1, 10) AS day, count(*) AS requests,
           total(CASE WHEN cost < most_cost THEN cost END) AS cost,
           total(CASE WHEN cost IS NULL OR cost >= most_cost THEN most_cost END) AS at_most
    FROM requests GROUP BY 1, 2, 3, 4
), got AS (
    SELECT model, prompt, recipe, substr(labelled_at, 1, 10) AS day, count(label) AS labels,
           count(missing) AS no_label, coalesce(sum(input_tokens), 0) AS input_tokens,
           coalesce(sum(output_tokens), 0) AS output_tokens
    FROM answers GROUP BY 1, 2, 3, 4
), days AS (
    SELECT model, prompt, recipe, day FROM sent UNION SELECT model, prompt, recipe, day FROM got
)
SELECT model, prompt, recipe, day, coalesce(requests, 0) AS requests, coalesce(cost, 0.0) AS cost,
       coalesce(at_most, 0.0) AS at_most, coalesce(labels, 0) AS labels,
       coalesce(no_label, 0) AS no_label, coalesce(input_tokens, 0) AS input_tokens,
       coalesce(output_tokens, 0) AS output_tokens
FROM days LEFT JOIN sent USING (model, prompt, recipe, day)
    LEFT JOIN got USING (model, prompt, recipe, day)
ORDER BY model, prompt, recipe, day
"""


@dataclass(frozen=True)
class Question:
    """What an answer is an answer to, save for the text.

    Attributes
    ----------
    model
        The model that is asked.
    prompt
        Version of the prompt.
    recipe
        Version of the recipe by which texts are made.
    """

    model: str
    prompt: str
    recipe: str


class AnswerStore:
    """The file of answers, open for one process at a time.

    A context manager: the file is made when first entered.

    Parameters
    ----------
    path
        The SQLite file.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._spent = 0.0

    def __enter__(self) -> Self:
        """Open the file.

        Raises
        ------
        InputError
            It is not a file of answers.
        ComputeError
            Another process has it open.
        """
        self._connection = _LAYOUT.open(self.path)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._spent = self._one("SELECT total(coalesce(cost, most_cost)) FROM requests")
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._connection.close()

    @property
    def spent(self) -> float:
        """What all requests so far have cost, or may have cost where that is not known."""
        return self._spent

    def settled(self, question: Question) -> set[str]:
        """Return the hashes of the texts that need not be asked about again."""
        return {
            row[0]
            for row in self._connection.execute(
                "SELECT text_hash FROM answers WHERE final AND (model, prompt, recipe) = (?, ?, ?)",
                [question.model, question.prompt, question.recipe],
            )
        }

    def unfinished(self, question: Question) -> tuple[int, str] | None:
        """Return how many texts are to be asked about again, and when that was last found.

        None if there are none.
        """
        count, latest = self._connection.execute(
            "SELECT count(*), max(labelled_at) FROM answers"
            " WHERE NOT final AND (model, prompt, recipe) = (?, ?, ?)",
            [question.model, question.prompt, question.recipe],
        ).fetchone()
        return (count, latest) if count else None

    def has_labels(self, question: Question) -> bool:
        """Whether there is at least one label."""
        return bool(
            self._one(
                "SELECT EXISTS (SELECT * FROM answers"
                " WHERE label IS NOT NULL AND (model, prompt, recipe) = (?, ?, ?))",
                *(question.model, question.prompt, question.recipe),
            )
        )

    def answers(self, question: Question) -> pd.DataFrame:
        """Return what has been answered.

        Returns
        -------
        DataFrame
            text_hash, label (Int8, missing where there is none), missing (the reason, or
            missing), labelled_at (UTC, ISO 8601); sorted by text_hash.
        """
        rows = self._connection.execute(
            "SELECT text_hash, label, missing, labelled_at FROM answers"
            " WHERE (model, prompt, recipe) = (?, ?, ?) ORDER BY text_hash",
            [question.model, question.prompt, question.recipe],
        ).fetchall()
        frame = pd.DataFrame(rows, columns=["text_hash", "label", "missing", "labelled_at"])
        return frame.astype(
            {"text_hash": "str", "label": "Int8", "missing": "str", "labelled_at": "str"}
        )

    def token_counts(self, question: Question) -> pd.DataFrame:
        """Return text_hash, input_tokens and output_tokens of the answers that say so."""
        rows = self._connection.execute(
            "SELECT text_hash, input_tokens, output_tokens FROM answers"
            " WHERE (model, prompt, recipe) = (?, ?, ?) AND input_tokens IS NOT NULL",
            [question.model, question.prompt, question.recipe],
        ).fetchall()
        return pd.DataFrame(rows, columns=["text_hash", "input_tokens", "output_tokens"])

    def spending(self) -> pd.DataFrame:
        """Return what asking has cost, by model, prompt, recipe and day (UTC).

        Returns
        -------
        DataFrame
            ``model, prompt, recipe, day``; ``requests``; ``cost`` of those whose cost is known,
            and ``at_most``, what the others may have cost, in the currency of the prices;
            ``labels`` and ``no_label``, answers; ``input_tokens, output_tokens`` of the answers
            that say so. Answers are those that stand today.
        """
        return pd.read_sql_query(_SPENDING, self._connection)

    def reserve(
        self, question: Question, text_hash: str, most_cost: float, cap: float | None
    ) -> int | None:
        """Enter a request that is about to be sent; return its number.

        Returns None, and enters nothing, if what has been spent and what this request can cost
        is more than `cap`.
        """
        if cap is not None and self._spent + most_cost > cap:
            return None
        entered = self._connection.execute(
            "INSERT INTO requests (model, prompt, recipe, text_hash, most_cost, sent_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            [question.model, question.prompt, question.recipe, text_hash, most_cost, _now()],
        )
        self._spent += most_cost
        return entered.lastrowid

    def settle(self, request: int, cost: float | None, outcome: str) -> float:
        """Note what a request has cost; None if that cannot be known: then the most it can.

        Returns what is counted.
        """
        most_cost = self._one("SELECT most_cost FROM requests WHERE request = ?", request)
        counted = most_cost if cost is None else cost
        self._connection.execute(
            "UPDATE requests SET cost = ?, outcome = ? WHERE request = ?",
            [counted, outcome, request],
        )
        self._spent += counted - most_cost
        return counted

    def record(
        self,
        question: Question,
        text_hash: str,
        result: int | Missing,
        *,
        final: bool,
        usage: Usage | None = None,
    ) -> None:
        """Keep a label, or why there is none.

        Parameters
        ----------
        question, text_hash
            What was asked.
        result
            The label, or the reason.
        final
            Whether the text is not to be asked about again.
        usage
            Tokens of the request that was answered.
        """
        missing = result.value if isinstance(result, Missing) else None
        self._connection.execute(
            "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                *(question.model, question.prompt, question.recipe, text_hash),
                *(None if missing else result, missing, final),
                *((usage.input, usage.output) if usage else (None, None)),
                _now(),
            ],
        )

    def forget(self, hashes: Collection[str]) -> int:
        """Delete the answers about some texts, also from blocks that are free.

        What the requests have cost stays on record, about no text. Returns how many answers there
        were.
        """
        self._connection.execute("PRAGMA secure_delete = ON")
        texts = [(each,) for each in hashes]
        with together(self._connection):
            deleted = self._connection.executemany("DELETE FROM answers WHERE text_hash = ?", texts)
            self._connection.executemany(
                "UPDATE requests SET text_hash = '' WHERE text_hash = ?", texts
            )
        self._connection.execute("VACUUM")
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return deleted.rowcount

    def _one(self, sql: str, *parameters: object) -> float:
        return self._connection.execute(sql, parameters).fetchone()[0]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
