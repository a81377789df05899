"""How keywords are to be discovered, in a study's configuration."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from pydantic import Field

from ..section import Name, Section
from ..text.keywords import KeywordSettings, Threshold

__all__ = ["KeywordsEntry", "ThresholdEntry"]

Whole = Annotated[int, Field(ge=1, strict=True)]
Number = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class ThresholdEntry(Section):
    """What a phrase needs to come on a list; see `text.keywords.Threshold`."""

    z: Number | None = None
    documents: Whole | None = None
    false_share: Number | None = None
    phrases: Whole | None = None

    def applied_to(self, base: Threshold) -> Threshold:
        """Return a threshold that differs from `base` in what is given here."""
        return replace(base, **self.model_dump(exclude_none=True))


class KeywordsEntry(Section):
    """Choices of keyword discovery; see `text.keywords.KeywordSettings` for their meaning.

    What is left out is as by default.
    """

    model: Name | None = None
    longest: Whole | None = None
    min_documents: Whole | None = None
    prior_documents: Number | None = None
    phrases_per_cv: Whole | None = None
    diversity: Annotated[float, Field(ge=0, le=1)] | None = None
    min_named: Whole | None = None
    strict: ThresholdEntry | None = None
    broad: ThresholdEntry | None = None
    folds: Whole | None = None
    repeats: Whole | None = None
    seed: Annotated[int, Field(ge=0, strict=True)] | None = None

    def settings(self) -> KeywordSettings:
        """Return the settings of a discovery.

        Raises
        ------
        InputError
            Choices that do not go together.
        """
        base = KeywordSettings()
        changes: dict[str, Any] = self.model_dump(exclude_none=True)
        for name, entry in (("strict", self.strict), ("broad", self.broad)):
            if entry is not None:
                changes[name] = entry.applied_to(getattr(base, name))
        return replace(base, **changes)
