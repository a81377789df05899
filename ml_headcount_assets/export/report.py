"""The report: one HTML file with everything in it, to be opened without a network."""

from __future__ import annotations

import html
import json
import re
from functools import partial
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pandas as pd
import plotly.graph_objects as go
from markupsafe import Markup
from plotly.io.json import to_json_plotly
from plotly.offline import get_plotlyjs

from ml_headcount_assets.compute.whole_file import whole_file
from ml_headcount_assets.figures.catalogue import FAMILIES, StudyFigure
from ml_headcount_assets.figures.style import SIZE_BAND_LABELS
from ml_headcount_assets.model import ESTIMATORS, MODEL_VERSION
from ml_headcount_assets.model.flags import FLAG_MEANINGS
from ml_headcount_assets.model.result import CONFIDENCES
from ml_headcount_assets.study import Study
from ml_headcount_assets.wording import count, decimal, headcount, how_many, percent, share

from .company_pages import company_pages
from .results import StudyResults
from .study_figures import StudyFigures, honest_filters, study_figures, waterfalls

__all__ = ["write_report"]

#: How many rows of a figure's numbers the page has; the rest is in the exported tables.
_ROWS = 30
#: Of how many of the largest companies the steps from prior to estimate are drawn: each is drawn
#: anew half a dozen times, which takes up to half a second.
_WATERFALLS, _WATERFALL_DRAWS = 24, 200
#: Columns that say nothing to a reader who sees the others.
_HIDDEN = ("company", "estimator", "level")


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
    page = (
        _environment()
        .get_template("report.html.j2")
        .render(
            **_headline(results, study),
            **_figures(study_figures(results, truth)),
            **_provenance(results),
            truth_known=truth is not None,
            companies=results.headline.to_dict("records"),
            confidences=CONFIDENCES,
            drift=results.drift().to_dict("records"),
            budget=results.of_total("uncertainty_budget").to_dict("records"),
            moved=results.of_total("prior_sensitivity").to_dict("records"),
            rejects=results.reject_counts().to_dict("records"),
            nowhere=results.headquarters_without_country(),
            flag_meanings=FLAG_MEANINGS,
            size_bands=SIZE_BAND_LABELS,
            filters=(filters := honest_filters(results.keywords)),
            filter_level=percent(filters[0]["level"]) if filters else "",
            pages=_as_json(json.dumps(_pages(results), ensure_ascii=False)),
            plotly=Markup(get_plotlyjs()),
        )
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as unfinished:
        unfinished.write_text(page, encoding="utf-8")


def _pages(results: StudyResults) -> dict[str, Any]:
    """Return the companies' pages, those of the largest with how their evidence led there."""
    known = results.headline.loc[results.headline["evidence"] != "none", "company"]
    drawn = waterfalls(results, known.head(_WATERFALLS), _WATERFALL_DRAWS)
    shown = {company: _waterfall(figure) for company, figure in drawn}
    return company_pages(results, FLAG_MEANINGS, shown)


def _waterfall(figure: StudyFigure) -> dict[str, Any]:
    picture, _, how = _headless(figure.figure)
    steps = figure.numbers[["step", "people", "low", "median", "high"]]
    return {
        "title": figure.title,
        "alt": figure.alt,
        "how": how,
        "steps": steps.to_numpy(object).tolist(),
        **json.loads(to_json_plotly(picture)),
    }


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("ml_headcount_assets.export", "page"),
        autoescape=jinja2.select_autoescape(
            default_for_string=True, enabled_extensions=("html.j2",)
        ),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "count": count,
        "employees": headcount,
        "how_many": how_many,
        "share": share,
        "bits": partial(decimal, digits=3),
        "there": lambda value: "" if pd.isna(value) else str(value),
        "order": lambda value: "" if pd.isna(value) else repr(float(value)),
    }
    return environment


def _headline(results: StudyResults, study: Study) -> dict[str, Any]:
    """Return what the first lines say, and by which choices it came about."""
    known = results.headline[results.headline["evidence"] != "none"]
    return {
        "results": results,
        "study": study,
        "settings": study.settings(),
        "model_version": MODEL_VERSION,
        "level": percent(results.level),
        "about": {name: ESTIMATORS[name].about for name in results.estimators},
        "total": results.totals().to_dict("records")[0],
        "totals": results.totals().to_dict("records"),
        "sized": results.total_of_known_headcount(),
        "profiles": int(known["n_profiles"].sum()),
        "with_profiles": int((known["evidence"] == "profiles").sum()),
        "with_counts": int((known["evidence"] == "aggregates").sum()),
        "doubts": results.doubts(),
        "warnings": results.warnings(),
    }


def _figures(figures: StudyFigures) -> dict[str, Any]:
    """Return the families that have figures, each figure with its number."""
    numbers = {figure.name: number for number, figure in enumerate(figures.drawn, start=1)}
    return {
        "families": [
            {
                "name": name,
                "heading": heading,
                "figures": [_shown(figure, numbers[figure.name]) for figure in own],
            }
            for name, heading in FAMILIES.items()
            if (own := figures.of_family(name))
        ],
        "left_out": figures.left_out,
    }


def _shown(figure: StudyFigure, number: int) -> dict[str, Any]:
    lists = [name for name in figure.numbers if figure.numbers[name].map(_is_list).any()]
    rows = figure.numbers.drop(columns=[*lists, *_HIDDEN], errors="ignore")
    picture, what, how = _headless(figure.figure)
    return {
        "name": figure.name,
        "number": number,
        "title": figure.title,
        "alt": figure.alt,
        "what": what,
        "how": how,
        "height": int(picture["layout"]["height"]),
        "json": _as_json(to_json_plotly(picture)),
        "columns": [str(name).replace("_", " ") for name in rows],
        "rows": [
            [_written(cell) for cell in row] for row in rows.head(_ROWS).itertuples(index=False)
        ],
        "more": max(0, len(rows) - _ROWS),
    }


def _headless(figure: go.Figure) -> tuple[dict[str, Any], str, str]:
    """Return a figure without its headings, and these: the page writes them, and breaks lines."""
    title, content = figure.layout.title, figure.to_plotly_json()
    what, how = (
        re.sub(r"<[^>]+>", " ", text or "").strip() for text in (title.text, title.subtitle.text)
    )
    legend = any("showlegend" in t and t.showlegend is not False and t.name for t in figure.data)
    layout = dict(content["layout"])
    del layout["title"]
    saved = layout["margin"]["t"] - (42 if legend else 14)
    layout["margin"] = {**layout["margin"], "t": layout["margin"]["t"] - saved}
    layout["legend"] = {**layout.get("legend", {}), "y": 1}
    layout["height"] -= saved
    return {**content, "layout": layout}, html.unescape(what), html.unescape(how)


def _is_list(value: object) -> bool:
    return isinstance(value, list | tuple | np.ndarray)


def _written(value: Any) -> str:
    if pd.isna(value):
        return ""
    if isinstance(value, float):
        return count(value) if value.is_integer() else f"{value:,.4g}"
    return str(value)


def _provenance(results: StudyResults) -> dict[str, Any]:
    """Return by which run the results were published, from what, and what its checks found."""
    runs, checks = results.read("runs"), results.read("checks")
    run = None
    if runs is not None and len(runs):
        run = runs.sort_values("finished").iloc[-1].to_dict()
    return {
        "run": run,
        "inputs": json.loads(run["inputs"]) if run else {},
        "checks": [] if checks is None else checks.to_dict("records"),
    }


def _as_json(text: str) -> Markup:
    """Return JSON that ends no script, whatever it says."""
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028"))
