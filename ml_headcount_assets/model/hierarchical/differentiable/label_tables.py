"""Probabilities of all 2**J label patterns of the structured probit, differentiable.

One standard normal factor per kind: latent j is mu_j + lambda_j eta_k + sqrt(1 - lambda_j**2)
eps_j. Given the first kind's factor the other kinds are independent of each other, so a further
kind costs one more product of nodes and not one more dimension.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.polynomial.hermite_e import hermegauss
from torch import Tensor

from ..instruments import Instruments

__all__ = ["FIRST_NODES", "OTHER_NODES", "LabelTables", "normal_density"]

# Gauss-Hermite nodes of the first kind's factor and of each other's, given the first.
FIRST_NODES, OTHER_NODES = 15, 11


def normal_density(x: Tensor) -> Tensor:
    """Return the standard normal density."""
    return torch.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)


class LabelTables:
    """Pattern probabilities of one study's annotators.

    Parameters
    ----------
    instruments
        The annotators; patterns are in the order of `Instruments.patterns`.
    """

    def __init__(self, instruments: Instruments) -> None:
        self.kinds = [torch.as_tensor(members) for members in instruments.kinds]
        self.silenceable = instruments.silenceable
        self.nodes, self.weights = _gauss_hermite(FIRST_NODES)
        self.other_nodes, self.other_weights = _gauss_hermite(OTHER_NODES)

    def __call__(self, mean: Tensor, loading: Tensor, factor: Tensor) -> Tensor:
        """Return the table of one class.

        Parameters
        ----------
        mean, loading
            Probit of each annotator's rate, and A = lambda / sqrt(1 - lambda**2); (..., J).
        factor
            atanh of the correlation of each further kind's factor with the first's, (..., K-1).

        Returns
        -------
        Tensor (..., 2**J)
            Each row sums to 1.
        """
        # Given its factor, a latent's mean is mu sqrt(1 + A**2) + A eta in units of its rest.
        centre = mean * torch.sqrt(1 + loading**2)
        table = self.weights[:, None]
        for number, members in enumerate(self.kinds):
            if number == 0:
                eta = self.nodes[:, None]
            else:
                rho = torch.tanh(factor[..., number - 1])[..., None, None]
                eta = rho * self.nodes[:, None] + torch.sqrt(1 - rho**2) * self.other_nodes
            given = _products(centre[..., members], loading[..., members], eta)
            if number == 0:
                table = given[..., 0, :] * table
            else:
                marginal = (given * self.other_weights[:, None]).sum(-2)
                table = (table[..., :, None] * marginal[..., None, :]).flatten(-2)
        return table.sum(-2)

    def silence(self, table: Tensor, audible: Tensor) -> Tensor:
        """Let each kind other than LLMs be silent with probability 1 - audible, (..., silent)."""
        sizes = [2 ** len(members) for members in self.kinds]
        for column, number in enumerate(self.silenceable):
            before = math.prod(sizes[:number])
            shaped = table.unflatten(-1, (before, sizes[number], -1))
            share = audible[..., column, None, None, None]
            nothing = torch.zeros(sizes[number], 1, dtype=table.dtype)
            nothing[0] = 1.0
            silent = shaped.sum(-2, keepdim=True) * nothing
            table = (share * shaped + (1 - share) * silent).flatten(-3)
        return table


def _gauss_hermite(count: int) -> tuple[Tensor, Tensor]:
    nodes, weights = hermegauss(count)
    return torch.as_tensor(nodes), torch.as_tensor(weights / weights.sum())


def _products(centre: Tensor, loading: Tensor, eta: Tensor) -> Tensor:
    """Return the probabilities of a kind's patterns given its factor, (..., Q, H, 2**j)."""
    rates = torch.special.ndtr(
        centre[..., None, None, :] + loading[..., None, None, :] * eta[..., None]
    )
    table = torch.ones((*rates.shape[:-1], 1), dtype=rates.dtype)
    for column in range(rates.shape[-1]):
        rate = rates[..., column, None]
        both = torch.cat([1 - rate, rate], -1)
        table = (table[..., :, None] * both[..., None, :]).flatten(-2)
    return table


def as_tensor(values: Sequence[float] | np.ndarray) -> Tensor:
    """Return values as a contiguous tensor of doubles."""
    return torch.as_tensor(np.ascontiguousarray(values, dtype=float))
