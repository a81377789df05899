"""How the fit went, as a record that prints."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from ...wording import how_many

__all__ = ["FitDiagnostics"]


@dataclass(frozen=True)
class FitDiagnostics:
    """What the sampler and the optimiser report.

    Attributes
    ----------
    log_density, start_gap
        Log posterior at the mode, and by how much the other start ended below it.
    rival
        That difference if the other start ended at a mode of its own, else None.
    evaluations
        Gradients taken on the way to the mode.
    pareto_k, particle_size
        Of the importance sample around the mode: tail index and effective number of particles.
    acceptance, step, rounds
        Of the Hamiltonian trajectories; a second or third round of chains was needed if the first
        had not mixed.
    rhat, effective_size
        Rank-normalised split R-hat and effective sample size of each of `quantities`.
    states
        Joint draws.
    companies, profiles, counted
        Companies with evidence, their profiles, and companies with counts.
    rated
        Rated non-experts and experts.
    separate_search
        Whether hits of a search are an instrument of its own.
    instrument_rates
        By annotator, share of hits and share of profiles on which it fires, where both are known.
    verdicts
        Deployed profiles that people have rated.
    """

    log_density: float
    start_gap: float
    rival: float | None
    evaluations: int
    pareto_k: float
    particle_size: float
    acceptance: float
    step: float
    rounds: int
    rhat: dict[str, float]
    effective_size: dict[str, float]
    states: int
    companies: int
    profiles: int
    counted: int
    rated: tuple[int, int]
    separate_search: bool
    instrument_rates: dict[str, tuple[float, float]] = field(default_factory=dict)
    verdicts: int = 0

    @property
    def worst_rhat(self) -> tuple[str, float]:
        """The quantity that mixes worst, and its R-hat."""
        name = max(self.rhat, key=self.rhat.__getitem__)
        return name, self.rhat[name]

    @property
    def least_effective(self) -> tuple[str, float]:
        """The quantity with the smallest effective size, and that size."""
        name = min(self.effective_size, key=self.effective_size.__getitem__)
        return name, self.effective_size[name]

    def __str__(self) -> str:
        """Return a few lines."""
        worst, rhat = self.worst_rhat
        least, size = self.least_effective
        source = "an instrument of its own" if self.separate_search else "as the profiles' labels"
        return "\n".join(
            [
                f"{how_many(self.companies, 'company')} with evidence,"
                f" {how_many(self.profiles, 'profile')}, "
                f"{how_many(self.counted, 'company')} with counts;"
                f" {how_many(self.rated[1], 'rated expert')} and "
                f"{how_many(self.rated[0], 'other')}; hits of a search are read {source}",
                f"mode: {self.evaluations} evaluations, other start {self.start_gap:.1f} below",
                f"importance sample: Pareto k {self.pareto_k:.2f}, "
                f"{self.particle_size:.0f} effective particles",
                f"trajectories: {self.states} states of round {self.rounds}, acceptance "
                f"{self.acceptance:.2f}, largest "
                f"R-hat {rhat:.2f} ({worst}), smallest effective size {size:.0f} ({least})",
            ]
        )

    def to_record(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> FitDiagnostics:
        """Rebuild from `to_record`'s values."""
        rates = {name: tuple(pair) for name, pair in record["instrument_rates"].items()}
        return cls(**{**record, "rated": tuple(record["rated"]), "instrument_rates": rates})
