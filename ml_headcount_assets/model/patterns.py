"""The pattern table: per company, how many profiles carry each combination of labels.

It is the sufficient statistic of the model and the narrow waist of the data flow: whatever
comes after it costs the same for a thousand profiles as for a billion.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .labels import MISSING, label_matrix

__all__ = [
    "consistent_patterns",
    "count_patterns",
    "decode_patterns",
    "encode_patterns",
    "pattern_likelihood",
]

_SYMBOLS = np.array(["0", "1", "-"])  # index -1 is the missing label


def encode_patterns(labels: NDArray[np.int8]) -> NDArray[np.object_]:
    """Return one string of '0', '1' and '-' per row of labels (rows, J)."""
    if labels.shape[1] == 0:
        return np.full(len(labels), "", dtype=object)
    return np.array(["".join(row) for row in _SYMBOLS[labels]], dtype=object)


def decode_patterns(patterns: Sequence[str]) -> NDArray[np.int8]:
    """Return the labels (rows, J) of pattern strings, -1 for '-'."""
    rows = [[MISSING if symbol == "-" else int(symbol) for symbol in text] for text in patterns]
    return np.array(rows, dtype=np.int8).reshape(len(rows), -1)


def count_patterns(profiles: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Count label patterns by company.

    Parameters
    ----------
    profiles
        ``company_id``, one column per annotator in {0, 1, missing}, and optionally
        ``n_profiles``, the number of such profiles that a row stands for.
    names
        Annotators, in the order of the pattern's characters (canonically sorted by name).

    Returns
    -------
    DataFrame
        ``company_id``, ``pattern``, ``n_profiles``; sorted, each pattern once per company.

    Raises
    ------
    InputError
        If an annotator's column is absent or holds anything but 0, 1 or missing.
    """
    labels = label_matrix(profiles, names, "the profiles")
    # Integer codes group a quarter of a million rows far faster than strings do.
    code = np.zeros(len(labels), dtype=np.int64)
    for column in labels.T:
        code = code * 3 + (column + 1)
    weight = profiles["n_profiles"] if "n_profiles" in profiles else np.ones(len(profiles), int)
    frame = pd.DataFrame(
        {
            "company_id": profiles["company_id"].astype(str).to_numpy(),
            "code": code,
            "n_profiles": np.asarray(weight, dtype=np.int64),
        }
    )
    counts = frame.groupby(["company_id", "code"], as_index=False)["n_profiles"].sum()
    distinct, first = np.unique(code, return_index=True)
    texts = encode_patterns(labels[first])
    counts["pattern"] = texts[np.searchsorted(distinct, counts["code"].to_numpy())]
    counts = counts.loc[counts["n_profiles"] > 0, ["company_id", "pattern", "n_profiles"]]
    return counts.sort_values(["company_id", "pattern"], ignore_index=True)


def consistent_patterns(labels: NDArray[np.int8]) -> NDArray[np.int64]:
    """Return the indices of the complete patterns that one pattern with gaps may stand for.

    Parameters
    ----------
    labels
        One pattern, shape (J,), -1 where missing.

    Returns
    -------
    ndarray of int64
        Indices ``sum(y_j << j)``; a single one if nothing is missing, 2**gaps otherwise.
    """
    indices = np.zeros(1, dtype=np.int64)
    for position, label in enumerate(labels):
        if label == MISSING:
            indices = np.concatenate([indices, indices | (1 << position)])
        elif label:
            indices = indices | (1 << position)
    return indices


def pattern_likelihood(
    probabilities: NDArray[np.float64], labels: NDArray[np.int8]
) -> NDArray[np.float64]:
    """Marginalise complete-pattern probabilities onto patterns with missing labels.

    Parameters
    ----------
    probabilities
        P(complete pattern), shape ``(..., 2**J)``.
    labels
        Patterns, shape (P, J), -1 where missing.

    Returns
    -------
    ndarray, shape ``(..., P)``
        Each entry is a sum of its own terms only, so a pattern's likelihood does not depend, to
        the last bit, on which other patterns are asked for.
    """
    result = np.empty((*probabilities.shape[:-1], len(labels)))
    for row, pattern in enumerate(labels):
        total = np.zeros(probabilities.shape[:-1])
        for index in consistent_patterns(pattern):
            total += probabilities[..., index]
        result[..., row] = total
    return result
