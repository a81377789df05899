"""The likelihood of companies with their prevalence and share of easy people integrated out.

Companies of similar size share a grid, so that a group costs a few matrix products whatever the
number of its profiles. Values and derivatives are computed in one pass by hand: automatic
differentiation would keep every table of patterns times nodes.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..grids import CompanyGrid

__all__ = ["Group", "GroupInputs", "group_log_likelihood"]

# Tables of a portion of a batch that stay in a core's cache while they are worked on.
_CACHED_BYTES = 1_600_000


@dataclass(frozen=True)
class GroupConstants:
    """What products with a group's tables take, of one floating-point type.

    Attributes
    ----------
    counts, transposed
        Profiles by company and pattern, (C, P), and by pattern and company.
    mixing, mixing_transposed
        Weights of (expert, non-experts at each node of z) at each pair of nodes, (Q, 1+K).
    log_easy
        Log probability of each pair's node of z, (Q,).
    """

    counts: Tensor
    transposed: Tensor
    mixing: Tensor
    mixing_transposed: Tensor
    log_easy: NDArray


@dataclass(frozen=True)
class Group:
    """Companies of one cohort and similar size.

    Attributes
    ----------
    companies
        Their places, (C,); of companies with the same data, one.
    multiplicity
        How many companies each stands for, (C,).
    cohort
        The cohort's number.
    patterns
        Columns of the study's patterns that they show, (P,).
    profiles
        Profiles by company and pattern, (C, P).
    prior_kinds
        The U priors of the prevalence that occur.
    prior
        Which of them each company has, (C,).
    grid
        The nodes.
    """

    companies: NDArray[np.intp]
    multiplicity: NDArray[np.float64]
    cohort: int
    patterns: NDArray[np.intp]
    profiles: NDArray[np.float64]
    prior_kinds: NDArray[np.intp]
    prior: NDArray[np.intp]
    grid: CompanyGrid

    def constants(self, dtype: torch.dtype) -> GroupConstants:
        """Return what does not depend on the parameters, of one floating-point type."""
        if dtype not in self._constants:
            values = self.profiles, self.grid.mixing(), self.log_easy
            counts, mixing, log_easy = (torch.as_tensor(v).to(dtype) for v in values)
            self._constants[dtype] = GroupConstants(
                counts, counts.T.contiguous(), mixing, mixing.T.contiguous(), log_easy.numpy()
            )
        return self._constants[dtype]

    @cached_property
    def _constants(self) -> dict[torch.dtype, GroupConstants]:
        return {}

    @cached_property
    def prior_members(self) -> list[NDArray[np.intp]]:
        """The companies that have each prior."""
        return [np.flatnonzero(self.prior == kind) for kind in range(len(self.prior_kinds))]

    def portions(self, size: int, dtype: torch.dtype) -> list[slice]:
        """Cut a batch of parameter vectors so that a portion's tables stay in the cache."""
        numbers = (len(self.patterns) + 2 * len(self.companies)) * len(self.grid.pair)
        width = max(1, _CACHED_BYTES // (numbers * dtype.itemsize))
        return [slice(start, min(start + width, size)) for start in range(0, size, width)]

    @cached_property
    def log_easy(self) -> NDArray[np.float64]:
        """Log probability of each pair's node of z, (Q,)."""
        return self.grid.log_easy[self.grid.pair[:, 1]]

    @cached_property
    def runs(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Nodes of pi that occur and where their pairs begin."""
        return self.grid.runs()


@dataclass(frozen=True)
class GroupInputs:
    """What depends on the parameters, for B parameter vectors.

    Attributes
    ----------
    patterns
        Probabilities of the group's patterns (B, P, 1+K): experts, non-experts at each node.
    cells
        The same of the cells of counts, (B, Q, 1+K).
    weight
        Of each company's profiles, (B, C).
    hits, people
        Weighted counts and people of each cell, (B, C, Q).
    log_prior
        Log probabilities of the nodes of pi under each prior, (B, U, G).
    """

    patterns: Tensor
    cells: Tensor
    weight: Tensor
    hits: Tensor
    people: Tensor
    log_prior: Tensor

    def tensors(self) -> tuple[Tensor, ...]:
        """Return the fields in order."""
        return (
            self.patterns,
            self.cells,
            self.weight,
            self.hits,
            self.people,
            self.log_prior,
        )


def group_log_likelihood(
    groups: Sequence[Group],
    inputs: Sequence[GroupInputs],
    pool: ThreadPoolExecutor | None = None,
    dtype: torch.dtype = torch.float64,
) -> Tensor:
    """Return the sum over companies of log L_c, shape (B,), differentiable.

    Constants that do not depend on (pi, e) are left out.

    Parameters
    ----------
    pool
        Threads that share the work; results do not depend on it.
    dtype
        Of the tables of patterns and nodes. What comes out is of double precision; single is
        two to three times as fast and off by about 1e-3.
    """
    flat = [tensor for part in inputs for tensor in part.tensors()]
    return _GroupLogLikelihood.apply(tuple(groups), pool, dtype, *flat)


class _GroupLogLikelihood(torch.autograd.Function):
    """All groups at once, so that threads share what there is."""

    @staticmethod
    def forward(
        ctx: Any,
        groups: tuple[Group, ...],
        pool: ThreadPoolExecutor | None,
        dtype: torch.dtype,
        *flat: Tensor,
    ) -> Tensor:
        inputs = [tuple(t.detach() for t in flat[6 * i : 6 * i + 6]) for i in range(len(groups))]
        wanted = any(ctx.needs_input_grad[3:])
        size = len(flat[2])
        tasks = [
            (i, part) for i, group in enumerate(groups) for part in group.portions(size, dtype)
        ]

        def work(task: tuple[int, slice]) -> tuple[NDArray[np.float64], tuple[Tensor, ...]]:
            i, part = task
            return _evaluate(groups[i], tuple(t[part] for t in inputs[i]), dtype, wanted)

        results = list(pool.map(work, tasks)) if pool else list(map(work, tasks))
        values = np.zeros(size)
        gradients = [[torch.empty_like(t) for t in part] for part in inputs] if wanted else []
        for (i, part), (value, slopes) in zip(tasks, results, strict=True):
            values[part] += value
            for whole, slope in zip(gradients[i] if wanted else (), slopes, strict=True):
                whole[part] = slope
        ctx.save_for_backward(*(t for part in gradients for t in part))
        return torch.from_numpy(values)

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> Any:
        saved = ctx.saved_tensors
        scale = outer[0]
        shaped = [scale.reshape(-1, *([1] * (t.dim() - 1))) * t for t in saved]
        return (None, None, None, *shaped)


def _evaluate(
    group: Group, inputs: tuple[Tensor, ...], dtype: torch.dtype, wanted: bool
) -> tuple[NDArray[np.float64], tuple[Tensor, ...]]:
    """Return sums of log L_c for B parameter vectors, and their derivatives.

    Tables are (P, B, Q) and (C, B, Q), so that each product with the counts is one matrix
    product. Patterns are taken relative to a typical probability of each, so that what is summed
    in single precision are differences between nodes.
    """
    of = group.constants(dtype)
    typical = inputs[0].mean(-1, keepdim=True)
    patterns, (cells, weight, hits, people, log_prior) = (
        (inputs[0] / typical).to(dtype),
        (t.to(dtype) for t in inputs[1:]),
    )
    size, nodes = len(patterns), len(group.grid.pair)
    q = _at_nodes(of, patterns)
    log_q = _log(q).reshape(len(of.transposed), size * nodes)
    per_company = (of.counts @ log_q).reshape(-1, size, nodes)
    cell_q = _at_nodes(of, cells)
    cell_log = _log(cell_q)
    x = _log_posterior(
        group, (weight, hits, people, log_prior), per_company, cell_q, cell_log, of.log_easy
    )
    top = x.max(axis=2, keepdims=True)
    x -= top
    np.exp(x, out=x)
    total = x.sum(axis=2, keepdims=True)
    base = torch.log(typical[..., 0]) @ group.constants(torch.float64).transposed
    peaks = top[..., 0].astype(float) + np.log(total[..., 0]) + (inputs[2] * base).T.numpy()
    values = group.multiplicity @ peaks
    if not wanted:
        return values, ()
    x *= group.multiplicity[:, None, None].astype(x.dtype) / total
    posterior = torch.from_numpy(x)
    weighted = (weight.T[..., None] * posterior).reshape(len(of.counts), size * nodes)
    slope = (of.transposed @ weighted).reshape(q.shape).div_(q)
    by_vector = posterior.transpose(0, 1)
    slopes = [_from_nodes(of, slope) / typical]
    if len(cell_q):
        cell_slope = (hits.transpose(1, 2) @ by_vector) / cell_q.transpose(0, 1)
        cell_slope -= people.transpose(1, 2) @ by_vector
        slopes.append(cell_slope @ of.mixing)
    else:
        slopes.append(torch.zeros_like(cells))
    mean_log = (posterior * per_company).sum(2).T
    slopes.append(mean_log + base * torch.as_tensor(group.multiplicity))
    slopes.append(by_vector @ cell_log.permute(1, 2, 0))
    slopes.append(-(by_vector @ cell_q.permute(1, 2, 0)))
    return values, (*slopes, torch.from_numpy(_by_prior(group, x)))


def _by_prior(group: Group, posterior: NDArray) -> NDArray:
    """Return the posterior of the nodes of pi, summed over companies of one prior, (B, U, G)."""
    found, starts = group.runs
    size = posterior.shape[1]
    sums = np.zeros((size, len(group.prior_kinds), len(group.grid.prevalence)))
    for kind, members in enumerate(group.prior_members):
        sums[:, kind, found] = np.add.reduceat(posterior[members].sum(axis=0), starts, axis=1)
    return sums


def _at_nodes(of: GroupConstants, probabilities: Tensor) -> Tensor:
    """Mix classes at each pair of nodes; (B, P, 1+K) -> (P, B, Q)."""
    size, count, columns = probabilities.shape
    flat = probabilities.transpose(0, 1).reshape(-1, columns)
    return (flat @ of.mixing_transposed).reshape(count, size, of.mixing_transposed.shape[1])


def _from_nodes(of: GroupConstants, slope: Tensor) -> Tensor:
    """Return derivatives with regard to the classes; (P, B, Q) -> (B, P, 1+K)."""
    count, size, nodes = slope.shape
    mixed = slope.reshape(-1, nodes) @ of.mixing
    return mixed.reshape(count, size, of.mixing.shape[1]).transpose(0, 1)


def _log_posterior(
    group: Group,
    inputs: tuple[Tensor, ...],
    per_company: Tensor,
    cell_q: Tensor,
    cell_log: Tensor,
    log_easy: NDArray,
) -> NDArray:
    """Return log likelihood plus log prior at each pair of nodes, (C, B, Q)."""
    weight, hits, people, log_prior = inputs
    found, starts = group.runs
    lengths = np.diff(np.append(starts, len(group.grid.pair)))
    # (U, B, Q)
    prior = np.repeat(log_prior.numpy().swapaxes(0, 1)[:, :, found], lengths, axis=2)
    x = (weight.T[..., None] * per_company).numpy()
    x += (prior + log_easy)[group.prior]
    if len(cell_q):
        by_vector = hits @ cell_log.transpose(0, 1) - people @ cell_q.transpose(0, 1)
        x += by_vector.transpose(0, 1).numpy()
    return x


def _log(values: Tensor) -> Tensor:
    """Return logarithms; NumPy's are several times faster than torch's on a processor."""
    result = torch.empty_like(values)
    np.log(values.numpy(), out=result.numpy())
    return result


def node_posterior(group: Group, inputs: GroupInputs) -> NDArray[np.float64]:
    """Return the largest log posterior, relative to its peak, of each pair of nodes, (Q,)."""
    of = group.constants(torch.float64)
    largest = np.full(len(group.grid.pair), -np.inf)
    for b in range(len(inputs.weight)):
        patterns, cells, *others = (t[b : b + 1] for t in inputs.tensors())
        log_q = _log(_at_nodes(of, patterns)).reshape(len(of.transposed), len(largest))
        per_company = (of.counts @ log_q).reshape(len(of.counts), 1, len(largest))
        cell_q = _at_nodes(of, cells)
        x = _log_posterior(group, tuple(others), per_company, cell_q, _log(cell_q), of.log_easy)
        here = x[:, 0]
        largest = np.maximum(largest, (here - here.max(axis=1, keepdims=True)).max(axis=0))
    return largest
