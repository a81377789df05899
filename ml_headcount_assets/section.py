"""The base of all typed configuration: immutable, and every key has to be known."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

__all__ = ["Name", "Section"]


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Section(BaseModel):
    """A part of the configuration: immutable, and every key has to be known."""

    model_config = ConfigDict(frozen=True, extra="forbid")
