"""The log posterior density of the shared parameters, and its gradient."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..dispersion import count_saturation, expected_deviance
from ..grids import CompanyGrid, Resolution
from ..problem import FIT_CAPS, Problem, count_expectations
from ..verdicts import RATER_ERRORS
from .company_likelihood import Group, GroupInputs, group_log_likelihood, node_posterior
from .components import ComponentModel, Components
from .verdict_cells import VerdictCells, tables_of_verdicts

__all__ = ["Density"]

#: Smallest probability of a pattern: below it, the ratio of two classes is numerical noise.
TINY = 1e-12
# For companies with profiles and for those with counts only.
_PROFILE_GRIDS = (
    Resolution(30, 24, 16, 5, 1.0),
    Resolution(300, 40, 22, 9, 0.6),
    Resolution(1_500, 66, 42, 21, 0.4),
    Resolution(np.inf, 130, 60, 21, 0.25),
)
_COUNT_GRIDS = (
    Resolution(300, 36, 20, 5, 0.6),
    Resolution(3_000, 50, 32, 11, 0.3),
    Resolution(np.inf, 105, 75, 21, 0.15),
)
# Pairs of nodes that hold less than e**-15 of every company's likelihood are left out.
_NEGLIGIBLE = -15.0
_LARGEST_LOGIT = 15.0


class Density:
    """Log posterior of one study.

    Parameters
    ----------
    problem
        The data.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem, self.layout = problem, problem.layout
        self.instruments = problem.layout.instruments
        mean, covariance = self.layout.prior
        self.mean = torch.as_tensor(mean)
        self.root = np.asarray(np.linalg.cholesky(covariance), dtype=np.float64)
        self.precision = torch.as_tensor(np.linalg.inv(covariance))
        self.normal = torch.as_tensor(self.layout.normal)
        self.rated_cells = torch.as_tensor(self.instruments.consistent(problem.rated_labels))
        self.rated_counts = torch.as_tensor(problem.rated_counts)
        self.pattern_cells = torch.as_tensor(self.instruments.consistent(problem.labels))
        self.model = ComponentModel(problem.layout, problem.mass)
        self.priors = _UserPriors.of(problem)
        self.groups = [_GroupData(self, *group) for group in _groups(problem, self.priors)]
        self.pool: ThreadPoolExecutor | None = None
        self.table_dtype = torch.float64

    @property
    def size(self) -> int:
        """Length of a parameter vector."""
        return self.layout.size

    # ---------------------------------------------------------------- prevalences

    def beta(
        self, theta: Tensor, band: Tensor, cohort: int, place: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return logit mean and log concentration of the prior of each of U kinds, (..., U)."""
        shift, concentration = (
            self.model.part(theta, name).index_select(-1, band)
            for name in ("band_shift", "band_concentration")
        )
        mean = self.priors.logit_mean[place] + shift
        log_size = self.priors.log_size[place] + concentration
        if len(self.layout.cohorts) > 1:
            scale = torch.exp(self.model.part(theta, "log_cohort_scale"))
            mean = mean + scale * self.model.part(theta, "cohort_shift")[..., cohort, None]
            effect = self.model.part(theta, "cohort_concentration")[..., cohort, None]
            log_size = log_size + 0.5 * scale * effect
        return mean, log_size.clamp(-3.0, 14.0)

    # ---------------------------------------------------------------- the density

    def log_density(self, theta: Tensor) -> Tensor:
        """Return the log posterior density up to a constant, (B,)."""
        components = self.model.components(theta)
        value = components.log_prior
        for table, counts in zip(
            self.rated_tables(theta, components), self.rated_counts, strict=True
        ):
            value = value + torch.log(table @ self.rated_cells + TINY) @ counts
        residual = (theta - self.mean) * self.normal
        value = value - 0.5 * ((residual @ self.precision) * residual).sum(-1)
        if not self.groups:
            return value
        inputs = [data.inputs(theta, components) for data in self.groups]
        companies = group_log_likelihood(
            [d.group for d in self.groups], inputs, self.pool, self.table_dtype
        )
        constants = sum(data.constants(theta) for data in self.groups)
        return value + companies + constants

    def rated_tables(self, theta: Tensor, components: Components) -> tuple[Tensor, Tensor]:
        """Return pattern tables of CVs that were called non-experts and experts, (B, 2**J) each.

        While nobody has rated profiles nothing tells of the raters' errors, and verdicts about
        CVs are taken as the truth.
        """
        if not self.layout.verdicts:
            return components.rated
        yes_share = float(self.rated_counts[1].sum() / self.rated_counts.sum())
        errors = self.model.part(theta, RATER_ERRORS)
        return tables_of_verdicts(components.rated, errors, yes_share)

    def value_and_gradient(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """Return log density (B,) and gradient (B, D)."""
        free = theta.detach().clone().requires_grad_(True)
        value = self.log_density(free)
        (gradient,) = torch.autograd.grad(value.sum(), free)
        return value.detach(), gradient

    @classmethod
    @contextmanager
    def opened(cls, problem: Problem, threads: int) -> Iterator[Density]:
        """Yield the density, and end its threads afterwards."""
        density = cls(problem)
        with ThreadPoolExecutor(threads) as pool:
            density.pool = pool if threads > 1 else None
            yield density

    def value(self, theta: Tensor, at_a_time: int = 32) -> NDArray[np.float64]:
        """Return the log density of many vectors, (B,)."""
        with torch.no_grad():
            parts = [
                self.log_density(theta[start : start + at_a_time])
                for start in range(0, len(theta), at_a_time)
            ]
        return torch.cat(parts).numpy()

    def refine(self, theta: Tensor) -> None:
        """Fit the grids to where the posterior lies.

        Nodes of z become as many as the spread of easy shares between companies needs, and pairs
        of nodes go that no company needs at any of these parameters.

        Parameters
        ----------
        theta
            Parameter vectors from all over the posterior, (B, D).
        """
        spread = float(torch.exp(self.model.part(theta, "log_easy_sd")).quantile(0.9))
        for data in self.groups:
            data.use(data.whole.with_easy(data.resolution.easy_nodes(spread)))
        self._prune(theta)

    @contextmanager
    def nearby(self, theta: Tensor) -> Iterator[None]:
        """Do without the pairs of nodes that nobody needs at these parameters, for a while."""
        before = [data.group.grid for data in self.groups]
        self._prune(theta)
        try:
            yield
        finally:
            for data, grid in zip(self.groups, before, strict=True):
                data.use(grid)

    def _prune(self, theta: Tensor) -> None:
        with torch.no_grad():
            components = self.model.components(theta)
            for data in self.groups:
                kept = node_posterior(data.group, data.inputs(theta, components)) > _NEGLIGIBLE
                data.use(data.group.grid.keep(kept))

    @contextmanager
    def roughly(self) -> Iterator[None]:
        """Compute tables in single precision for a while: log densities are off by about 1e-3."""
        self.table_dtype = torch.float32
        try:
            yield
        finally:
            self.table_dtype = torch.float64


@dataclass(frozen=True)
class _UserPriors:
    """Distinct (band, prior, cohort) of the companies, and the user's Beta of each."""

    band: NDArray[np.intp]
    cohort: NDArray[np.intp]
    of_company: NDArray[np.intp]
    logit_mean: Tensor
    log_size: Tensor

    @classmethod
    def of(cls, problem: Problem) -> _UserPriors:
        keys = [
            (int(h), c.band, *c.prior)
            for c, h in zip(problem.companies, problem.cohort, strict=True)
        ]
        distinct = sorted(set(keys))
        place = {key: number for number, key in enumerate(distinct)}
        a = np.array([key[2] for key in distinct])
        b = np.array([key[3] for key in distinct])
        return cls(
            np.array([key[1] for key in distinct], dtype=np.intp),
            np.array([key[0] for key in distinct], dtype=np.intp),
            np.array([place[key] for key in keys], dtype=np.intp),
            torch.as_tensor(np.log(a / b)),
            torch.as_tensor(np.log(a + b)),
        )


def _groups(problem: Problem, priors: _UserPriors) -> list[tuple[Group, Resolution]]:
    """Put companies of one cohort and similar size together."""
    groups = []
    size = np.where(problem.n_profiles > 0, problem.n_profiles, problem.counted)
    for cohort in range(len(problem.layout.cohorts)):
        for profiled, grids in ((True, _PROFILE_GRIDS), (False, _COUNT_GRIDS)):
            least = 0.0
            for resolution in grids:
                members = np.flatnonzero(
                    (problem.cohort == cohort)
                    & ((problem.n_profiles > 0) == profiled)
                    & (size > least)
                    & (size <= resolution.most)
                )
                least = resolution.most
                if len(members):
                    grid = resolution.grid()
                    group = _group(problem, priors, members, cohort, grid)
                    groups.append((group, resolution))
    return groups


def _group(
    problem: Problem,
    priors: _UserPriors,
    members: NDArray[np.intp],
    cohort: int,
    grid: CompanyGrid,
) -> Group:
    alike: dict[tuple, list[int]] = {}
    for member in members.tolist():
        key = (*problem.data_of(member), int(priors.of_company[member]))
        alike.setdefault(key, []).append(member)
    members = np.array([first for first, *_ in alike.values()])
    multiplicity = np.array([float(len(rows)) for rows in alike.values()])
    patterns = np.flatnonzero(problem.profiles[members].sum(axis=0))
    profiles = problem.profiles[np.ix_(members, patterns)]
    kinds, place = np.unique(priors.of_company[members], return_inverse=True)
    return Group(members, multiplicity, cohort, patterns, profiles, kinds, place, grid)


class _GroupData:
    """A group with all that its inputs are made of."""

    def __init__(self, density: Density, group: Group, resolution: Resolution) -> None:
        self.density, self.group, self.resolution = density, group, resolution
        self.whole = group.grid
        self.kinds = torch.as_tensor(group.prior_kinds)
        self.band = torch.as_tensor(density.priors.band[group.prior_kinds])
        problem = density.problem
        members = [problem.companies[c] for c in group.companies]
        n = problem.n_profiles[group.companies]
        saturated, deviance = (v[group.companies] for v in problem.saturation)
        self.n, self.saturated, self.deviance = map(torch.as_tensor, (n, saturated, deviance))
        self.multiplicity = torch.as_tensor(group.multiplicity)
        self.floor = torch.as_tensor(np.maximum(1.0, n / FIT_CAPS[0]))
        self._count_cells(members, problem)
        self.verdicts = VerdictCells.of([c.verdicts for c in members], density.instruments)

    def _count_cells(self, members: Sequence, problem: Problem) -> None:
        """Lay the companies' cells of counts into one table, (C, Q)."""
        keys = sorted({key for c in members for key in c.cells.identities()})
        place = {key: number for number, key in enumerate(keys)}
        shape = (len(members), len(keys))
        y, n, weight, expected = (np.zeros(shape) for _ in range(4))
        for row, company in enumerate(members):
            columns = [place[key] for key in company.cells.identities()]
            y[row, columns] = company.cells.counts
            n[row, columns] = company.cells.people
            weight[row, columns] = company.cells.weight
            expected[row, columns] = count_expectations(
                company, self.group.cohort, problem.count_rates
            )
        deviance = expected_deviance(expected) * (n > 0)
        most = n.max(axis=1, initial=0.0)
        self.cell_floor = torch.as_tensor(np.maximum(1.0, most / FIT_CAPS[1]))[:, None]
        self.y, self.people, self.share, self.expected, self.cell_deviance, self.cell_saturated = (
            torch.as_tensor(v) for v in (y, n, weight, expected, deviance, count_saturation(y, n))
        )
        width = len(self.density.instruments.names)
        labels = np.array([key[1:] for key in keys], dtype=np.int8).reshape(len(keys), width)
        self.cells = torch.as_tensor(
            self.density.instruments.consistent(labels)
            if keys
            else np.zeros((len(self.density.instruments.patterns), 0))
        )
        self.source = torch.as_tensor(np.array([key[0] for key in keys], dtype=np.intp))

    def use(self, grid: CompanyGrid) -> None:
        """Integrate on another grid from now on."""
        self.group = replace(self.group, grid=grid)
        self.__dict__.pop("grid_logs", None)

    @cached_property
    def pattern_cells(self) -> Tensor:
        """Complete patterns that each of the group's patterns may stand for, (2**J, P)."""
        return self.density.pattern_cells[:, torch.as_tensor(self.group.patterns)].contiguous()

    @cached_property
    def grid_logs(self) -> tuple[Tensor, Tensor, Tensor]:
        """Logs of pi, of 1 - pi and of the cells' widths."""
        grid = self.group.grid
        values = np.log(grid.prevalence), np.log1p(-grid.prevalence), np.log(grid.width)
        log, log1m, width = (torch.as_tensor(v) for v in values)
        return log, log1m, width

    def weights(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """Return the weights of profiles (B, C) and of cells (B, C, Q)."""
        part = self.density.model.part
        phi = torch.exp(part(theta, "log_profile_dispersion"))
        profile = 1 / (self.floor + (self.n - 1).clamp(min=0.0) / phi)
        names = ("log_margin_dispersion", "log_hit_dispersion")
        sizes = torch.cat([part(theta, name) for name in names], -1)
        r = torch.exp(sizes).index_select(-1, self.source)
        return profile, 1 / (self.cell_floor + self.expected / r[..., None, :])

    def inputs(self, theta: Tensor, components: Components) -> GroupInputs:
        """Return what the likelihood kernel takes."""
        density, group = self.density, self.group
        spread = torch.exp(density.model.part(theta, "log_easy_sd"))
        nodes = torch.as_tensor(group.grid.easy)
        logits = density.model.easy_centre(theta, group.cohort) + spread * nodes
        easy = torch.sigmoid(logits.clamp(-_LARGEST_LOGIT, _LARGEST_LOGIT))
        profile, cell = self.weights(theta)
        columns = []
        for source in range(len(components.near)):
            here = self.source.clamp(max=len(components.near) - 1) == source
            columns.append((self.cells * here, source))
        parts = [_mix(components, s, matrix, easy) for matrix, s in columns]
        cells = torch.stack(parts).sum(0) + TINY
        hits, people = self.share * cell * self.y, self.share * cell * self.people
        if len(self.verdicts):
            base = _mix(components, 0, self.verdicts.patterns, easy) + TINY
            errors = density.model.part(theta, RATER_ERRORS)
            cells, hits, people = self.verdicts.with_cells(base, errors, cells, hits, people)
        return GroupInputs(
            _mix(components, 0, self.pattern_cells, easy) + TINY,
            cells,
            profile,
            hits,
            people,
            self._log_prior(theta),
        )

    def _log_prior(self, theta: Tensor) -> Tensor:
        logit_mean, log_size = self.density.beta(theta, self.band, self.group.cohort, self.kinds)
        size = torch.exp(log_size)
        a, b = torch.sigmoid(logit_mean) * size, torch.sigmoid(-logit_mean) * size
        log, log1m, width = self.grid_logs
        # Normalised on the grid: a Beta that is narrower than a cell must not gain by it.
        values = (a - 1)[..., None] * log + (b - 1)[..., None] * log1m + width
        return torch.log_softmax(values, -1)

    def constants(self, theta: Tensor) -> Tensor:
        """Return the part of the quasi-likelihood that does not depend on (pi, e), (B,)."""
        profile, cell = self.weights(theta)
        value = 0.5 * self.deviance * torch.log(profile) - profile * self.saturated
        # A weighted likelihood keeps its whole normaliser, or dispersion is invented.
        counts = 0.5 * self.cell_deviance * torch.log(cell)
        counts = counts - self.share * cell * self.cell_saturated
        return (value + counts.sum(-1)) @ self.multiplicity


def _mix(components: Components, source: int, cells: Tensor, easy: Tensor) -> Tensor:
    """Return probabilities of cells for experts and non-experts at each share, (B, P, 1+K)."""
    near, easier = components.near[source] @ cells, components.easy[source] @ cells
    expert = (components.expert[source] @ cells)[..., None]
    others = near[..., None] + (easier - near)[..., None] * easy[..., None, :]
    return torch.cat([expert, others], -1)
