"""What recipes that read people do about those who are to be forgotten: leave them out, and say so.

Taking them out of what is stored does not belong here: see `warehouse.forgetting`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pandas as pd

from ml_headcount_assets.warehouse.forgetting import Forgotten

from .reader import Reader
from .recipes import Obtained

__all__ = ["LeftOut", "who_is_forgotten"]

_FILE = "(all files)"


@contextmanager
def who_is_forgotten(reader: Reader) -> Iterator[Obtained]:
    """Obtain who is to be forgotten, for a recipe that then has to make its rows without them."""
    forgotten = Forgotten.of(reader.path)
    yield Obtained(state=forgotten.state, value=forgotten)


class LeftOut:
    """Leaves out those who are to be forgotten, and counts them.

    Parameters
    ----------
    forgotten
        Who they are.
    """

    def __init__(self, forgotten: Forgotten) -> None:
        self._forgotten = forgotten
        self._people: set[str] = set()

    def of(self, rows: pd.DataFrame, column: str) -> pd.DataFrame:
        """Return the rows without theirs, going by a column of ids."""
        kept = self._forgotten.left_out(rows, column)
        if len(kept) < len(rows):
            self._people |= set(rows[column]) - set(kept[column])
        return kept

    def noted(self, rejects: pd.DataFrame) -> pd.DataFrame:
        """Return rejects with a line that says how many persons were left out, if any were."""
        if not self._people:
            return rejects
        who = "1 person is" if len(self._people) == 1 else f"{len(self._people)} persons are"
        note = {
            "source_file": _FILE,
            "line": None,
            "field": "(row)",
            "reason": f"{who} to be forgotten; not used. Remove them from the study's files, too",
            "value_digest": None,
        }
        row = pd.DataFrame([note]).astype(rejects.dtypes.to_dict())
        return pd.concat([rejects, row], ignore_index=True)
