"""Draws from the posterior: Hamiltonian Monte Carlo in the metric of the mode's curvature.

Many short chains run side by side as one batch. They start from particles of a Pareto-smoothed
importance sample, which in 70 dimensions is too coarse to be the answer and a good place to
begin.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ...effort import Effort
from ...streams import stream
from ..convergence import pareto_smoothed
from .density import Density
from .mode import Mode, laplace_metric
from .recentred import Recentred

__all__ = ["Posterior", "sample_posterior"]

_TEMPERATURES = (1.0, 0.85, 0.7, 0.55, 0.4, 0.3, 0.2, 0.1, 0.0)
_WANTED_ACCEPTANCE = 0.8
_REFINE_AT = 24
# Where the tails are looked at, and the narrowest and widest that are believed.
_TAIL_AT, _TAIL_BOUNDS = 2.0, (0.6, 2.5)
# A sample covariance weighs as much as the old metric once there are so many states a parameter.
_SHRINKAGE_STATES = 2


@dataclass(frozen=True)
class Posterior:
    """States of the chains.

    Attributes
    ----------
    theta
        (chains, kept, D).
    pareto_k, particle_size
        Of the importance sample: tail index, and effective number of particles.
    acceptance, step
        Mean acceptance of the kept trajectories, and the step size.
    rounds
        Rounds of chains, each longer than the one before, of which the last is kept.
    """

    theta: NDArray[np.float64]
    pareto_k: float
    particle_size: float
    acceptance: float
    step: float
    rounds: int


class _Whitened:
    """The density around the mode, in units in which it is about a standard normal."""

    def __init__(self, density: Recentred, centre: torch.Tensor, metric: NDArray) -> None:
        self.density, self.centre = density, centre
        self.metric = torch.as_tensor(np.ascontiguousarray(metric))

    @classmethod
    def laplace(cls, density: Density, mode: Mode) -> _Whitened:
        """Take the curvature at the mode."""
        recentred = Recentred(density, mode)
        metric = np.matmul(recentred.slopes, laplace_metric(mode, density.root))
        return cls(recentred, torch.as_tensor(mode.theta), metric)

    def tails(self) -> NDArray[np.float64]:
        """Return how wide the density is to the left and right of the mode, (2, D).

        Along each axis of the metric, the standard deviation of the half normal that falls as
        the density does two units from the mode (Geweke 1989).
        """
        size = len(self.centre)
        places = torch.cat([-_TAIL_AT * torch.eye(size), _TAIL_AT * torch.eye(size)]).double()
        top = self.density.value(self.centre[None])[0]
        drop = top - self.density.value(self.phi(places)).reshape(2, size)
        drop = np.where(np.isfinite(drop), drop, np.inf)
        narrowest, widest = _TAIL_BOUNDS
        least = 0.5 * (_TAIL_AT / widest) ** 2
        return np.maximum(_TAIL_AT / np.sqrt(2 * np.maximum(drop, least)), narrowest)

    def phi(self, z: torch.Tensor) -> torch.Tensor:
        """Return coordinates of the density."""
        return self.centre + z @ self.metric.T

    def theta(self, z: torch.Tensor) -> torch.Tensor:
        """Return parameters."""
        return self.density.theta(self.phi(z))

    def whitened(self, theta: torch.Tensor) -> torch.Tensor:
        """Return places in this metric."""
        away = self.density.phi(theta) - self.centre
        return torch.linalg.solve(self.metric, away.T).T.contiguous()

    def adapted(self, z: torch.Tensor) -> _Whitened:
        """Return the metric of the sample covariance of states, shrunk to the present one.

        The curvature at the mode is too narrow where the density has a long tail.
        """
        share = len(z) / (len(z) + _SHRINKAGE_STATES * z.shape[1])
        covariance = np.cov(z.numpy(), rowvar=False)
        mixed = share * covariance + (1 - share) * np.eye(z.shape[1])
        root = self.metric.numpy() @ np.linalg.cholesky(mixed)
        return _Whitened(self.density, self.centre, root)

    def __call__(self, z: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return log densities and gradients; impossible places have neither."""
        value, gradient = self.density.value_and_gradient(self.phi(z))
        slope = gradient @ self.metric
        bad = ~(torch.isfinite(value) & torch.isfinite(slope).all(1))
        value = torch.where(bad, torch.full_like(value, -1e30), value)
        return value, torch.where(bad[:, None], torch.zeros_like(slope), slope)


def sample_posterior(
    density: Density,
    mode: Mode,
    effort: Effort,
    seed: int,
    enough: Callable[[NDArray[np.float64]], bool],
    progress: Callable[[float], None] | None = None,
) -> Posterior:
    """Draw from the posterior.

    Parameters
    ----------
    seed
        Of the streams; the result depends on nothing else but the data and `effort`.
    enough
        Told the states (chains, kept, D) of a round, whether they will do; if not, another round
        of longer chains goes on from there.
    progress
        Called with the share of the work that is done.
    """
    report = progress or (lambda share: None)
    target = _Whitened.laplace(density, mode)
    tails = target.tails()
    z, pareto_k, size = _particles(target, tails, effort, seed)
    report(0.05)
    start = target.theta(z)
    density.refine(start[:_REFINE_AT])
    widths = np.sqrt((tails**2).mean(axis=0))
    target = _Whitened(target.density, target.centre, target.metric.numpy() * widths)
    # An error of 1e-3 in a log density changes acceptances by as little.
    with density.roughly():
        chains = _Chains(target, start)
        chains.warm_up(effort, stream(seed, "hierarchical", "warm up"))
        for number in range(1, effort.rounds + 1):
            report(0.05 + 0.9 * number / (effort.rounds + 1))
            rng = stream(seed, "hierarchical", "round", number)
            theta, acceptance = chains.round(effort, number, rng)
            if enough(theta):
                break
            if number < effort.rounds:
                chains.adapt(torch.as_tensor(theta.reshape(-1, density.size)))
                chains.tune(effort.warmup // 2, effort, rng)
    report(1.0)
    return Posterior(theta, pareto_k, size, acceptance, float(np.exp(chains.log_step)), number)


class _Chains:
    """Chains side by side: where they are, and the metric and step of their trajectories."""

    def __init__(self, target: _Whitened, start: torch.Tensor) -> None:
        self.target = target
        self.log_step = 0.0
        self._go(start)

    def _go(self, theta: torch.Tensor) -> None:
        z = self.target.whitened(theta)
        self.state = (z, *self.target(z))

    @property
    def theta(self) -> torch.Tensor:
        """Where the chains are, (chains, D)."""
        return self.target.theta(self.state[0])

    def warm_up(self, effort: Effort, rng: np.random.Generator) -> None:
        """Find a metric from where the chains go, and a step size for it."""
        self.log_step, seen = float(np.log(effort.step)), []
        ends = [0, *effort.adaptations, effort.warmup]
        for start, end in itertools.pairwise(ends):
            seen += self.tune(end - start, effort, rng)
            if end < effort.warmup:
                self.adapt(torch.cat(seen[1:]))
                self.log_step = max(self.log_step, float(np.log(effort.step)))

    def tune(
        self, trajectories: int, effort: Effort, rng: np.random.Generator
    ) -> list[torch.Tensor]:
        """Fit the step size to the metric; return where the chains went."""
        seen = []
        for number in range(trajectories):
            chance = self.move(effort.leaps, rng)
            self.log_step += (chance - _WANTED_ACCEPTANCE) * 1.2 / (1 + number) ** 0.6
            seen.append(self.theta)
        return seen

    def adapt(self, states: torch.Tensor) -> None:
        """Take the metric from states theta (n, D)."""
        here = self.theta
        self.target = self.target.adapted(self.target.whitened(states))
        self._go(here)

    def round(
        self, effort: Effort, thinning: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.float64], float]:
        """Return every so manyth state, (chains, kept, D), and the mean acceptance."""
        kept, accepted = [], []
        for _ in range(effort.kept):
            accepted += [self.move(effort.leaps, rng) for _ in range(thinning)]
            kept.append(self.theta)
        return torch.stack(kept, 1).numpy(), float(np.mean(accepted))

    def move(self, leaps: int, rng: np.random.Generator) -> float:
        """Run one trajectory of each chain, and return the mean acceptance."""
        # One length for all trajectories could be a period of some direction.
        step = float(np.exp(self.log_step)) * (0.8 + 0.4 * rng.random())
        self.state, chance = _trajectory(self.target, self.state, step, leaps, rng)
        return chance


def _particles(
    target: _Whitened, tails: NDArray[np.float64], effort: Effort, seed: int
) -> tuple[torch.Tensor, float, float]:
    """Return starting points of the chains, Pareto k and the effective number of particles."""
    rng = stream(seed, "hierarchical", "particles")
    shape = (effort.particles, target.density.size)
    right = rng.random(shape) < tails[1] / tails.sum(axis=0)
    distance = np.abs(rng.standard_normal(shape))
    drawn = np.where(right, tails[1], -tails[0]) * distance
    value = target.density.value(target.phi(torch.as_tensor(drawn)))
    log_weights = value + 0.5 * (distance**2).sum(axis=1)
    log_weights[~np.isfinite(log_weights)] = -1e30
    weights, pareto_k = pareto_smoothed(log_weights)
    size = float(1 / (weights**2).sum())
    for power in _TEMPERATURES:
        tempered = np.exp(power * (log_weights - log_weights.max()))
        tempered /= tempered.sum()
        if 1 / (tempered**2).sum() >= effort.particles / 10:
            break
    places = (np.arange(effort.chains) + rng.random()) / effort.chains
    chosen = np.minimum(np.searchsorted(tempered.cumsum(), places), effort.particles - 1)
    return torch.as_tensor(drawn[rng.permutation(chosen)]), pareto_k, size


def _trajectory(
    target: _Whitened,
    state: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
    step: float,
    leaps: int,
    rng: np.random.Generator,
) -> tuple[tuple[torch.Tensor, torch.Tensor, torch.Tensor], float]:
    """Return the next state of each chain (place, log density, gradient), and acceptance."""
    z, value, slope = state
    momentum = torch.as_tensor(rng.standard_normal(tuple(z.shape)))
    before = value - 0.5 * (momentum**2).sum(1)
    place, v, g, p = _leapfrog(target, z, slope, momentum, step, leaps)
    after = torch.nan_to_num(v - 0.5 * (p**2).sum(1), nan=-1e30)
    chance = torch.exp(torch.clamp(after - before, max=0.0))
    moved = torch.as_tensor(rng.random(len(z))) < chance
    state = (
        torch.where(moved[:, None], place, z),
        torch.where(moved, v, value),
        torch.where(moved[:, None], g, slope),
    )
    return state, float(chance.mean())


def _leapfrog(
    target: _Whitened,
    z: torch.Tensor,
    slope: torch.Tensor,
    momentum: torch.Tensor,
    step: float,
    leaps: int,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return place, log density, gradient and momentum at the end of a trajectory."""
    momentum = momentum + 0.5 * step * slope
    for leap in range(leaps):
        z = z + step * momentum
        value, slope = target(z)
        momentum = momentum + (step if leap < leaps - 1 else 0.5 * step) * slope
    return z, value, slope, momentum
