"""Which figures a study's results are shown by."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from ml_headcount_assets import figures
from ml_headcount_assets.model.annotators import likelihood_annotators
from ml_headcount_assets.warehouse.records import annotators_of

from .results import StudyResults

__all__ = ["honest_filters", "study_figures"]


def study_figures(
    results: StudyResults, truth: pd.DataFrame | None = None
) -> Iterator[tuple[str, go.Figure]]:
    """Yield the figures by name; those that there is nothing to draw for are left out.

    Parameters
    ----------
    results
        What the study found.
    truth
        Simulated studies only: ``company_id, experts``.
    """
    yield (
        "companies",
        figures.headcount_forest(results.headline, results.companies, truth=truth),
    )
    yield "totals", figures.group_totals(results.of_headline(results.portfolio))
    if len(results.estimators) > 1:
        yield (
            "estimators",
            figures.estimators_side_by_side(results.intervals, results.companies),
        )
    yield "rates", figures.annotator_rates(results.of_headline(results.annotator_summary))
    correlations = results.of_headline(results.annotator_correlations)
    if len(correlations):
        yield "correlations", figures.error_correlations(correlations)
    checks = results.of_headline(results.predictive_checks)
    if len(checks):
        yield "checks", figures.pattern_check(checks, _pattern_names(checks, results.annotators))
    yield from _keyword_figures(results.keywords)


def _keyword_figures(keywords: Mapping[str, pd.DataFrame]) -> Iterator[tuple[str, go.Figure]]:
    if not keywords:
        return
    phrases, themes = keywords["keyword_phrases"], keywords["keyword_themes"]
    yield "phrases", figures.phrase_map(phrases, themes)
    if len(themes):
        yield "themes", figures.keyword_themes(themes)
    curves = keywords["keyword_precision_recall"]
    if curves["precision"].notna().any():
        yield "recall", figures.list_precision_recall(curves)
    made = {row["filter"] for row in honest_filters(keywords)}
    optimism = keywords["keyword_optimism"]
    if made:
        yield "optimism", figures.filter_optimism(optimism[optimism["filter"].isin(made)])
    if len(keywords["keyword_reach"]):
        yield "reach", figures.keyword_reach(keywords["keyword_reach"], phrases)


def honest_filters(keywords: Mapping[str, pd.DataFrame]) -> list[dict[Hashable, Any]]:
    """Return the filters that have phrases, judged on CVs that they have not seen."""
    if not keywords:
        return []
    found = keywords["keyword_filters_found"]
    honest = found[(found["judged"] == "cross_validated") & found["yes_terms"].map(len).gt(0)]
    return honest.sort_values("information", ascending=False).to_dict("records")


def _pattern_names(checks: pd.DataFrame, annotators: pd.DataFrame) -> list[str]:
    """Return the annotators in the order of a pattern's characters."""
    # Patterns over all annotators are those of a likelihood that keeps derived ones.
    everybody = bool((checks["pattern"].str.len() == len(annotators)).all())
    kept = likelihood_annotators(annotators_of(annotators), six_dimensional=everybody)
    return [annotator.name for annotator in kept]
