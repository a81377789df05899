"""What a keyword filter says of the rated CVs that it was learned on, learned without them.

A filter made of phrases that were chosen on these CVs looks better on them than it is. So their
labels come from a file that was written when the filter was accepted: each is what the filter
says when it is learned without the fold of CVs that has this one.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ..errors import InputError
from .labels import read_labels
from .rejects import WHOLE_ROW
from .tables import RawTable, read_table

__all__ = ["held_out_labels"]

_COLUMNS = ("rated_id", "label")


def held_out_labels(path: Path, rated: pd.DataFrame) -> tuple[pd.Series, pd.DataFrame]:
    """Read a filter's labels of the rated CVs.

    Parameters
    ----------
    path
        File with columns rated_id, label and perhaps text_hash.
    rated
        rated_id and text_hash of every rated CV.

    Returns
    -------
    labels
        Int8, in the order of `rated`; missing for a CV that is not in the file, or whose text
        has changed since.
    rejects
        As `Rejects.frame`: what is no label, and rows of unknown, repeated or changed CVs.

    Raises
    ------
    InputError
        The file cannot be read, lacks a column, or has no label of any of these CVs.
    """
    table = read_table(path)
    rows = _rows(table)
    hashes = rated.set_index("rated_id")["text_hash"]
    known = rows["rated_id"].isin(hashes.index)
    repeated = rows["rated_id"].duplicated()
    changed = (
        known & rows["text_hash"].notna() & (rows["text_hash"] != rows["rated_id"].map(hashes))
    )
    for found, why in (
        (~known, "there is no rated CV of this id; not used"),
        (known & repeated, "an earlier row has the same id; not used"),
        (known & ~repeated & changed, "the CV has another text than the one that was learned on"),
    ):
        table.rejects.add(table.line[found.to_numpy(dtype=bool)], WHOLE_ROW, why)
    used = rows[known & ~repeated & ~changed].set_index("rated_id")["label"]
    if used.isna().all():
        raise InputError(
            f"{table.source}: has not one label, 0 or 1, of a rated CV as it is now, so this"
            " filter cannot be judged. Discover the keywords again and accept the filter anew, or"
            " remove the annotator."
        )
    labels = used.reindex(rated["rated_id"]).reset_index(drop=True)
    return labels.astype("Int8"), table.rejects.frame()


def _rows(table: RawTable) -> pd.DataFrame:
    """Return rated_id, label and text_hash (missing if the file has none) of every row."""
    absent = [name for name in _COLUMNS if name not in table.columns]
    if absent:
        raise InputError(
            f"{table.source}: there is no column {absent[0]!r}. This file is written when a filter"
            " is accepted: restore it, or remove the annotator."
        )
    ids = pd.Series([each.strip() for each in table.columns["rated_id"]], dtype="str")
    hashes = table.columns.get("text_hash")
    return pd.DataFrame(
        {
            "rated_id": ids,
            "label": read_labels(table.columns["label"], table.line, "label", table.rejects),
            "text_hash": pd.Series(
                hashes if hashes is not None else [None] * len(ids), dtype="str"
            ),
        }
    )
