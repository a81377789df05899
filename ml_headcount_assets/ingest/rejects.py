"""The list of what could not be used, and why."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

#: Names that stand in the column "field" where no single field is to blame.
WHOLE_ROW, WHOLE_FILE = "(row)", "(file)"

COLUMNS = ("source_file", "line", "field", "reason", "value_digest")


class Rejects:
    """Collects the rejected rows and fields of one file.

    `frame` has one row a rejected row or field: source_file, line (1-based, the header being
    line 1; missing where the whole file is meant), field, reason, value_digest. The value itself
    is never kept, since a misplaced column could hold somebody's name or text; equal digests
    mean equal values.
    """

    def __init__(self, source_file: str) -> None:
        self.source_file = source_file
        self._parts: list[pd.DataFrame] = []

    def add(
        self,
        lines: ArrayLike,
        field: str,
        reasons: str | Sequence[str],
        values: Sequence[str] | None = None,
    ) -> None:
        """Add one reject per line, with a common reason or one reason each."""
        lines = np.atleast_1d(np.asarray(lines, dtype=np.int64))
        if not len(lines):
            return
        self._parts.append(
            pd.DataFrame(
                {
                    "source_file": self.source_file,
                    "line": pd.array(lines, "Int64"),
                    "field": field,
                    "reason": reasons,
                    "value_digest": None if values is None else [_digest(v) for v in values],
                }
            )
        )

    def add_file(self, reason: str) -> None:
        """Add a reject that concerns the file as a whole."""
        self.add([0], WHOLE_FILE, reason)
        self._parts[-1]["line"] = pd.array([None], "Int64")

    def frame(self) -> pd.DataFrame:
        """All rejects in the order of their lines."""
        types = {name: "Int64" if name == "line" else "str" for name in COLUMNS}
        parts = [part.astype(types) for part in self._parts]
        if not parts:
            return pd.DataFrame({name: pd.Series(dtype=types[name]) for name in COLUMNS})
        together = pd.concat(parts, ignore_index=True)
        return together.sort_values("line", kind="stable", na_position="first", ignore_index=True)

    def first_reason(self) -> str:
        """The reason of the first reject, for a message; "" if there is none."""
        frame = self.frame()
        if frame.empty:
            return ""
        first = frame.iloc[0]
        where = "" if pd.isna(first["line"]) else f"line {first['line']}, "
        return f"{where}{first['field']}: {first['reason']}"


def _digest(value: str) -> str:
    return hashlib.blake2b(value.encode("utf-8", "replace"), digest_size=6).hexdigest()
