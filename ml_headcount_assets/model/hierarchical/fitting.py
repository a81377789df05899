"""From evidence to joint posterior draws."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...compute.local import products_in_one_thread
from ...errors import InputError
from ..annotators import Annotator
from ..effort import Effort
from ..evidence import CompanyEvidence
from ..rated import RatedPatterns
from ..settings import EstimatorSettings
from ..streams import stream
from .convergence import FEWEST_EFFECTIVE, LARGEST_RHAT, effective_size, split_rhat
from .diagnostics import FitDiagnostics
from .fit import HierarchicalFit
from .instruments import Instruments
from .parameters import Hyperparameters
from .problem import Problem
from .quantities import quantities

if TYPE_CHECKING:
    from .differentiable.mode import Mode
    from .differentiable.sampling import Posterior

__all__ = ["fit_hierarchical"]

Progress = Callable[[int, int], None]
_STEPS = 100


@contextmanager
def _in_one_thread() -> Iterator[None]:
    """Let the numbers be the same whatever the number of cores."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with products_in_one_thread():
            yield
    finally:
        torch.set_num_threads(before)


@_in_one_thread()
def fit_hierarchical(
    rated: RatedPatterns,
    companies: Sequence[CompanyEvidence],
    annotators: Sequence[Annotator],
    settings: EstimatorSettings,
    *,
    draws: int,
    seed: int,
    progress: Progress | None = None,
    hyper: Hyperparameters | None = None,
    effort: Effort | None = None,
    separate_search: bool | None = None,
    threads: int = 2,
) -> HierarchicalFit:
    """Draw what companies share from its posterior given all that was seen.

    Parameters
    ----------
    rated
        Label patterns of the rated CVs over the likelihood's annotators, sorted by name
        (`rated.count_rated`).
    companies
        Evidence of all companies (`evidence.assess_companies`), in any order.
    annotators
        All annotators of the study.
    settings
        Whether derived annotators stay in the likelihood.
    draws, seed
        Number of joint draws that will be wanted, and the seed of the streams. The states are the
        same whatever the number of draws: more draws use them again in turn.
    progress
        Called with (done, 100).
    hyper
        Priors; None takes the model's.
    effort
        Of the sampler; None takes the usual.
    separate_search
        Whether hits of a search are an instrument of its own; None lets the companies decide
        that have both hits and profiles.
    threads
        Threads of the companies' likelihood; numbers do not depend on it.

    Raises
    ------
    InputError
        If the rated CVs or the settings do not fit the annotators.
    """
    from .differentiable.density import Density
    from .differentiable.mode import find_mode
    from .differentiable.sampling import sample_posterior
    from .starts import starting_points

    instruments = Instruments.of(annotators, six_dimensional=settings.six_dimensional)
    if rated.labels.shape[1] != len(instruments.names):
        raise InputError(
            f"The rated CVs are counted over {rated.labels.shape[1]} annotators, the study has "
            f"{len(instruments.names)}; count them again."
        )
    problem = Problem.of(rated, companies, instruments, hyper or Hyperparameters(), separate_search)
    effort = effort or Effort()
    report = _reporter(progress)
    with Density.opened(problem, threads) as density:
        mode = find_mode(density, starting_points(problem), effort, lambda s: report(0.3 * s))

        def converged(states: NDArray[np.float64]) -> bool:
            flat = states.reshape(-1, states.shape[-1])
            return _mixed(problem, states, density.model.tables_of(flat))

        posterior = sample_posterior(
            density, mode, effort, seed, converged, lambda s: report(0.3 + 0.65 * s)
        )
        states = posterior.theta.reshape(-1, problem.layout.size)
        tables = density.model.tables_of(states)
    report(1.0)
    diagnostics = _diagnostics(problem, mode, posterior, tables)
    # In random order, so that any first few states are a sample of all.
    order = stream(seed, "hierarchical", "order").permutation(len(states))
    return HierarchicalFit(
        problem.layout,
        states[order],
        **{name: table[order] for name, table in tables.items()},
        mass=problem.mass,
        count_rates=problem.count_rates,
        diagnostics=diagnostics,
    )


def _reporter(progress: Progress | None) -> Callable[[float], None]:
    if progress is None:
        return lambda share: None
    return lambda share: progress(round(share * _STEPS), _STEPS)


def _told(
    problem: Problem, states: NDArray[np.float64], tables: dict[str, NDArray[np.float64]]
) -> tuple[list[str], NDArray[np.float64]]:
    """Return names and values (chains, kept, quantities) of what convergence is judged on."""
    chains, kept, size = states.shape
    bands = np.unique([c.band for c in problem.companies]).astype(int)
    told = quantities(problem.layout, states.reshape(-1, size), tables, bands)
    return list(told.columns), told.to_numpy().reshape(chains, kept, -1)


def _mixed(
    problem: Problem, states: NDArray[np.float64], tables: dict[str, NDArray[np.float64]]
) -> bool:
    """Return whether chains agree well enough for quantiles."""
    _, values = _told(problem, states, tables)
    return bool(
        split_rhat(values).max() < LARGEST_RHAT and effective_size(values).min() > FEWEST_EFFECTIVE
    )


def _diagnostics(
    problem: Problem,
    mode: Mode,
    posterior: Posterior,
    tables: dict[str, NDArray[np.float64]],
) -> FitDiagnostics:
    chains, kept, _ = posterior.theta.shape
    names, values = _told(problem, posterior.theta, tables)
    rhat, effective = split_rhat(values), effective_size(values)
    return FitDiagnostics(
        log_density=mode.log_density,
        start_gap=mode.gap,
        rival=mode.rival,
        evaluations=mode.evaluations,
        pareto_k=posterior.pareto_k,
        particle_size=posterior.particle_size,
        acceptance=posterior.acceptance,
        step=posterior.step,
        rounds=posterior.rounds,
        rhat=dict(zip(names, rhat.tolist(), strict=True)),
        effective_size=dict(zip(names, effective.tolist(), strict=True)),
        states=chains * kept,
        companies=len(problem.companies),
        profiles=int(problem.n_profiles.sum()),
        counted=int((problem.counted > 0).sum()),
        rated=(int(problem.rated_counts[0].sum()), int(problem.rated_counts[1].sum())),
        separate_search=problem.layout.separate_search,
        instrument_rates=problem.instrument_rates,
        verdicts=sum(c.verdicts.n_profiles for c in problem.companies if c.verdicts),
    )
