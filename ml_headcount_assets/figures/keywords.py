"""Discovered keywords: where they lie, what they are about, and how good filters of them are.

The figures show phrases that several CVs have, never a text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ml_headcount_assets.text.keywords import FILTERS, LISTS
from ml_headcount_assets.wording import how_many

from .style import FAINT, INK, MUTED, lay_out, shorten

__all__ = [
    "filter_optimism",
    "keyword_reach",
    "keyword_themes",
    "list_precision_recall",
    "phrase_map",
]

_EXPERTS, _OTHERS = "#0b4f8a", "#b35806"
#: From orange (others) over grey to blue (experts): distinct for all colour vision, and visible
#: on white.
_DIVERGING = [[0, _OTHERS], [0.3, "#f1a340"], [0.5, "#c9ced6"], [0.7, "#67a9cf"], [1, _EXPERTS]]
_JUDGED = {"cross_validated": "on CVs not learned on", "same_cvs": "on the CVs learned on"}
_STRICT, _BROAD = "#0072B2", "#D55E00"

#: Pixels of the map's drawing area that names of themes are laid out in.
_MAP_WIDTH, _MAP_HEIGHT = 900, 560
_NAME_HEIGHT, _LETTER_WIDTH = 18, 7.0
_MOST_NAMED = 20
_MOST_THEMES, _MOST_PHRASES = 20, 25


def phrase_map(phrases: pd.DataFrame, themes: pd.DataFrame) -> go.Figure:
    """Draw the phrases by the meaning that their embeddings give them.

    Parameters
    ----------
    phrases, themes
        Tables keyword_phrases and keyword_themes.
    """
    listed = phrases[list(LISTS)].any(axis=1)
    largest = max(1.0, float(phrases["log_odds"].abs().quantile(0.99)))
    figure = go.Figure()
    for on_list, label in ((False, "on no list"), (True, "on a list")):
        rows = phrases[listed == on_list]
        documents = (rows["experts"] + rows["others"]).to_numpy(dtype=float)
        figure.add_scatter(
            x=rows["x"],
            y=rows["y"],
            mode="markers",
            name=label,
            marker={
                "size": (1.6 if on_list else 1.1) * np.log2(1 + documents),
                "color": rows["log_odds"],
                "colorscale": _DIVERGING,
                "cmid": 0,
                "cmin": -largest,
                "cmax": largest,
                "opacity": 1 if on_list else 0.5,
                "line": {"color": INK if on_list else "white", "width": 1 if on_list else 0},
                "showscale": on_list,
                "colorbar": {
                    "title": {"text": "log odds<br>of experts"},
                    "outlinecolor": FAINT,
                    "thickness": 14,
                },
            },
            customdata=np.column_stack([rows["experts"], rows["others"], rows["z"]]),
            text=[shorten(each) for each in rows["phrase"]],
            hovertemplate=(
                "<b>%{text}</b><br>CVs of experts %{customdata[0]}, of others %{customdata[1]}"
                "<br>log odds %{marker.color:.2f}, z %{customdata[2]:.1f}<extra></extra>"
            ),
        )
    for x, y, name in _names_on_map(phrases, themes):
        figure.add_annotation(
            x=x,
            y=y,
            yshift=14,
            text=name,
            showarrow=False,
            font={"size": 12, "color": INK},
            bgcolor="rgba(255,255,255,0.75)",
            borderpad=0,
        )
    figure = lay_out(
        figure,
        "What the rated CVs speak of",
        "Phrases, near each other if they mean similar things; larger if more CVs have them."
        " In bold: themes",
        height=_MAP_HEIGHT + 150,
    )
    for axis in (figure.update_xaxes, figure.update_yaxes):
        axis(visible=False)
    figure.update_layout(legend={"itemsizing": "constant"})
    return figure


def _names_on_map(
    phrases: pd.DataFrame, themes: pd.DataFrame
) -> Iterator[tuple[float, float, str]]:
    """Yield texts with their places, as many as find room: themes, then the clearest phrases."""
    low, span = phrases[["x", "y"]].min(), np.ptp(phrases[["x", "y"]].to_numpy(), axis=0)
    scale = np.array([_MAP_WIDTH, _MAP_HEIGHT]) / np.where(span > 0, span, 1)
    taken: list[tuple[float, float, float]] = []
    for place, text, is_theme in _candidate_names(phrases, themes):
        name = shorten(text, 28)
        x, y = (place - low.to_numpy()) * scale
        half = (len(name) * _LETTER_WIDTH + 8) / 2
        x = float(np.clip(x, half, max(half, _MAP_WIDTH - half)))
        if any(abs(x - a) < half + b and abs(y - c) < _NAME_HEIGHT for a, b, c in taken):
            continue
        taken.append((x, half, y))
        shown = f"<b>{name}</b>" if is_theme else name
        yield float(low["x"] + x / scale[0]), float(low["y"] + y / scale[1]), shown


def _candidate_names(
    phrases: pd.DataFrame, themes: pd.DataFrame
) -> Iterator[tuple[np.ndarray, str, bool]]:
    """Yield places, texts and whether it is a theme: the most important first."""
    named = phrases.set_index("phrase")[["x", "y"]]
    for row in themes.sort_values(["n_phrases", "theme"], ascending=[False, True]).itertuples():
        yield named.loc[row.name].to_numpy(), row.name, True
    listed = phrases[phrases[list(LISTS)].any(axis=1) & ~phrases["phrase"].isin(themes["name"])]
    clearest = listed.sort_values("z", key=np.abs, ascending=False).head(_MOST_NAMED)
    for phrase in clearest["phrase"]:
        yield named.loc[phrase].to_numpy(), phrase, False


def keyword_themes(themes: pd.DataFrame) -> go.Figure:
    """Draw for which class each theme speaks.

    Parameters
    ----------
    themes
        Table keyword_themes; of many, the largest are drawn.
    """
    rows = themes.nlargest(_MOST_THEMES, "n_phrases").sort_values(["log_odds", "theme"])
    labels = [_two_lines(row) for row in rows.itertuples()]
    figure = go.Figure(
        go.Bar(
            x=rows["log_odds"],
            y=labels,
            orientation="h",
            width=0.55,
            marker={"color": np.where(rows["log_odds"] > 0, _EXPERTS, _OTHERS)},
            text=[how_many(number, "phrase") for number in rows["n_phrases"]],
            textposition="outside",
            cliponaxis=False,
            textfont={"size": 11, "color": MUTED},
            customdata=["<br>".join(map(shorten, list(each)[:12])) for each in rows["phrases"]],
            hovertemplate="%{customdata}<br>mean log odds %{x:.2f}<extra></extra>",
        )
    )
    number = "" if len(rows) == len(themes) else f" The {len(rows)} largest of {len(themes)}."
    figure = lay_out(
        figure,
        "Themes, and whom they speak for",
        f"Mean log odds of their phrases: above 0 in CVs of experts, below 0 of others.{number}",
        height=36 * len(rows) + 170,
    )
    ends = [min(0.0, rows["log_odds"].min()), max(0.0, rows["log_odds"].max())]
    room = 0.22 * (ends[1] - ends[0] or 1)
    figure.update_xaxes(
        title_text="log odds",
        range=[ends[0] - room * (ends[0] < 0), ends[1] + room * (ends[1] > 0)],
        zeroline=True,
        zerolinecolor=INK,
    )
    figure.update_yaxes(showline=False, ticks="")
    return figure


def _two_lines(row: object) -> str:
    """Return a theme's name, and below it some of its other phrases."""
    others = [phrase for phrase in row.phrases if phrase != row.name][:4]  # type: ignore[attr-defined]
    among = shorten(", ".join(others), 58)
    name = shorten(row.name)  # type: ignore[attr-defined]
    return f"<b>{name}</b><br><span style='font-size:11px;color:{MUTED}'>{among}</span>"


def list_precision_recall(curves: pd.DataFrame) -> go.Figure:
    """Draw precision against recall of saying so by how many phrases of a list a CV has.

    Parameters
    ----------
    curves
        Table keyword_precision_recall.
    """
    titles = ("yes lists: is an expert", "no lists: is not an expert")
    figure = make_subplots(
        rows=1, cols=2, shared_yaxes=True, horizontal_spacing=0.06, subplot_titles=titles
    )
    for name in LISTS:
        side, width = name.split("_")
        for judged, meaning in _JUDGED.items():
            rows = curves[(curves["list"] == name) & (curves["judged"] == judged)]
            rows = rows.dropna(subset=["precision", "recall"]).sort_values("threshold")
            colour = _STRICT if width == "strict" else _BROAD
            honest = judged == "cross_validated"
            figure.add_scatter(
                x=100 * rows["recall"],
                y=100 * rows["precision"],
                mode="lines+markers",
                name=f"{width}, {meaning}",
                legendgroup=f"{width} {judged}",
                showlegend=side == "yes",
                line={"color": colour, "dash": "solid" if honest else "dot", "width": 2},
                marker={
                    "color": colour if honest else "white",
                    "line": {"color": colour, "width": 1.5},
                    "size": 7,
                    "symbol": "circle" if width == "strict" else "square",
                },
                customdata=rows["threshold"],
                hovertemplate=(
                    "phrases: %{customdata} or more<br>precision %{y:.0f} %, recall %{x:.0f} %"
                    "<extra></extra>"
                ),
                row=1,
                col=1 + (side == "no"),
            )
    figure = lay_out(
        figure,
        "Precision and recall of the lists",
        "A point for each number of phrases that a CV must have: one at the right, then more",
        height=520,
    )
    # Two lines of legend, then the panels' titles.
    figure.update_layout(margin={"t": 142})
    figure.update_xaxes(title_text="recall (%)", range=[-2, 103])
    figure.update_yaxes(range=[None, 103], showgrid=True, gridcolor=FAINT)
    figure.update_yaxes(title_text="precision (%)", col=1)
    figure.update_annotations(font={"size": 13, "color": INK})
    return figure


@dataclass(frozen=True)
class _Measure:
    """How a measure of table keyword_optimism is drawn."""

    title: str
    factor: float
    form: str


_MEASURES: Mapping[str, _Measure] = {
    "sensitivity": _Measure("sensitivity (%)", 100, ".0f"),
    "specificity": _Measure("specificity (%)", 100, ".0f"),
    "youden": _Measure("sum of both − 100 (%)", 100, ".0f"),
    "information": _Measure("bits per CV", 1, ".3f"),
}


def filter_optimism(optimism: pd.DataFrame) -> go.Figure:
    """Draw how much better filters look on the CVs that they were learned on.

    Parameters
    ----------
    optimism
        Table keyword_optimism.
    """
    names = [name for name in FILTERS if name in set(optimism["filter"])][::-1]
    labels = [_filter_label(name) for name in names]
    figure = make_subplots(rows=1, cols=len(_MEASURES), shared_yaxes=True, horizontal_spacing=0.045)
    for column, (name, measure) in enumerate(_MEASURES.items(), start=1):
        rows = optimism[optimism["measure"] == name].set_index("filter").reindex(names)
        same, honest = (measure.factor * rows[each] for each in ("same_cvs", "cross_validated"))
        lines_x = np.column_stack([same, honest, np.full(len(rows), np.nan)]).ravel()
        figure.add_scatter(
            x=lines_x,
            y=np.repeat(labels, 3),
            mode="lines",
            line={"color": "#aab2bd", "width": 3},
            hoverinfo="skip",
            showlegend=False,
            row=1,
            col=column,
        )
        for values, judged, symbol, colour in (
            (same, "same_cvs", "circle-open", _BROAD),
            (honest, "cross_validated", "circle", _STRICT),
        ):
            figure.add_scatter(
                x=values,
                y=labels,
                mode="markers",
                name=_JUDGED[judged],
                legendgroup=judged,
                showlegend=column == 1,
                marker={
                    "symbol": symbol,
                    "size": 10,
                    "color": colour,
                    "line": {"width": 2, "color": colour},
                },
                hovertemplate="%{y}<br>%{x:" + measure.form + "}<extra></extra>",
                row=1,
                col=column,
            )
        figure.update_xaxes(title_text=measure.title, nticks=5, row=1, col=column)
    figure = lay_out(
        figure,
        "What judging a filter on its own CVs pretends",
        "How a filter looks on the CVs that it was learned on, and how it does on others",
        height=40 * len(names) + 200,
    )
    figure.update_yaxes(range=[-0.6, len(names) - 0.4], showgrid=True, gridcolor=FAINT)
    return figure


def _filter_label(name: str) -> str:
    """Return what a filter is made of, in words."""
    if name not in FILTERS:
        return shorten(name)
    parts = FILTERS[name]
    return f"{parts.yes} yes" + (f", {parts.no} no" if parts.no else "")


def keyword_reach(reach: pd.DataFrame, phrases: pd.DataFrame) -> go.Figure:
    """Draw on how many deployed profiles, in how many companies, phrases and filters would fire.

    Parameters
    ----------
    reach, phrases
        Tables keyword_reach and keyword_phrases; of many phrases, those with most profiles are
        drawn.
    """
    filters = reach[reach["kind"] == "filter"]
    filters = filters.assign(label=[f"<b>{_filter_label(name)}</b>" for name in filters["name"]])
    found = reach[reach["kind"] == "phrase"].merge(
        phrases[["phrase", *LISTS]], left_on="name", right_on="phrase"
    )
    found = found.assign(label=[shorten(name) for name in found["name"]])
    found = found.nlargest(_MOST_PHRASES, "profiles").sort_values(["profiles", "name"])
    speaks_for = found["yes_strict"] | found["yes_broad"]
    figure = make_subplots(rows=1, cols=2, shared_yaxes=True, horizontal_spacing=0.09)
    kinds = (
        (found[~speaks_for], "phrase of a no list", _OTHERS),
        (found[speaks_for], "phrase of a yes list", _EXPERTS),
        (filters.sort_values(["profiles", "name"]), "filter", "#009E73"),
    )
    for rows, label, colour in kinds:
        of_companies = 100 * rows["companies"] / rows["of_companies"]
        for column, values in ((1, 100 * rows["share"]), (2, of_companies)):
            counts = rows["profiles" if column == 1 else "companies"]
            figure.add_bar(
                x=values,
                y=rows["label"],
                orientation="h",
                name=label,
                legendgroup=label,
                showlegend=column == 1,
                marker={"color": colour},
                text=[f"{count:,}" for count in counts],
                textposition="outside",
                cliponaxis=False,
                textfont={"size": 11, "color": MUTED},
                customdata=[_most_in(row) for row in rows.itertuples()],
                hovertemplate="%{y}<br>%{x:.2f} %<br>%{customdata}<extra></extra>",
                row=1,
                col=column,
            )
    order = [*found["label"], *filters.sort_values(["profiles", "name"])["label"]]
    number = len(reach) - len(filters)
    some = (
        ""
        if len(found) == number
        else f"; of {how_many(number, 'phrase')} the {len(found)} most frequent"
    )
    figure = lay_out(
        figure,
        "What phrases and filters would do to the profiles",
        f"Share of the profiles and of the companies on which they fire, with numbers{some}",
        height=24 * len(order) + 210,
    )
    figure.update_yaxes(categoryorder="array", categoryarray=order, showline=False, ticks="")
    for column, of in ((1, "profiles"), (2, "companies")):
        top = 100 * max([0.001, *_shares(reach, of)])
        figure.update_xaxes(title_text=f"of the {of} (%)", range=[0, 1.18 * top], col=column)
    figure.update_layout(bargap=0.3, barmode="overlay")
    return figure


def _shares(reach: pd.DataFrame, of: str) -> list[float]:
    return (reach[of] / reach[f"of_{of}"]).tolist()


def _most_in(row: object) -> str:
    """Return the companies in which a phrase or filter fires most."""
    pairs = zip(row.top_companies, row.top_profiles, strict=True)  # type: ignore[attr-defined]
    most = ", ".join(f"{shorten(company, 24)} ({number:,})" for company, number in pairs)
    return f"most in {most}" if most else "in none"
