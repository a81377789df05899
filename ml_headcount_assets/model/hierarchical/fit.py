"""What the cohort tells about annotators, prevalences and dispersion: joint posterior draws."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...errors import InputError
from ..annotators import Annotator
from .diagnostics import FitDiagnostics
from .instruments import Instruments
from .parameters import Hyperparameters, Layout
from .problem import CountRates

__all__ = ["HierarchicalFit"]

FloatArray = NDArray[np.float64]
_ARRAYS = ("theta", "rated", "near", "easy", "expert")


@dataclass(frozen=True)
class HierarchicalFit:
    """Joint posterior draws of everything that companies share; S states.

    Attributes
    ----------
    layout
        Annotators, cohorts, and where each parameter stands in theta.
    theta
        Parameter vectors, (S, D). Draw b of every company uses state b, and starts over after
        the last, so that draws are joint over companies.
    rated
        P(pattern | class) among rated CVs, non-experts first, (S, 2, 2**J).
    near, easy, expert
        P(pattern) among deployed near misses, easy people and experts by source of text (profiles
        first; a search of its own second), (S, sources, 2**J).
    mass
        Weights of the cohorts in the populations whose rates are parameters, (2, H).
    count_rates
        How often each cell of counts occurs, by cohort.
    diagnostics
        Whether to believe it.
    """

    layout: Layout
    theta: FloatArray
    rated: FloatArray
    near: FloatArray
    easy: FloatArray
    expert: FloatArray
    mass: FloatArray
    count_rates: CountRates
    diagnostics: FitDiagnostics

    @property
    def annotators(self) -> tuple[Annotator, ...]:
        """The J annotators of the likelihood, sorted by name."""
        return self.layout.instruments.kept

    @property
    def described(self) -> tuple[Annotator, ...]:
        """All annotators, sorted by name: the order of a pattern's characters in pattern tables."""
        return self.layout.instruments.annotators

    @property
    def states(self) -> int:
        """Number of states S."""
        return len(self.theta)

    @cached_property
    def patterns(self) -> NDArray[np.int8]:
        """The complete patterns of the last axis of the tables, (2**J, J)."""
        return self.layout.instruments.patterns

    def parameter(self, name: str) -> FloatArray:
        """Return one parameter's draws, (S, its size)."""
        return self.theta[:, self.layout.slices[name]]

    def cohort_number(self, cohort: str, company_id: str) -> int:
        """Return the number of a cohort.

        Raises
        ------
        InputError
            If no company of that cohort had evidence when the fit was made.
        """
        if cohort in self.layout.cohorts:
            return self.layout.cohorts.index(cohort)
        if len(self.layout.cohorts) == 1:
            return 0
        raise InputError(
            f"Company {company_id!r} is in cohort {cohort!r}, of which the fit knows nothing; "
            "fit the cohort again."
        )

    def beta(
        self, band: int, cohort: int, prior: tuple[float, float]
    ) -> tuple[FloatArray, FloatArray]:
        """Return logit mean and a + b of the prevalences of a kind of company, (S,) each."""
        mean = np.log(prior[0] / prior[1]) + self.parameter("band_shift")[:, band]
        log_size = np.log(sum(prior)) + self.parameter("band_concentration")[:, band]
        if len(self.layout.cohorts) > 1:
            scale = np.exp(self.parameter("log_cohort_scale")[:, 0])
            mean = mean + scale * self.parameter("cohort_shift")[:, cohort]
            log_size = log_size + 0.5 * scale * self.parameter("cohort_concentration")[:, cohort]
        return mean, np.exp(np.clip(log_size, -3.0, 14.0))

    def easy_centre(self, cohort: int) -> FloatArray:
        """Return the logit of the median share of easy people in a cohort, (S,)."""
        centre = self.parameter("easy")[:, 0]
        if len(self.layout.cohorts) > 1:
            scale = np.exp(self.parameter("log_cohort_scale")[:, 0])
            centre = centre + scale * self.parameter("cohort_easy")[:, cohort]
        return centre

    def summary(self, level: float = 0.8) -> dict[str, pd.DataFrame]:
        """Return ``rates`` of annotators and ``scales`` of drift, silence and dispersion."""
        from .summaries import annotator_rates, fit_scales

        return {"rates": annotator_rates(self, level), "scales": fit_scales(self, level)}

    def to_frame(self) -> pd.DataFrame:
        """Return one row per state, arrays flattened in row order; the first has the record."""
        frame = pd.DataFrame({"state": np.arange(self.states)})
        for name in _ARRAYS:
            frame[name] = getattr(self, name).reshape(self.states, -1).tolist()
        record = {
            "annotators": [asdict(a) for a in self.described],
            "kept": [a.name for a in self.annotators],
            "cohorts": self.layout.cohorts,
            "separate_search": self.layout.separate_search,
            "verdicts": self.layout.verdicts,
            "hyper": asdict(self.layout.hyper),
            "mass": self.mass.tolist(),
            "count_keys": self.count_rates.keys,
            "count_rates": self.count_rates.rates.tolist(),
            "diagnostics": self.diagnostics.to_record(),
        }
        # Python writes the shortest text that reads back as the same double.
        frame["record"] = [json.dumps(record), *[None] * (self.states - 1)]
        return frame

    @classmethod
    def from_frame(cls, frame: pd.DataFrame) -> HierarchicalFit:
        """Rebuild a fit from `to_frame`'s rows; exact to the last bit."""
        rows = frame.sort_values("state")
        record = json.loads(rows["record"].iloc[0])
        annotators = tuple(
            Annotator(a["name"], a["kind"], tuple(a["derived"])) for a in record["annotators"]
        )
        kept = tuple(a for a in annotators if a.name in record["kept"])
        hyper = Hyperparameters.from_record(record["hyper"])
        layout = Layout(
            Instruments(annotators, kept),
            tuple(record["cohorts"]),
            record["separate_search"],
            hyper,
            record.get("verdicts", False),  # fits of before there were any
        )
        patterns = 2 ** len(kept)
        shapes: dict[str, Sequence[int]] = {
            "theta": (layout.size,),
            "rated": (2, patterns),
            "near": (-1, patterns),
            "easy": (-1, patterns),
            "expert": (-1, patterns),
        }
        arrays = {
            name: np.array(rows[name].tolist(), dtype=float).reshape(len(rows), *shape)
            for name, shape in shapes.items()
        }
        keys = tuple(tuple(key) for key in record["count_keys"])
        rates = np.array(record["count_rates"], dtype=float).reshape(len(layout.cohorts), -1)
        return cls(
            layout,
            **arrays,
            mass=np.array(record["mass"], dtype=float),
            count_rates=CountRates(keys, rates),
            diagnostics=FitDiagnostics.from_record(record["diagnostics"]),
        )
