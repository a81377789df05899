"""Verdicts in the density: cells beside those of counts, and the rated CVs' own wrong verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...deployed_verdicts import DeployedVerdicts
from ..instruments import Instruments
from ..verdicts import DEPLOYED_FALSE_YES, DEPLOYED_MISS, RATED_FALSE_YES, RATED_MISS

__all__ = ["VerdictCells", "tables_of_verdicts"]

_SHARES = 0.01, 0.99


@dataclass(frozen=True)
class VerdictCells:
    """The V kinds of rated profile that occur in a group of companies.

    Attributes
    ----------
    patterns
        Complete patterns that each kind's pattern may stand for, (2**J, V).
    yes, no
        Raters who said so, (V,).
    counts
        Profiles of each kind by company, (C, V).
    """

    patterns: Tensor
    yes: Tensor
    no: Tensor
    counts: Tensor

    @classmethod
    def of(
        cls, verdicts: Sequence[DeployedVerdicts | None], instruments: Instruments
    ) -> VerdictCells:
        """Lay the verdicts about several companies' profiles into one table."""
        rows = [_kinds(each) for each in verdicts]
        kinds = sorted({kind for row in rows for kind in row})
        place = {kind: number for number, kind in enumerate(kinds)}
        counts = np.zeros((len(rows), len(kinds)))
        for company, row in enumerate(rows):
            for kind, count in row.items():
                counts[company, place[kind]] = count
        width = len(instruments.names)
        table = np.array(kinds, dtype=np.int64).reshape(len(kinds), width + 2)
        labels: NDArray[np.int8] = table[:, :width].astype(np.int8)
        return cls(
            torch.as_tensor(instruments.consistent(labels)),
            torch.as_tensor(table[:, width].astype(float)),
            torch.as_tensor(table[:, width + 1].astype(float)),
            torch.as_tensor(counts),
        )

    def __len__(self) -> int:
        """Return the number of kinds."""
        return len(self.yes)

    def with_cells(
        self, base: Tensor, errors: Tensor, cells: Tensor, hits: Tensor, people: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the inputs of the likelihood's cells with those of the verdicts behind them.

        Parameters
        ----------
        base
            Probabilities of the kinds' patterns for experts and non-experts, (B, V, 1+K).
        errors
            The raters' (probit), (B, 4).
        cells, hits, people
            As in `GroupInputs`.
        """
        told = base * self._given_truth(errors, base.shape[-1])
        count = self.counts.expand(len(base), *self.counts.shape)
        nobody = torch.zeros_like(count)
        return (
            torch.cat([cells, told, base], 1),
            torch.cat([hits, count, -count], 2),
            torch.cat([people, nobody, nobody], 2),
        )

    def _given_truth(self, errors: Tensor, columns: int) -> Tensor:
        """Return the probability of each kind's verdicts by class, (B, V, columns)."""
        miss, hit = _both(errors[:, DEPLOYED_MISS, None])
        false_yes, right_no = _both(errors[:, DEPLOYED_FALSE_YES, None])
        expert = torch.exp(self.yes * hit + self.no * miss)[..., None]
        other = torch.exp(self.yes * false_yes + self.no * right_no)[..., None]
        return torch.cat([expert, other.expand(*other.shape[:2], columns - 1)], -1)


def _both(probit: Tensor) -> tuple[Tensor, Tensor]:
    """Return the logs of a probability and of its complement."""
    return torch.special.log_ndtr(probit), torch.special.log_ndtr(-probit)


def _kinds(verdicts: DeployedVerdicts | None) -> dict[tuple[int, ...], int]:
    if verdicts is None:
        return {}
    rows = np.column_stack([verdicts.labels, verdicts.yes, verdicts.no])
    return dict(zip(map(tuple, rows.tolist()), verdicts.counts.tolist(), strict=True))


def tables_of_verdicts(
    tables: tuple[Tensor, Tensor], errors: Tensor, yes_share: float
) -> tuple[Tensor, Tensor]:
    """Return pattern tables of rated CVs by verdict, from those by truth; (B, 2**J) each.

    Parameters
    ----------
    tables
        Of non-experts and experts.
    errors
        The raters' (probit), (B, 4).
    yes_share
        Share of the rated CVs that were called experts. The share that are experts follows from
        it and from the errors.
    """
    miss = torch.special.ndtr(errors[:, RATED_MISS, None])
    false_yes = torch.special.ndtr(errors[:, RATED_FALSE_YES, None])
    experts = ((yes_share - false_yes) / (1 - miss - false_yes)).clamp(*_SHARES)
    wrong_yes = (1 - experts) * false_yes
    wrong_yes = wrong_yes / (wrong_yes + experts * (1 - miss))
    wrong_no = experts * miss
    wrong_no = wrong_no / (wrong_no + (1 - experts) * (1 - false_yes))
    other, expert = tables
    return (1 - wrong_no) * other + wrong_no * expert, (1 - wrong_yes) * expert + wrong_yes * other
