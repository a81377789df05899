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

_CACHED_DOUBLES = 150_000


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

    @cached_property
    def mixing(self) -> Tensor:
        """Weights of (expert, non-experts at each node of z) at each pair of nodes, (Q, 1+K)."""
        return torch.as_tensor(self.grid.mixing())

    @cached_property
    def mixing_transposed(self) -> Tensor:
        """The same, (1+K, Q)."""
        return self.mixing.T.contiguous()

    @cached_property
    def counts(self) -> tuple[Tensor, Tensor]:
        """Profiles (C, P) and their transpose."""
        counts = torch.as_tensor(np.ascontiguousarray(self.profiles))
        return counts, counts.T.contiguous()

    @cached_property
    def prior_members(self) -> NDArray[np.float64]:
        """1 where a company has a prior, (U, C)."""
        return (self.prior[None] == np.arange(len(self.prior_kinds))[:, None]).astype(float)

    def portions(self, size: int) -> list[slice]:
        """Cut a batch of parameter vectors so that a portion's tables stay in the cache."""
        doubles = (len(self.patterns) + 2 * len(self.companies)) * len(self.grid.pair)
        width = max(1, _CACHED_DOUBLES // doubles)
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
    groups: Sequence[Group], inputs: Sequence[GroupInputs], pool: ThreadPoolExecutor | None = None
) -> Tensor:
    """Return the sum over companies of log L_c, shape (B,), differentiable.

    Constants that do not depend on (pi, e) are left out.

    Parameters
    ----------
    pool
        Threads that share the work; results do not depend on it.
    """
    flat = [tensor for part in inputs for tensor in part.tensors()]
    return _GroupLogLikelihood.apply(tuple(groups), pool, *flat)


class _GroupLogLikelihood(torch.autograd.Function):
    """All groups at once, so that threads share what there is."""

    @staticmethod
    def forward(
        ctx: Any, groups: tuple[Group, ...], pool: ThreadPoolExecutor | None, *flat: Tensor
    ) -> Tensor:
        inputs = [tuple(t.detach() for t in flat[6 * i : 6 * i + 6]) for i in range(len(groups))]
        wanted = any(ctx.needs_input_grad[2:])
        size = len(flat[2])
        tasks = [(i, part) for i, group in enumerate(groups) for part in group.portions(size)]

        def work(task: tuple[int, slice]) -> tuple[NDArray[np.float64], tuple[Tensor, ...]]:
            i, part = task
            return _evaluate(groups[i], tuple(t[part] for t in inputs[i]), wanted)

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
        return (None, None, *shaped)


def _evaluate(
    group: Group, inputs: tuple[Tensor, ...], wanted: bool
) -> tuple[NDArray[np.float64], tuple[Tensor, ...]]:
    """Return sums of log L_c for B parameter vectors, and their derivatives.

    Tables are (P, B, Q) and (C, B, Q), so that each product with the counts is one matrix
    product.
    """
    patterns, cells, weight, hits, people, _ = inputs
    size, nodes = len(patterns), len(group.grid.pair)
    counts, transposed = group.counts
    q = _at_nodes(group, patterns)
    log_q = _log(q).reshape(len(transposed), size * nodes)
    per_company = (counts @ log_q).reshape(-1, size, nodes)
    cell_q = _at_nodes(group, cells)
    cell_log = _log(cell_q)
    x = _log_posterior(group, inputs, per_company, cell_q, cell_log)
    top = x.max(axis=2, keepdims=True)
    x -= top
    np.exp(x, out=x)
    total = x.sum(axis=2, keepdims=True)
    values = group.multiplicity @ (top + np.log(total))[..., 0]
    if not wanted:
        return values, ()
    x *= group.multiplicity[:, None, None] / total
    posterior = torch.from_numpy(x)
    by_node = np.add.reduceat(x, group.runs[1], axis=2)
    by_prior = np.zeros((size, len(group.prior_kinds), len(group.grid.prevalence)))
    sums = np.tensordot(group.prior_members, by_node, axes=1)
    by_prior[:, :, group.runs[0]] = sums.swapaxes(0, 1)
    weighted = (weight.T[..., None] * posterior).reshape(len(counts), size * nodes)
    slope = (transposed @ weighted).reshape(q.shape).div_(q)
    slopes = [_from_nodes(group, slope)]
    by_vector = posterior.transpose(0, 1)
    if len(cell_q):
        cell_slope = (hits.transpose(1, 2) @ by_vector) / cell_q.transpose(0, 1)
        cell_slope -= people.transpose(1, 2) @ by_vector
        slopes.append(cell_slope @ group.mixing)
    else:
        slopes.append(torch.zeros_like(cells))
    slopes.append((posterior * per_company).sum(2).T)
    slopes.append(by_vector @ cell_log.permute(1, 2, 0))
    slopes.append(-(by_vector @ cell_q.permute(1, 2, 0)))
    return values, (*slopes, torch.from_numpy(by_prior))


def _at_nodes(group: Group, probabilities: Tensor) -> Tensor:
    """Mix classes at each pair of nodes; (B, P, 1+K) -> (P, B, Q)."""
    size, count, columns = probabilities.shape
    flat = probabilities.transpose(0, 1).reshape(-1, columns)
    return (flat @ group.mixing_transposed).reshape(count, size, len(group.grid.pair))


def _from_nodes(group: Group, slope: Tensor) -> Tensor:
    """Return derivatives with regard to the classes; (P, B, Q) -> (B, P, 1+K)."""
    count, size, nodes = slope.shape
    mixed = slope.reshape(-1, nodes) @ group.mixing
    return mixed.reshape(count, size, group.mixing.shape[1]).transpose(0, 1)


def _log_posterior(
    group: Group,
    inputs: tuple[Tensor, ...],
    per_company: Tensor,
    cell_q: Tensor,
    cell_log: Tensor,
) -> NDArray[np.float64]:
    """Return log likelihood plus log prior at each pair of nodes, (C, B, Q)."""
    _, _, weight, hits, people, log_prior = inputs
    found, starts = group.runs
    lengths = np.diff(np.append(starts, len(group.grid.pair)))
    # (U, B, Q)
    prior = np.repeat(log_prior.numpy().swapaxes(0, 1)[:, :, found], lengths, axis=2)
    x = (weight.T[..., None] * per_company).numpy()
    x += (prior + group.log_easy)[group.prior]
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
    largest = np.full(len(group.grid.pair), -np.inf)
    for b in range(len(inputs.weight)):
        one = tuple(t[b : b + 1] for t in inputs.tensors())
        counts, transposed = group.counts
        log_q = _log(_at_nodes(group, one[0])).reshape(len(transposed), len(largest))
        per_company = (counts @ log_q).reshape(len(counts), 1, len(largest))
        cell_q = _at_nodes(group, one[1])
        x = _log_posterior(group, one, per_company, cell_q, _log(cell_q))[:, 0]
        largest = np.maximum(largest, (x - x.max(axis=1, keepdims=True)).max(axis=0))
    return largest
