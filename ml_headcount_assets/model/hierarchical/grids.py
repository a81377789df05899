"""Nodes on which a company's prevalence and its share of easy non-experts are integrated out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

__all__ = ["EASY_LIMIT", "CompanyGrid", "Resolution", "easy_nodes", "prevalence_nodes"]

# Below this prevalence one expert in 300,000 employees is one too many to tell.
_SMALLEST = 3e-6
_BELOW = (1e-7, 6e-7)
# Nodes are equidistant in log(pi) up to here and in arcsin(sqrt(pi)) above.
_CUT = 0.03
# Nodes of z: apart (in standard deviations), and in number.
_WIDEST_SPACING, _FEWEST_EASY_NODES, _MOST_EASY_NODES = 1.1, 5, 61
#: Nodes of z lie within so many standard deviations.
EASY_LIMIT = 2.75


def prevalence_nodes(above: int, below: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return nodes of pi and the widths of their cells, which together cover 0 to 1.

    Parameters
    ----------
    above
        Nodes between 0 and 1 of the scale arcsin(sqrt(pi)), of which those above .03 are kept:
        on it the sampling error of a share is the same everywhere.
    below
        Nodes up to .03.
    """
    angles = (np.arange(above) + 0.5) / above * np.pi / 2
    upper = np.sin(angles) ** 2
    lower = np.exp(np.linspace(np.log(_SMALLEST), np.log(_CUT), below))
    nodes = np.concatenate([_BELOW, lower, upper[upper > _CUT]])
    edges = np.concatenate([[0.0], (nodes[1:] + nodes[:-1]) / 2, [1.0]])
    return nodes, np.diff(edges)


def easy_nodes(count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return nodes of a standard normal, and their log probabilities."""
    nodes = np.linspace(-EASY_LIMIT, EASY_LIMIT, count) if count > 1 else np.zeros(1)
    weights = np.exp(-0.5 * nodes**2)
    return nodes, np.log(weights / weights.sum())


@dataclass(frozen=True)
class CompanyGrid:
    """Pairs of nodes (pi, z): logit e = m_e + tau z.

    Attributes
    ----------
    prevalence, width
        The G nodes of pi and their cells' widths.
    easy, log_easy
        The K nodes of z and their log probabilities.
    pair
        Which node of pi and of z each of the Q kept pairs has, (Q, 2); sorted by pi.
    """

    prevalence: NDArray[np.float64]
    width: NDArray[np.float64]
    easy: NDArray[np.float64]
    log_easy: NDArray[np.float64]
    pair: NDArray[np.intp]

    @classmethod
    def of(cls, above: int, below: int, easy: int) -> CompanyGrid:
        """Take all pairs of the two sets of nodes."""
        return cls._whole(*prevalence_nodes(above, below), easy)

    @classmethod
    def _whole(
        cls, prevalence: NDArray[np.float64], width: NDArray[np.float64], easy: int
    ) -> CompanyGrid:
        z, log_easy = easy_nodes(easy)
        first, second = np.divmod(np.arange(len(prevalence) * len(z)), len(z))
        return cls(prevalence, width, z, log_easy, np.stack([first, second], axis=1))

    def with_easy(self, easy: int) -> CompanyGrid:
        """Return the whole grid with another number of nodes of z."""
        return self._whole(self.prevalence, self.width, easy)

    def keep(self, kept: NDArray[np.bool_]) -> CompanyGrid:
        """Return the grid without the pairs that no company needs; the prior stays whole."""
        return replace(self, pair=self.pair[kept])

    def mixing(self) -> NDArray[np.float64]:
        """Return the weights (Q, 1 + K) that mix the columns (expert, K non-experts)."""
        pi = self.prevalence[self.pair[:, 0]]
        weights = np.zeros((len(self.pair), 1 + len(self.easy)))
        weights[:, 0] = pi
        weights[np.arange(len(pi)), 1 + self.pair[:, 1]] = 1 - pi
        return weights

    def runs(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return the nodes of pi that occur, and where the pairs of each begin."""
        return np.unique(self.pair[:, 0], return_index=True)


@dataclass(frozen=True)
class Resolution:
    """How fine the grid of companies of similar size is.

    Attributes
    ----------
    most
        People of the largest of them.
    above, below
        Nodes of pi, as for `prevalence_nodes`.
    easy
        Nodes of z while nothing is known of the spread of easy shares.
    spacing
        Distance of the nodes in logits of the easy share: 1.5 times the standard deviation with
        which such companies know theirs, which costs 1e-3 of their likelihood at most (the
        trapezoidal rule on a normal density).
    """

    most: float
    above: int
    below: int
    easy: int
    spacing: float

    def grid(self) -> CompanyGrid:
        """Return all pairs of nodes, for any spread."""
        return CompanyGrid.of(self.above, self.below, self.easy)

    def easy_nodes(self, spread: float) -> int:
        """Return how many nodes of z are needed if logits of easy shares have this sd."""
        between = min(_WIDEST_SPACING, self.spacing / max(spread, 1e-3))
        count = int(np.ceil(2 * EASY_LIMIT / between))
        return int(np.clip(count, _FEWEST_EASY_NODES, _MOST_EASY_NODES)) | 1
