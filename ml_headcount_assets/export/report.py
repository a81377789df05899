"""The report: one HTML file with everything in it, to be opened without a network."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
import plotly.graph_objects as go
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from ml_headcount_assets import figures
from ml_headcount_assets.figures.style import SIZE_BAND_LABELS, headcount_in_words, percent
from ml_headcount_assets.model import MODEL_VERSION
from ml_headcount_assets.model.annotators import likelihood_annotators
from ml_headcount_assets.warehouse.records import annotators_of

from .results import StudyResults

__all__ = ["write_report"]

_MISSING = "–"

#: What each flag means, for readers of the report.
FLAG_MEANINGS = {
    "headcount_missing": "The company table has no headcount; the estimate covers the seen profiles"
    " only, and without profiles there is none.",
    "headcount_band": "The headcount is known as a band only; it was drawn from the band in each"
    " draw.",
    "headcount_not_positive": "The headcount is zero or negative and was set aside.",
    "more_profiles_than_headcount": "More labelled profiles than employees; the number of profiles"
    " was taken as the headcount.",
    "more_hits_than_headcount": "More keyword hits than employees; hits were cut to the headcount.",
    "few_profiles": "Too few profiles for so many employees; the keyword counts were used instead"
    " if there are any.",
}


def write_report(results: StudyResults, path: Path, *, truth: pd.DataFrame | None = None) -> None:
    """Write the report; it appears when it is complete.

    Parameters
    ----------
    results
        What the study found.
    path
        The HTML file; replaced if it is there.
    truth
        Simulated studies only: ``company_id, experts``, drawn beside the estimates.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("ml_headcount_assets.export", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["count"] = _count
    environment.filters["employees"] = headcount_in_words
    environment.filters["share"] = _share
    environment.filters["bits"] = _bits
    page = environment.get_template("report.html.j2").render(
        results=results,
        study=results.study,
        settings=results.study.settings(),
        model_version=MODEL_VERSION,
        level=percent(results.study.level),
        total=results.totals().iloc[0],
        totals=results.totals().to_dict("records"),
        companies=results.headline.to_dict("records"),
        rejects=results.reject_counts().to_dict("records"),
        flag_meanings=FLAG_MEANINGS,
        size_bands=SIZE_BAND_LABELS,
        filters=_filters(results.keywords),
        figures={name: _embed(figure, name) for name, figure in _figures(results, truth)},
        plotly=Markup(get_plotlyjs()),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.write_text(page, encoding="utf-8")
    unfinished.replace(path)


def _figures(results: StudyResults, truth: pd.DataFrame | None) -> Iterator[tuple[str, go.Figure]]:
    """Yield the figures by name; those that there is nothing to draw for are left out."""
    level = results.study.level
    yield (
        "companies",
        figures.headcount_forest(results.headline, results.companies, level=level, truth=truth),
    )
    yield "totals", figures.group_totals(results.of_headline(results.portfolio), level=level)
    if len(results.study.estimators) > 1:
        yield (
            "estimators",
            figures.estimators_side_by_side(results.intervals, results.companies, level=level),
        )
    yield (
        "rates",
        figures.annotator_rates(results.of_headline(results.annotator_summary), level=level),
    )
    correlations = results.of_headline(results.annotator_correlations)
    if len(correlations):
        yield "correlations", figures.error_correlations(correlations, level=level)
    checks = results.of_headline(results.predictive_checks)
    if len(checks):
        yield "checks", figures.pattern_check(checks, _pattern_names(results), level=level)
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
    made = {row["filter"] for row in _filters(keywords)}
    optimism = keywords["keyword_optimism"]
    if made:
        yield "optimism", figures.filter_optimism(optimism[optimism["filter"].isin(made)])
    if len(keywords["keyword_reach"]):
        yield "reach", figures.keyword_reach(keywords["keyword_reach"], phrases)


def _filters(keywords: Mapping[str, pd.DataFrame]) -> list[dict[Hashable, Any]]:
    """Return the filters that have phrases, judged on CVs that they have not seen."""
    if not keywords:
        return []
    found = keywords["keyword_filters_found"]
    honest = found[(found["judged"] == "cross_validated") & found["yes_terms"].map(len).gt(0)]
    return honest.sort_values("information", ascending=False).to_dict("records")


def _pattern_names(results: StudyResults) -> list[str]:
    """Return the annotators in the order of a pattern's characters."""
    kept = likelihood_annotators(
        annotators_of(results.annotators),
        six_dimensional=results.study.settings().six_dimensional,
    )
    return [annotator.name for annotator in kept]


def _embed(figure: go.Figure, name: str) -> Markup:
    return Markup(
        figure.to_html(
            full_html=False,
            include_plotlyjs=False,
            div_id=f"figure-{name}",
            config={"responsive": True, "displayModeBar": False},
        )
    )


def _count(value: float) -> str:
    return _MISSING if pd.isna(value) else f"{value:,.0f}"


def _share(value: float) -> str:
    return _MISSING if pd.isna(value) else f"{100 * value:.2g} %"


def _bits(value: float) -> str:
    return _MISSING if pd.isna(value) else f"{value:.3f}"
