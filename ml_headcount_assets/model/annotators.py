"""Annotators: who labels, of which kind, and which of them only repeat others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from ..errors import InputError
from ..wording import how_many
from .labels import label_matrix

__all__ = ["Annotator", "check_derived", "infer_annotators", "likelihood_annotators"]

# Below this many rated CVs an exact AND may be a coincidence.
_FEWEST_ROWS_TO_INFER = 30


@dataclass(frozen=True)
class Annotator:
    """One classifier that labels profiles.

    Attributes
    ----------
    name
        The key by which it is found in every table.
    kind
        ``"llm"`` or ``"filter"``; correlations are shrunk within and between kinds.
    derived
        Names of the annotators whose logical AND this one is by definition; empty if it is
        not. A derived annotator carries no information given the others.
    left_out
        Whether it is kept out of all estimates, since it cannot be trusted.
    """

    name: str
    kind: str
    derived: tuple[str, ...] = ()
    left_out: bool = False


def infer_annotators(validation: pd.DataFrame) -> tuple[Annotator, ...]:
    """Describe the annotators of a table of rated CVs from its columns.

    The kind is the prefix of the name (``filter_...`` or else an LLM). An annotator that equals
    the AND of two others on every rated CV, and is a proper subset of both, is taken as derived.

    Parameters
    ----------
    validation
        Column ``is_expert`` and one column per annotator, values 0, 1 or missing.

    Returns
    -------
    tuple of Annotator, sorted by name
    """
    names = sorted(set(validation.columns) - {"is_expert", "rated_id"})
    labels = label_matrix(validation, names, "the rated CVs")
    return tuple(
        Annotator(
            name=name,
            kind="filter" if name.startswith("filter") else "llm",
            derived=_parents(labels, names, name),
        )
        for name in names
    )


def _parents(labels: np.ndarray, names: Sequence[str], name: str) -> tuple[str, ...]:
    child = labels[:, names.index(name)]
    if len(labels) < _FEWEST_ROWS_TO_INFER or not (child == 1).any():
        return ()
    others = [other for other in names if other != name]
    for first, second in combinations(others, 2):
        a, b = labels[:, names.index(first)], labels[:, names.index(second)]
        proper = (a == 1).sum() > (child == 1).sum() and (b == 1).sum() > (child == 1).sum()
        if proper and not _disagreements(child, np.stack([a, b], axis=1)).any():
            return (first, second)
    return ()


def _disagreements(child: np.ndarray, parents: np.ndarray) -> np.ndarray:
    """Return where a label contradicts the AND of its parents; missing contradicts nothing."""
    known = (child >= 0) & (parents >= 0).all(axis=1)
    return known & (child != (parents == 1).all(axis=1))


def check_derived(frame: pd.DataFrame, annotators: Sequence[Annotator], where: str) -> None:
    """Raise if a derived annotator's labels are not the AND of its parents'.

    Raises
    ------
    InputError
        With the number of rows that disagree.
    """
    for annotator in annotators:
        if not annotator.derived:
            continue
        child = label_matrix(frame, [annotator.name], where)[:, 0]
        parents = label_matrix(frame, annotator.derived, where)
        wrong = int(_disagreements(child, parents).sum())
        if wrong:
            raise InputError(
                f"In {where}, {wrong} of {how_many(len(frame), 'row')} have a label of"
                f" {annotator.name!r} "
                f"that is not {' AND '.join(annotator.derived)}. Correct the labels, or declare "
                "the annotator without `derived`."
            )


def likelihood_annotators(
    annotators: Sequence[Annotator], *, six_dimensional: bool
) -> tuple[Annotator, ...]:
    """Return the annotators that enter the likelihood, sorted by name.

    Derived ones are left out unless `six_dimensional`, since a probit over them puts
    probability on patterns that cannot occur; so are those that are marked as left out.
    """
    kept = [a for a in annotators if not a.left_out and (six_dimensional or not a.derived)]
    return tuple(sorted(kept, key=lambda a: a.name))
