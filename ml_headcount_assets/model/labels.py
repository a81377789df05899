"""Reading label columns: 0, 1 or missing, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import InputError

__all__ = ["MISSING", "label_matrix"]

MISSING = -1


def label_matrix(frame: pd.DataFrame, names: Sequence[str], where: str) -> NDArray[np.int8]:
    """Return the labels of `names` as integers, -1 where missing.

    Parameters
    ----------
    frame
        One column per annotator.
    names
        The columns, in the order wanted.
    where
        What the frame is, for messages.

    Returns
    -------
    ndarray of int8, shape (rows, len(names))

    Raises
    ------
    InputError
        If a column is absent or holds anything but 0, 1 or missing.
    """
    absent = [name for name in names if name not in frame.columns]
    if absent:
        raise InputError(f"Annotator {absent[0]!r} is missing from {where}.")
    matrix = np.full((len(frame), len(names)), MISSING, dtype=np.int8)
    for position, name in enumerate(names):
        column = frame[name]
        values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        known = ~np.isnan(values)
        bad = np.flatnonzero((known & ~np.isin(values, (0.0, 1.0))) | (column.notna() & ~known))
        if len(bad):
            raise InputError(
                f"In {where}, row {frame.index[bad[0]]!r} of column {name!r} and "
                f"{len(bad) - 1} more hold something other than 0, 1 or missing."
            )
        matrix[known, position] = values[known].astype(np.int8)
    return matrix
