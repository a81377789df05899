"""How the evidence of a company leads to its estimate, told anew from what is published."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from ml_headcount_assets.compute.engine import Engine
from ml_headcount_assets.compute.local import products_in_one_thread
from ml_headcount_assets.errors import InputError
from ml_headcount_assets.figures.catalogue import NothingToDrawError
from ml_headcount_assets.model import ESTIMATORS, Annotator, AnnotatorFit, StudyEvidence
from ml_headcount_assets.model.annotators import likelihood_annotators
from ml_headcount_assets.model.estimators import DrawCompany
from ml_headcount_assets.model.waterfall import company_waterfall
from ml_headcount_assets.study import Study
from ml_headcount_assets.warehouse.records import company_table, used_annotators_of

from .results import StudyResults

__all__ = ["CompanySteps"]

_NEEDED = ("companies", "company_counts", "pattern_counts")


@dataclass(frozen=True)
class CompanySteps:
    """Tells the steps from any company's prior to its estimate; see `company_waterfall`.

    Companies are drawn again from the published fits, with the published settings, so that the
    last step has the very numbers of table headcount_intervals.

    Parameters
    ----------
    results
        What the study found.
    draws
        How many draws the steps before the last are of; None for as many as are published. The
        first few of them are a sample of all.
    """

    results: StudyResults
    draws: int | None = None

    def __call__(self, company: str) -> pd.DataFrame:
        """Return the steps of a company, by its partition key.

        Raises
        ------
        NothingToDrawError
            No run has been published, or there are no such steps.
        """
        evidence = self._evidence(company)
        own = self._published.loc[company]
        quick = self.draws is not None and self.draws < len(own)
        kept = likelihood_annotators(
            evidence.described, six_dimensional=self._study.settings().six_dimensional
        )
        try:
            with products_in_one_thread():
                return company_waterfall(
                    self._draw,
                    evidence.assess(self._study.settings())[0],
                    [each.name for each in kept],
                    self.results.level,
                    estimate=own if quick else None,
                )
        except InputError as reason:
            raise NothingToDrawError(str(reason)) from reason

    def _evidence(self, company: str) -> StudyEvidence:
        own = {
            name: rows[rows["company"] == company]
            for name in ("companies", "company_counts", "pattern_counts", "deployed_ratings")
            if (rows := self._tables[name]) is not None
        }
        return StudyEvidence(
            self._annotators,
            own["pattern_counts"],
            company_table(own["companies"], own["company_counts"]),
            ratings=own.get("deployed_ratings"),
        )

    @cached_property
    def _tables(self) -> Mapping[str, pd.DataFrame | None]:
        needed = {name: _table(self.results, name) for name in _NEEDED}
        return {**needed, "deployed_ratings": self.results.read("deployed_ratings")}

    @cached_property
    def _published(self) -> pd.Series:
        """The published draws of the headline, by company."""
        rows = self.results.of_headline(_table(self.results, "headcount_draws"))
        return rows.set_index("company")["draws"]

    @cached_property
    def _study(self) -> Study:
        return _study(_table(self.results, "runs"))

    @cached_property
    def _annotators(self) -> tuple[Annotator, ...]:
        used = _table(self.results, "annotator_use")
        return used_annotators_of(_table(self.results, "annotators"), used)

    @cached_property
    def _draw(self) -> DrawCompany:
        """What draws a company by the headline estimator's published fit."""
        estimator = ESTIMATORS[self.results.headline_estimator]
        if estimator.predict is None:
            raise NothingToDrawError(f"{estimator.name} has no steps from a prior to an estimate")
        fit = None
        if estimator.errors is not None:
            rows = self.results.of_headline(_table(self.results, "annotator_fit"))
            fit = AnnotatorFit.from_frame(rows, self._annotators)
        kept = self.results.of_headline(_table(self.results, estimator.kept_in))
        published = len(self._published.iloc[0])
        return estimator.drawer(
            fit,
            estimator.read_cohort(kept),
            self._study.settings(),
            draws=min(published, self.draws or published),
            seed=self._study.seed,
            engine=Engine().settle(),
        )


def _study(runs: pd.DataFrame) -> Study:
    last = runs.sort_values("finished").iloc[-1]
    return Study.model_validate({"directory": Path(), **json.loads(last["settings"])})


def _table(results: StudyResults, name: str) -> pd.DataFrame:
    rows = results.read(name)
    if rows is None:
        raise NothingToDrawError(f"there is no table {name} among the results")
    return rows
