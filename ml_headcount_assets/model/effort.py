"""How much work the sampler does."""

from __future__ import annotations

from dataclasses import dataclass, fields

from ..errors import InputError

__all__ = ["Effort"]


@dataclass(frozen=True)
class Effort:
    """How much work the sampler does.

    Attributes
    ----------
    look, search
        Iterations from each of the two starts, and from the better one.
    particles
        Of the importance sample.
    chains, warmup, kept
        Chains side by side, and trajectories before and after the step size is fixed. There are
        chains times kept joint draws; estimates with more draws use them again in turn.
    rounds
        Most rounds of kept trajectories; a further one, thinned by its number, follows only if
        the chains of the last disagree.
    leaps
        Gradients per trajectory.
    step
        First step size, in standard deviations of the Laplace approximation.
    """

    look: int = 25
    search: int = 150
    particles: int = 200
    chains: int = 40
    warmup: int = 9
    kept: int = 15
    rounds: int = 3
    leaps: int = 8
    step: float = 0.3

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value <= 0 or (field.type == "int" and value != int(value)):
                raise InputError(f"effort: {field.name} must be a positive number, not {value!r}.")

    @property
    def adaptations(self) -> tuple[int, ...]:
        """Trajectories after which the metric is taken from the states so far."""
        return tuple(n for n in (self.warmup // 3, 2 * self.warmup // 3) if n > 1)
