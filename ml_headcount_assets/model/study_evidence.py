"""What a study has to go on, once there are counts instead of people."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from ..errors import ComputeError
from .annotators import Annotator, likelihood_annotators
from .evidence import CompanyEvidence, assess_companies
from .settings import EstimatorSettings

__all__ = ["StudyEvidence"]


@dataclass(frozen=True)
class StudyEvidence:
    """Tables of a study, or of some of its companies.

    Attributes
    ----------
    annotators
        All of them.
    pattern_counts
        ``company_id``, ``pattern`` over all annotators sorted by name, ``n_profiles``.
    companies
        ``company_id``, ``headcount``, and what else `assess_companies` takes.
    rated
        Rated CVs: ``is_expert`` and one column per annotator. None where all that they tell is
        in a fit already.
    ratings
        Verdicts about deployed profiles: ``company_id``, ``pattern`` as above, ``yes``, ``no``,
        ``n_profiles`` (`deployed_verdicts`); None if nobody has rated any.
    """

    annotators: tuple[Annotator, ...]
    pattern_counts: pd.DataFrame
    companies: pd.DataFrame
    rated: pd.DataFrame | None = None
    ratings: pd.DataFrame | None = None

    @cached_property
    def described(self) -> tuple[Annotator, ...]:
        """All annotators, sorted by name: the order of a pattern's characters."""
        return tuple(sorted(self.annotators, key=lambda annotator: annotator.name))

    @property
    def rated_cvs(self) -> pd.DataFrame:
        """The rated CVs.

        Raises
        ------
        ComputeError
            They have been left out.
        """
        if self.rated is None:
            raise ComputeError("A fit needs the rated CVs, and they have been left out.")
        return self.rated

    def assess(self, settings: EstimatorSettings) -> list[CompanyEvidence]:
        """Return each company's evidence; see `assess_companies`."""
        kept = likelihood_annotators(self.described, six_dimensional=settings.six_dimensional)
        return assess_companies(
            self.pattern_counts, self.companies, self.described, kept, settings, self.ratings
        )

    def kinds(self, settings: EstimatorSettings) -> list[str]:
        """Return which kind of evidence each company has, as `CompanyEvidence.evidence`."""
        return [company.evidence for company in self.assess(settings)]
