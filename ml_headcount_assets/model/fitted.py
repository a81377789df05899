"""An estimator that has been fitted to a study: it draws companies, and can be fitted otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..compute.protocol import Compute, Progress
from .calibration import fit_annotators
from .deployed_verdicts import cvs_for_errors
from .estimators import Estimator
from .headcount import draw_headcounts
from .result import HeadcountResult
from .settings import EstimatorSettings
from .study_evidence import StudyEvidence

__all__ = ["Fitted"]


@dataclass(frozen=True)
class Fitted:
    """What an estimator has learned from a study, and from what.

    Attributes
    ----------
    estimator, evidence, settings, draws, seed
        As in `estimate_headcount`.
    fit
        The annotators' draws; None if they are part of the cohort's.
    cohort
        What all companies share.
    compute
        Where companies are drawn.
    """

    estimator: Estimator
    evidence: StudyEvidence
    settings: EstimatorSettings
    draws: int
    seed: int
    fit: Any
    cohort: Any
    compute: Compute | None = None

    @classmethod
    def of(
        cls,
        estimator: Estimator,
        evidence: StudyEvidence,
        settings: EstimatorSettings,
        *,
        draws: int,
        seed: int,
        compute: Compute | None = None,
        progress: Progress | None = None,
    ) -> Fitted:
        """Fit an estimator.

        Parameters
        ----------
        estimator, evidence, settings, draws, seed, compute
            As the attributes.
        progress
            Is told ``(done, total)``, once per stage.
        """
        run: dict[str, Any] = {"draws": draws, "seed": seed}
        run |= {"compute": compute, "progress": progress}
        fit = None
        if estimator.errors is not None:
            fit = fit_annotators(
                cvs_for_errors(
                    evidence.rated_cvs,
                    evidence.ratings,
                    evidence.annotators,
                    ratings_are_random=settings.ratings_are_random,
                ),
                evidence.annotators,
                settings,
                errors=estimator.errors,
                **run,
            )
        cohort = estimator.fit_cohort(fit, evidence, settings, **run)
        return cls(estimator, evidence, settings, draws, seed, fit, cohort, compute)

    def draw(self, progress: Progress | None = None) -> HeadcountResult:
        """Return the experts of all companies."""
        return draw_headcounts(
            self.fit,
            self.cohort,
            self.evidence,
            self.settings,
            estimator=self.estimator.name,
            draws=self.draws,
            seed=self.seed,
            compute=self.compute,
            progress=progress,
        )

    def otherwise(
        self,
        *,
        settings: EstimatorSettings | None = None,
        evidence: StudyEvidence | None = None,
        estimator: Estimator | None = None,
        draws: int | None = None,
    ) -> Fitted:
        """Return the same, fitted with other settings or to other evidence."""
        return Fitted.of(
            estimator or self.estimator,
            evidence or self.evidence,
            settings or self.settings,
            draws=draws or self.draws,
            seed=self.seed,
            compute=self.compute,
        )

    def without(self, annotators: Sequence[str]) -> StudyEvidence:
        """Return the evidence with some annotators left out of it."""
        return replace(
            self.evidence,
            annotators=tuple(
                replace(each, left_out=True) if each.name in annotators else each
                for each in self.evidence.annotators
            ),
        )
