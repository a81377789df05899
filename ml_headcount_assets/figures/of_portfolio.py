"""Views of all companies together: totals, how they are spread, how they have moved."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ..model.result import CONFIDENCES
from ..wording import count, decimal, how_many, interval, percent, share
from .catalogue import Drawn, Found, NothingToDrawError, View
from .count_axis import add_count_axis
from .marks import BLUE, ORANGE, add_bars, add_count_intervals, name_axis
from .of_companies import joint_draws
from .portfolio import group_totals
from .style import (
    MUTED,
    SIZE_BAND_LABELS,
    by_other_estimators,
    estimator_mark,
    lay_out,
    shorten,
)
from .world import add_land, place_of, projected

__all__ = ["VIEWS"]

_GROUPS = 25
#: On the map: countries with a name, and pixels across the largest disc.
_NAMED, _LARGEST_DISC = 6, 70
_MOST = {
    "cohort": "Most are in the cohort",
    "size_band": "Most are in companies of the size",
    "country": "Most are in companies based in",
    "subregion": "Most are in companies based in",
    "confidence": "Most are in companies whose experts are",
}
_BAND = "rgba(0,114,178,0.25)"


def _totals(found: Found) -> Drawn:
    rows = found.of_headline("portfolio_intervals")
    total = _all(rows)
    return Drawn(
        f"{how_many(total['median'], 'expert')} in {how_many(total['companies'], 'company')}"
        f" ({interval(total['low'], total['high'])})",
        "Totals with intervals: of all companies, by cohort, by size and by country.",
        rows,
        group_totals(rows),
    )


def _all(rows: pd.DataFrame) -> pd.Series:
    total = rows[rows["grouping"] == "all"].iloc[0]
    if not total["companies"]:
        raise NothingToDrawError("no company has evidence")
    return total


def _by(grouping: str, what: str, title: str) -> View:
    def draw(found: Found) -> Drawn:
        rows = found.of_headline("portfolio_intervals")
        rows = rows[(rows["grouping"] == grouping) & rows["median"].notna()]
        if len(rows) < 2:
            raise NothingToDrawError(f"companies are of fewer than two {what}")
        rows = rows.sort_values("median", ascending=False)
        if grouping == "confidence":
            rows = rows.sort_values("group_name", key=lambda n: n.map(list(CONFIDENCES).index))
        if grouping == "size_band":
            rows = rows.sort_values("group_name", key=lambda n: n.map(list(SIZE_BAND_LABELS).index))
        rows = rows.head(_GROUPS).reset_index(drop=True)
        names = SIZE_BAND_LABELS if grouping == "size_band" else {}
        called = [names.get(name, name) for name in rows["group_name"]]
        figure = go.Figure()
        add_count_intervals(figure, rows, range(len(rows)), level=found.level)
        labels = [
            f"{shorten(name)} ({count(companies)})"
            for name, companies in zip(called, rows["companies"], strict=True)
        ]
        name_axis(figure, labels)
        lay_out(
            figure,
            title,
            f"Median and {percent(found.level)} interval of the sum. In brackets: companies",
            height=25 * len(rows) + 180,
        )
        told = rows[rows["group_name"] != "unknown"]
        most = (told if len(told) else rows)["median"].idxmax()
        top = rows.loc[most]
        return Drawn(
            f"{_MOST[grouping]} {called[int(most)]}: {count(top['median'])}"
            f" ({interval(top['low'], top['high'])})",
            f"Totals with intervals by {grouping}.",
            rows,
            figure,
        )

    return View(f"by_{grouping}", "portfolio", draw)


def _density(found: Found) -> Drawn:
    _, draws = joint_draws(found)
    total = draws.sum(axis=0)
    tail = (1 - found.level) / 2
    low, median, high = np.quantile(total, [tail, 0.5, 1 - tail], method="inverted_cdf")
    if total.min() == total.max():
        raise NothingToDrawError("all draws have the same total")
    inside = (total >= low) & (total <= high)
    figure = go.Figure()
    edges = np.histogram_bin_edges(total, bins=40)
    for chosen, name, colour in (
        (inside, f"within the {percent(found.level)} interval", BLUE),
        (~inside, "outside", "#c9ced4"),
    ):
        figure.add_histogram(
            x=total[chosen],
            xbins={"start": edges[0], "end": edges[-1] + 1e-9, "size": edges[1] - edges[0]},
            name=name,
            marker={"color": colour},
            hovertemplate="%{x}: %{y} draws<extra></extra>",
        )
    figure.update_layout(barmode="stack", bargap=0.03)
    figure.add_vline(x=median, line={"width": 2, "color": "#22272e"})
    figure.update_xaxes(title_text="experts in all companies with evidence", tickformat=",")
    figure.update_yaxes(title_text="joint draws")
    lay_out(figure, "The total in each joint draw", "Stroke: the median", height=380)
    return Drawn(
        f"The total is {count(median)}; {percent(found.level)} of the draws lie from"
        f" {interval(low, high)}",
        "Histogram of the total number of experts over the joint draws.",
        pd.DataFrame({"draw": np.arange(len(total)), "total": total}),
        figure,
    )


def _lorenz(found: Found) -> Drawn:
    rows, draws = joint_draws(found)
    if len(rows) < 2:
        raise NothingToDrawError("fewer than two companies have evidence")
    totals = draws.sum(axis=0)
    draws = draws[:, totals > 0]
    if not draws.size:
        raise NothingToDrawError("no draw has an expert")
    curves = np.cumsum(np.sort(draws, axis=0), axis=0) / draws.sum(axis=0)
    curves = np.vstack([np.zeros(curves.shape[1]), curves])
    gini = 1 - 2 * np.trapezoid(curves, dx=1 / len(rows), axis=0)
    tail = (1 - found.level) / 2
    low, median, high = np.quantile(curves, [tail, 0.5, 1 - tail], axis=1)
    across = 100 * np.arange(len(rows) + 1) / len(rows)
    figure = go.Figure()
    _ribbon(figure, across, 100 * low, 100 * median, 100 * high)
    figure.add_scatter(
        x=[0, 100],
        y=[0, 100],
        mode="lines",
        name="all alike",
        line={"color": MUTED, "dash": "dot", "width": 1},
        hoverinfo="skip",
    )
    figure.update_xaxes(title_text="companies, those with fewest experts first (%)")
    figure.update_yaxes(title_text="their share of all experts (%)", range=[0, 101])
    g_low, g_median, g_high = np.quantile(gini, [tail, 0.5, 1 - tail])
    lay_out(
        figure,
        "How unevenly experts are spread",
        f"Lorenz curve with {percent(found.level)} band. Gini coefficient {decimal(g_median, 2)}"
        f" ({decimal(g_low, 2)} to {decimal(g_high, 2)})",
        height=460,
    )
    half = float(1 - np.quantile(curves, 0.5, axis=1)[len(rows) - max(1, len(rows) // 10)])
    return Drawn(
        f"The tenth of the companies with most experts has {share(half)} of them",
        "Lorenz curve of experts over companies, with a band, below the line of equality.",
        pd.DataFrame({"companies_percent": across, "low": low, "median": median, "high": high}),
        figure,
    )


def _ribbon(
    figure: go.Figure, x: np.ndarray, low: np.ndarray, median: np.ndarray, high: np.ndarray
) -> None:
    figure.add_scatter(
        x=x, y=low, mode="lines", line={"width": 0}, showlegend=False, hoverinfo="skip"
    )
    figure.add_scatter(
        x=x,
        y=high,
        mode="lines",
        line={"width": 0},
        fill="tonexty",
        fillcolor=_BAND,
        name="interval",
        hoverinfo="skip",
    )
    figure.add_scatter(x=x, y=median, mode="lines", name="median", line={"color": BLUE, "width": 2})


def _top_share(found: Found) -> Drawn:
    rows, draws = joint_draws(found)
    totals = draws.sum(axis=0)
    draws = draws[:, totals > 0]
    if len(rows) < 2 or not draws.size:
        raise NothingToDrawError("fewer than two companies have experts")
    shown = min(50, len(rows))
    curves = np.cumsum(-np.sort(-draws, axis=0), axis=0)[:shown] / draws.sum(axis=0)
    tail = (1 - found.level) / 2
    low, median, high = np.quantile(curves, [tail, 0.5, 1 - tail], axis=1)
    across = np.arange(1, shown + 1)
    figure = go.Figure()
    _ribbon(figure, across, 100 * low, 100 * median, 100 * high)
    figure.update_xaxes(title_text="companies with most experts (number)")
    figure.update_yaxes(title_text="their share of all experts (%)", range=[0, 101])
    lay_out(
        figure,
        "How many companies have how much",
        f"Median and {percent(found.level)} band over the joint draws",
        height=420,
    )
    ten = min(10, shown) - 1
    return Drawn(
        f"The {ten + 1} largest companies have {share(median[ten])} of all experts"
        f" ({share(low[ten])} to {share(high[ten])})",
        "A rising curve with a band: the share of all experts in the largest companies.",
        pd.DataFrame({"companies": across, "low": low, "median": median, "high": high}),
        figure,
    )


def _treemap(found: Found) -> Drawn:
    rows = found.known().merge(found.table("companies")[["company", "country"]], on="company")
    rows = rows[rows["median"] > 0].assign(country=rows["country"].fillna("country unknown"))
    if rows["country"].nunique() < 2:
        raise NothingToDrawError("companies are of fewer than two countries")
    countries = rows.groupby("country")["median"].sum()
    largest = rows.head(60)
    rest = countries - largest.groupby("country")["median"].sum().reindex(countries.index).fillna(0)
    names = [shorten(c) for c in countries.index]
    labels = [*names, *largest["label"], *(["others"] * int((rest > 0).sum()))]
    ids = [
        *(f"c:{c}" for c in countries.index),
        *(f"f:{c}" for c in largest["company"]),
        *(f"r:{c}" for c in rest[rest > 0].index),
    ]
    parents = [
        *([""] * len(countries)),
        *(f"c:{c}" for c in largest["country"]),
        *(f"c:{c}" for c in rest[rest > 0].index),
    ]
    values = [*countries, *largest["median"], *rest[rest > 0]]
    figure = go.Figure(
        go.Treemap(
            ids=ids,
            labels=labels,
            parents=parents,
            values=values,
            branchvalues="total",
            texttemplate="%{label}<br>%{value:,.0f}",
            hovertemplate="%{label}: %{value:,.0f}<extra></extra>",
            marker={
                "colors": [
                    *["#dfe9f1"] * len(countries),
                    *["#9fc6e0"] * (len(ids) - len(countries)),
                ],
                "line": {"width": 1.5, "color": "white"},
            },
            root={"color": "white"},
            tiling={"pad": 2},
            pathbar={"visible": False},
            textfont={"color": "#22272e"},
        )
    )
    lay_out(figure, "Experts by country and company", "Medians; areas in proportion", height=520)
    top = countries.idxmax()
    return Drawn(
        f"Companies based in {top} have {share(countries.max() / countries.sum())} of the sum of"
        " medians",
        "Nested rectangles: countries, and within them the largest companies.",
        rows[["company_id", "country", "median"]].reset_index(drop=True),
        figure,
    )


def _map(found: Found) -> Drawn:
    rows = found.of_headline("portfolio_intervals")
    rows = rows[(rows["grouping"] == "country") & (rows["group_name"] != "unknown")]
    places = [place_of(name) for name in rows["group_name"]]
    rows = rows.assign(
        longitude=[np.nan if place is None else place[0] for place in places],
        latitude=[np.nan if place is None else place[1] for place in places],
    )
    shown = rows[rows["longitude"].notna() & (rows["high"] > 0)]
    if shown["group_name"].nunique() < 2:
        raise NothingToDrawError("companies with experts are of fewer than two known countries")
    shown = shown.sort_values("median", ascending=False)
    figure = go.Figure()
    add_land(figure)
    _add_circles(figure, shown, "high", color="rgba(0,0,0,0)", line={"color": BLUE, "width": 1.2})
    _add_circles(figure, shown, "median", color=BLUE, opacity=0.75, line={"width": 0})
    _name_countries(figure, shown)
    lay_out(
        figure,
        "Where companies with experts are based",
        f"Disc: median of a country's experts, by area; circle: upper end of the"
        f" {percent(found.level)} interval",
        height=500,
    )
    top = shown.iloc[0]
    return Drawn(
        f"Most are in companies based in {top['group_name']}: {count(top['median'])} of"
        f" {count(_all(found.of_headline('portfolio_intervals'))['median'])}",
        "A map of the world with a disc on each country, its area in proportion to its experts.",
        rows[["group_name", "companies", "low", "median", "high", "longitude", "latitude"]],
        figure,
    )


def _name_countries(figure: go.Figure, rows: pd.DataFrame) -> None:
    """Write names and medians beside the largest discs that are out of each other's way."""
    largest = float(rows["high"].max())
    written: list[tuple[float, float]] = []
    for row in rows.head(3 * _NAMED).itertuples():
        x, y = (float(part) for part in projected(row.longitude, row.latitude))
        in_the_way = any(abs(x - left) < 75 and abs(y - up) < 8 for left, up in written)
        if in_the_way or len(written) == _NAMED:
            continue
        written.append((x, y))
        radius = _LARGEST_DISC * np.sqrt(row.high / max(largest, 1)) / 2
        figure.add_annotation(
            x=x,
            y=y,
            text=f"{shorten(row.group_name, 20)} {count(row.median)}",
            showarrow=False,
            xanchor="left",
            xshift=radius + 2,
        )


def _add_circles(figure: go.Figure, rows: pd.DataFrame, part: str, **look: object) -> None:
    largest = float(rows["high"].max())
    x, y = projected(rows["longitude"], rows["latitude"])
    figure.add_scatter(
        x=x,
        y=y,
        mode="markers",
        name={"median": "median", "high": "upper end"}[part],
        marker={
            "size": rows[part],
            "sizemode": "area",
            "sizeref": 2 * max(largest, 1) / _LARGEST_DISC**2,
            "sizemin": 1.5,
            **look,
        },
        text=[
            f"{shorten(row.group_name)}: {count(row.median)} ({interval(row.low, row.high)})"
            for row in rows.itertuples()
        ],
        hovertemplate="%{text}<extra></extra>",
    )


def _sure(found: Found) -> Drawn:
    rows = found.of_headline("headcount_intervals")
    bands = found.table("companies").set_index("company")["size_band"]
    table = pd.crosstab(rows["company"].map(bands), rows["confidence"])
    table = table.reindex([band for band in SIZE_BAND_LABELS if band in table.index])
    order = [name for name in CONFIDENCES if name in table]
    colours = dict(zip(CONFIDENCES, (BLUE, "#56B4E9", "#E69F00", ORANGE, "#c9ced4"), strict=True))
    figure = go.Figure()
    for name in order:
        add_bars(figure, table[name], range(len(table)), colour=colours[name], name=name)
    figure.update_layout(barmode="stack")
    figure.update_xaxes(title_text="companies", tickformat=",")
    name_axis(figure, [SIZE_BAND_LABELS[band] for band in table.index])
    lay_out(
        figure,
        "Of how many companies how much is known",
        "By size of the company",
        height=40 * len(table) + 190,
    )
    sure = int((rows["confidence"] == "probable").sum())
    return Drawn(
        f"{sure} of {how_many(len(rows), 'company')} have experts with their whole interval",
        "Stacked bars: companies by confidence, for each band of size.",
        table.reset_index(names="size_band"),
        figure,
    )


def _history(found: Found) -> Drawn:
    rows = found.table("runs").sort_values("finished").dropna(subset=["median"])
    if len(rows) < 2:
        raise NothingToDrawError("one run has been published so far")
    rows = rows.tail(60).reset_index(drop=True)
    figure = go.Figure()
    figure.add_scatter(
        x=list(range(len(rows))),
        y=rows["median"],
        mode="markers+lines",
        showlegend=False,
        line={"color": "#c9ced4"},
        marker={"color": BLUE, "size": 8},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": rows["high"] - rows["median"],
            "arrayminus": rows["median"] - rows["low"],
            "width": 0,
            "color": BLUE,
        },
        hovertemplate="%{y:,.0f}<extra></extra>",
    )
    figure.update_xaxes(
        tickvals=list(range(len(rows))),
        ticktext=[str(when)[:16].replace("T", "<br>") for when in rows["finished"]],
        title_text="run",
    )
    figure.update_yaxes(title_text="experts in all companies", tickformat=",", rangemode="tozero")
    lay_out(
        figure,
        "The total from run to run",
        "Median and interval as they were published",
        height=380,
    )
    change = rows["median"].iloc[-1] - rows["median"].iloc[-2]
    return Drawn(
        f"The total changed by {change:+,.0f} with the last run"
        + by_other_estimators(*rows["estimator"].iloc[-2:])
        if change
        else "The last run found the total as it was before",
        "The total with its interval, run by run.",
        rows[["run", "finished", "estimator", "companies", "low", "median", "high", "level"]],
        figure,
    )


def _estimators(found: Found) -> Drawn:
    rows = found.table("portfolio_intervals")
    rows = rows[(rows["grouping"] == "all") & rows["median"].notna()]
    if len(rows) < 2:
        raise NothingToDrawError("the study asks for one estimator")
    rows = rows.sort_values("estimator", key=lambda n: n != found.headline, kind="stable")
    rows = rows.reset_index(drop=True)
    figure = go.Figure()
    for number, name in enumerate(rows["estimator"]):
        mark = estimator_mark(name)
        add_count_intervals(
            figure,
            rows.iloc[[number]],
            [number],
            level=found.level,
            colour=mark.colour,
            symbol=mark.symbol,
            axis=False,
        )
    _count_axis_of(figure, rows)
    name_axis(figure, list(rows["estimator"]))
    lay_out(
        figure,
        "The total by each estimator",
        f"Median and {percent(found.level)} interval",
        height=36 * len(rows) + 180,
    )
    first, last = rows.iloc[0], rows.loc[(rows["median"] - rows["median"].iloc[0]).abs().idxmax()]
    return Drawn(
        f"{first['estimator']} has {count(first['median'])}; furthest from it is"
        f" {last['estimator']} with {count(last['median'])}",
        "A line for each estimator: median and interval of the total.",
        rows,
        figure,
    )


def _count_axis_of(figure: go.Figure, rows: pd.DataFrame) -> None:
    add_count_axis(
        figure,
        float(rows["low"].min()),
        float(rows["high"].max()),
        "machine-learning experts (people, logarithmic scale)",
    )


VIEWS = (
    View("totals", "portfolio", _totals),
    View("total_density", "portfolio", _density),
    View("total_estimators", "portfolio", _estimators),
    _by("cohort", "cohorts", "Experts by cohort"),
    _by("size_band", "sizes", "Experts by size of the company"),
    _by("country", "countries", "Experts by country of the headquarters"),
    _by("subregion", "subregions", "Experts by subregion of the headquarters (UN M49)"),
    View("map", "portfolio", _map),
    _by("confidence", "confidences", "Experts by confidence"),
    View("treemap", "portfolio", _treemap),
    View("lorenz", "portfolio", _lorenz),
    View("top_share", "portfolio", _top_share),
    View("confidence", "portfolio", _sure),
    View("history", "portfolio", _history),
)
