"""Which part of the validity suite a study's warehouse is to hold, in its configuration."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from ..section import Name, Section

__all__ = ["ValidityEntry"]

Whole = Annotated[int, Field(ge=1, strict=True)]


class ValidityEntry(Section):
    """Choices of the validity suite; see `validity.suite.SuitePlan` for their meaning.

    What is left out is as by default: all scenarios, and all methods that are installed.
    """

    scenarios: Annotated[tuple[Name, ...], Field(min_length=1)] | None = None
    methods: Annotated[tuple[Name, ...], Field(min_length=1)] | None = None
    worlds: Whole | None = None
    companies: Whole | None = None
    profiles: Whole | None = None
    draws: Whole | None = None

    def choices(self) -> dict[str, Any]:
        """Return what is chosen, by field of the plan."""
        return self.model_dump(exclude_none=True)
