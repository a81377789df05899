"""One company as an estimator sees it: its experts in each draw, and what they rest on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .evidence import NONE, CompanyEvidence

__all__ = ["DrawnCompany"]


@dataclass(frozen=True)
class DrawnCompany:
    """Draws of one company.

    Attributes
    ----------
    experts
        In each draw, shape (draws,); -1 everywhere without evidence.
    evidence
        What they rest on: ``"profiles"``, ``"aggregates"`` or ``"none"``.
    flags
        What is unusual about the company.
    """

    experts: NDArray[np.int32]
    evidence: str
    flags: tuple[str, ...]

    @classmethod
    def without_evidence(cls, company: CompanyEvidence, draws: int) -> DrawnCompany:
        """Return what is drawn of a company that nothing is known of."""
        return cls(np.full(draws, -1, dtype=np.int32), NONE, company.flags)
