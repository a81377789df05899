"""The report: one HTML file with everything in it, to be opened without a network."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import jinja2
import pandas as pd
import plotly.graph_objects as go
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from ml_headcount_assets.compute.whole_file import whole_file
from ml_headcount_assets.figures.style import SIZE_BAND_LABELS
from ml_headcount_assets.model import ESTIMATORS, MODEL_VERSION
from ml_headcount_assets.study import Study
from ml_headcount_assets.wording import count, decimal, headcount, percent, share

from .results import StudyResults
from .study_figures import honest_filters, study_figures

__all__ = ["write_report"]

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


def write_report(
    results: StudyResults, study: Study, path: Path, *, truth: pd.DataFrame | None = None
) -> None:
    """Write the report; it appears when it is complete.

    Parameters
    ----------
    results
        What the study found.
    study
        The configuration that it was made with.
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
    environment.filters["count"] = count
    environment.filters["employees"] = headcount
    environment.filters["share"] = share
    environment.filters["bits"] = partial(decimal, digits=3)
    page = environment.get_template("report.html.j2").render(
        results=results,
        study=study,
        settings=study.settings(),
        model_version=MODEL_VERSION,
        level=percent(results.level),
        about={name: ESTIMATORS[name].about for name in results.estimators},
        total=results.totals().to_dict("records")[0],
        totals=results.totals().to_dict("records"),
        companies=results.headline.to_dict("records"),
        doubts=results.doubts(),
        drift=results.drift().to_dict("records"),
        budget=results.of_total("uncertainty_budget").to_dict("records"),
        moved=results.of_total("prior_sensitivity").to_dict("records"),
        rejects=results.reject_counts().to_dict("records"),
        flag_meanings=FLAG_MEANINGS,
        size_bands=SIZE_BAND_LABELS,
        filters=(filters := honest_filters(results.keywords)),
        filter_level=percent(filters[0]["level"]) if filters else "",
        figures={name: _embed(figure, name) for name, figure in study_figures(results, truth)},
        plotly=Markup(get_plotlyjs()),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as unfinished:
        unfinished.write_text(page, encoding="utf-8")


def _embed(figure: go.Figure, name: str) -> Markup:
    return Markup(
        figure.to_html(
            full_html=False,
            include_plotlyjs=False,
            div_id=f"figure-{name}",
            config={"responsive": True, "displayModeBar": False},
        )
    )
