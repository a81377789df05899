"""The list of what could not be used, and why."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

#: Names that stand in the column "field" where no single field is to blame.
WHOLE_ROW, WHOLE_FILE = "(row)", "(file)"


class Rejects:
    """Collects the rejected rows and fields of one file.

    `frame` has one row a rejected row or field: source_file, line (1-based, the header being
    line 1; missing where the whole file is meant), field, reason, value_digest. The value itself
    is never kept, since a misplaced column could hold somebody's name or text; equal digests
    mean equal values.
    """

    def __init__(self, source_file: str) -> None:
        self.source_file = source_file
        self._found: list[tuple[int | None, str, str, str | None]] = []

    def __len__(self) -> int:
        return len(self._found)

    def add(
        self,
        lines: ArrayLike,
        field: str,
        reasons: str | Sequence[str],
        values: Sequence[str] | None = None,
    ) -> None:
        """Add one reject per line, with a common reason or one reason each."""
        numbers = np.atleast_1d(np.asarray(lines, dtype=np.int64)).tolist()
        each = [reasons] * len(numbers) if isinstance(reasons, str) else reasons
        digests = [None] * len(numbers) if values is None else map(_digest, values)
        self._found += zip(numbers, [field] * len(numbers), each, digests, strict=True)

    def add_file(self, reason: str) -> None:
        """Add a reject that concerns the file as a whole."""
        self._found.append((None, WHOLE_FILE, reason, None))

    def add_note(self, reason: str, field: str = WHOLE_FILE) -> None:
        """Say how something was read that could have been meant otherwise; nothing is lost."""
        self._found.append((None, field, reason, None))

    def frame(self) -> pd.DataFrame:
        """All rejects in the order of their lines."""
        lines, fields, reasons, digests = (
            zip(*self._found, strict=True) if self._found else [()] * 4
        )
        columns = {
            "source_file": pd.Series([self.source_file] * len(lines), dtype="str"),
            "line": pd.array(lines, "Int64"),
            "field": pd.Series(fields, dtype="str"),
            "reason": pd.Series(reasons, dtype="str"),
            "value_digest": pd.Series(digests, dtype="str"),
        }
        together = pd.DataFrame(columns)
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


def no_rejects() -> pd.DataFrame:
    """Return the rejects of what cannot have any."""
    return Rejects("").frame()
