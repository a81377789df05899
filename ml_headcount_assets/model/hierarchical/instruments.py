"""The annotators in the order of the model: kind by kind, and which sources of text they read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ..annotators import Annotator, likelihood_annotators
from ..orthants import MAX_ANNOTATORS

__all__ = ["LLM", "PROFILE_TEXT", "SEARCH", "Instruments"]

LLM = "llm"
#: Sources of text: what people write about themselves, and what a search over everybody finds.
PROFILE_TEXT, SEARCH = 0, 1


@dataclass(frozen=True)
class Instruments:
    """Annotators of the likelihood, LLMs first, then the other kinds by name.

    Attributes
    ----------
    annotators
        All annotators of the study, sorted by name, derived ones included.
    kept
        Those of the likelihood, sorted by name: the order of the columns of label patterns.
    """

    annotators: tuple[Annotator, ...]
    kept: tuple[Annotator, ...]

    @classmethod
    def of(cls, annotators: Sequence[Annotator], *, six_dimensional: bool) -> Instruments:
        """Sort the annotators, so that the order in which they are given changes no number."""
        described = tuple(sorted(annotators, key=lambda a: a.name))
        kept = likelihood_annotators(described, six_dimensional=six_dimensional)
        if not kept:
            raise InputError("There is no annotator, so nothing can be estimated; add one.")
        if len(kept) > MAX_ANNOTATORS:
            raise InputError(
                f"{len(kept)} annotators are more than the {MAX_ANNOTATORS} whose label patterns "
                "can be tabulated; leave some out."
            )
        return cls(described, kept)

    @cached_property
    def order(self) -> NDArray[np.intp]:
        """Columns of `kept` in the order of the model, shape (J,)."""
        keys = [(a.kind != LLM, a.kind, a.name) for a in self.kept]
        return np.array(sorted(range(len(keys)), key=keys.__getitem__))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names in the order of the model."""
        return tuple(self.kept[i].name for i in self.order)

    @cached_property
    def kind_names(self) -> tuple[str, ...]:
        """Kinds in the order of the model."""
        return tuple(dict.fromkeys(self.kept[i].kind for i in self.order))

    @cached_property
    def kinds(self) -> tuple[NDArray[np.intp], ...]:
        """Places of each kind's annotators; they are contiguous."""
        kind = [self.kept[i].kind for i in self.order]
        return tuple(np.flatnonzero([k == name for k in kind]) for name in self.kind_names)

    @cached_property
    def kind_of(self) -> NDArray[np.intp]:
        """Number of each annotator's kind, shape (J,)."""
        places = np.empty(len(self.names), dtype=np.intp)
        for number, members in enumerate(self.kinds):
            places[members] = number
        return places

    @cached_property
    def silenceable(self) -> tuple[int, ...]:
        """Numbers of the kinds that may be silent on a person: all but LLMs."""
        return tuple(k for k, name in enumerate(self.kind_names) if name != LLM)

    @cached_property
    def searched(self) -> NDArray[np.intp]:
        """Places of the annotators whose hits are counted by a search: all but LLMs."""
        return np.flatnonzero([self.kind_names[k] != LLM for k in self.kind_of])

    @cached_property
    def patterns(self) -> NDArray[np.int8]:
        """All complete patterns (2**J, J); the first annotator varies slowest."""
        count = len(self.names)
        numbers = np.arange(2**count)
        return ((numbers[:, None] >> np.arange(count)[::-1]) & 1).astype(np.int8)

    def consistent(self, labels: NDArray[np.int8]) -> NDArray[np.float64]:
        """Return which complete patterns each pattern with gaps may stand for, (2**J, P)."""
        known = labels[None] >= 0
        agree = ~known | (labels[None] == self.patterns[:, None])
        return agree.all(axis=2).astype(float)
