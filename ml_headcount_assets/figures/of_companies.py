"""Views of single companies: how many, how sure, and by what."""

from __future__ import annotations

from html import unescape

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ..wording import count, how_many, interval, percent, share
from .catalogue import Drawn, Found, NothingToDrawError, View
from .count_axis import add_count_axis, position
from .headcounts import estimators_side_by_side, headcount_forest
from .marks import BLUE, GREEN, ORANGE, add_bars, add_share_intervals, name_axis, share_axis
from .of_one_company import waterfall
from .style import (
    EVIDENCE,
    INK,
    MUTED,
    SIZE_BAND_LABELS,
    by_other_estimators,
    lay_out,
    shorten,
)

__all__ = ["VIEWS", "joint_draws"]

_RIDGES = 12
_RANKED = 20
_BESIDE = 16


def _forest(found: Found) -> Drawn:
    rows = found.of_headline("headcount_intervals")
    top = found.known().iloc[0]
    return Drawn(
        f"{top['label']} has the most experts: {count(top['median'])}"
        f" ({interval(top['low'], top['high'])})",
        "A line for each company: median and interval of its experts on a logarithmic scale.",
        found.known(),
        headcount_forest(rows, found.table("companies"), truth=found.truth),
    )


def _estimators(found: Found) -> Drawn:
    rows = found.table("headcount_intervals")
    if rows["estimator"].nunique() < 2:
        raise NothingToDrawError("the study asks for one estimator")
    first = rows["estimator"] == found.headline
    rows = pd.concat([rows[first], rows[~first]], ignore_index=True)
    found.known()
    return Drawn(
        f"The largest companies by {rows['estimator'].nunique()} estimators",
        "For each company a line per estimator: median and interval.",
        rows,
        estimators_side_by_side(rows, found.table("companies")),
    )


def joint_draws(found: Found) -> tuple[pd.DataFrame, np.ndarray]:
    """Return companies with evidence, the largest first, and their draws (companies by draws)."""
    rows = found.known()
    draws = found.of_headline("headcount_draws").set_index("company")["draws"]
    return rows, np.stack([np.asarray(draws[company], float) for company in rows["company"]])


def _ridges(found: Found) -> Drawn:
    rows, draws = joint_draws(found)
    rows, draws = rows.head(_RIDGES), draws[:_RIDGES]
    places = position(draws)
    grid = np.linspace(places.min(), places.max() + 1e-6, 160)
    figure = go.Figure()
    for number in reversed(range(len(rows))):
        density = _density(places[number], grid)
        figure.add_scatter(
            x=grid,
            y=np.full(len(grid), number),
            mode="lines",
            showlegend=False,
            hoverinfo="skip",
            line={"width": 0},
        )
        figure.add_scatter(
            x=grid,
            y=number - 1.35 * density / max(density.max(), 1e-12),
            mode="lines",
            fill="tonexty",
            fillcolor="rgba(0,114,178,0.35)",
            line={"color": BLUE, "width": 1.2},
            showlegend=False,
            hoverinfo="skip",
        )
    figure.add_scatter(
        x=position(rows["median"]),
        y=list(range(len(rows))),
        mode="markers",
        showlegend=False,
        marker={"color": INK, "symbol": "line-ns-open", "size": 9},
        hovertemplate="median %{customdata}<extra></extra>",
        customdata=rows["median"].map(count),
    )
    add_count_axis(
        figure,
        float(draws.min()),
        float(draws.max()),
        "machine-learning experts (people, logarithmic scale)",
    )
    name_axis(figure, list(rows["label"]))
    figure.update_yaxes(range=[len(rows) - 0.5, -1.6])
    lay_out(
        figure,
        "What the draws say of the largest companies",
        f"Density of the joint draws of {how_many(len(rows), 'company')}; a stroke at the median",
        height=36 * len(rows) + 190,
    )
    ratio = (rows["high"] / rows["low"].clip(lower=1)).rename("ratio")
    widest = rows.loc[ratio.idxmax()]
    return Drawn(
        f"Of the {len(rows)} largest, {widest['label']} is known least:"
        f" {interval(widest['low'], widest['high'])}",
        "A hill for each company: how the draws of its number of experts are spread.",
        rows,
        figure,
    )


def _density(values: np.ndarray, grid: np.ndarray) -> np.ndarray:
    spread = min(values.std(), (np.quantile(values, 0.75) - np.quantile(values, 0.25)) / 1.34)
    width = max(1.06 * (spread or values.std()) * len(values) ** -0.2, 0.012)  # Silverman's rule
    return np.exp(-0.5 * ((grid[:, None] - values[None, :]) / width) ** 2).mean(axis=1)


def _landscape(found: Found) -> Drawn:
    rows = found.known()
    rows = rows[rows["headcount"].notna() & (rows["median"] > 0)].reset_index(drop=True)
    if rows.empty:
        raise NothingToDrawError("no company has both a headcount and experts")
    shares = rows["median"] / rows["headcount"].astype(float)
    figure = go.Figure()
    ends = np.array([rows["headcount"].min(), rows["headcount"].max()], float)
    ends = np.array([ends[0] / 1.5, ends[1] * 1.5])
    for number in (1, 10, 100, 1000, 10000, 100000):
        x = np.geomspace(ends[0], ends[1], 50)
        y = 100 * number / x
        keep = (y <= 100) & (y >= 60 * shares.min())
        if keep.sum() > 1:
            figure.add_scatter(
                x=x[keep],
                y=y[keep],
                mode="lines",
                showlegend=False,
                hoverinfo="skip",
                line={"color": "#c9ced4", "width": 1, "dash": "dot"},
            )
            figure.add_annotation(
                x=np.log10(x[keep][-1]),
                y=np.log10(y[keep][-1]),
                text=count(number),
                showarrow=False,
                xanchor="left",
                font={"size": 10, "color": MUTED},
            )
    for evidence, mark in EVIDENCE.items():
        chosen = (rows["evidence"] == evidence).to_numpy()
        if chosen.any():
            figure.add_scatter(
                x=rows.loc[chosen, "headcount"].astype(float),
                y=100 * shares[chosen],
                mode="markers",
                name=mark.label,
                marker={"color": mark.colour, "symbol": mark.symbol, "size": 8, "opacity": 0.75},
                customdata=np.column_stack(
                    [rows.loc[chosen, "label"], rows.loc[chosen, "median"].map(count)]
                ),
                hovertemplate="<b>%{customdata[0]}</b><br>experts: %{customdata[1]} of %{x:,}"
                "<extra></extra>",
            )
    _name_largest(figure, rows)
    figure.update_xaxes(type="log", title_text="employees (logarithmic)", tickformat=",", dtick=1)
    figure.update_yaxes(type="log", title_text="share of experts (%, logarithmic)", dtick=1)
    lay_out(
        figure,
        "Share of experts against size",
        "Dotted: equal numbers of experts; medians of companies with a headcount",
        height=520,
    )
    top = rows.loc[shares.idxmax()]
    return Drawn(
        f"{top['label']} has the largest share: {share(shares.max())} of"
        f" {how_many(top['headcount'], 'employee')}",
        "Scatter of companies: employees across, share of experts up, both logarithmic.",
        rows.assign(share=shares),
        figure,
    )


def _name_largest(figure: go.Figure, rows: pd.DataFrame) -> None:
    """Write the names of the largest companies that are out of each other's way."""
    written: list[tuple[float, float]] = []
    for _, row in rows.head(6).iterrows():
        x = float(np.log10(float(row["headcount"])))
        y = float(np.log10(100 * row["median"] / row["headcount"]))
        if len(written) == 3 or any(abs(x - a) < 1.2 and abs(y - b) < 0.15 for a, b in written):
            continue
        written.append((x, y))
        figure.add_annotation(
            x=x,
            y=y,
            text=shorten(unescape(row["label"]), 20),
            showarrow=False,
            xanchor="right",
            xshift=-8,
            font={"size": 10},
        )


def _ranks(found: Found) -> Drawn:
    rows, draws = joint_draws(found)
    order = np.argsort(np.argsort(-draws, axis=0, kind="stable"), axis=0) + 1
    tail = (1 - found.level) / 2
    low, high = np.quantile(order, [tail, 1 - tail], axis=1, method="inverted_cdf")
    rows = rows.assign(rank_low=low, rank_median=np.median(order, axis=1), rank_high=high)
    shown = rows.head(_RANKED)
    figure = go.Figure()
    figure.add_scatter(
        x=shown["rank_median"],
        y=list(range(len(shown))),
        mode="markers",
        showlegend=False,
        marker={"color": BLUE, "size": 8},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": shown["rank_high"] - shown["rank_median"],
            "arrayminus": shown["rank_median"] - shown["rank_low"],
            "thickness": 2,
            "width": 0,
            "color": BLUE,
        },
        customdata=shown[["rank_low", "rank_high"]],
        hovertemplate="rank %{x:.0f} (%{customdata[0]:.0f} to %{customdata[1]:.0f})<extra></extra>",
    )
    figure.update_xaxes(title_text="rank by number of experts (1 has most)", rangemode="tozero")
    name_axis(figure, list(shown["label"]))
    lay_out(
        figure,
        "Ranks, and how sure they are",
        f"Median and {percent(found.level)} interval of the rank among"
        f" {how_many(len(rows), 'company')}",
        height=24 * len(shown) + 180,
    )
    width = shown["rank_high"] - shown["rank_low"]
    sure = int((width == 0).sum())
    return Drawn(
        f"Of the largest companies ({len(shown)}) {how_many(sure, 'has', 'have')} a rank that is"
        " certain at"
        f" {percent(found.level)}",
        "For each of the largest companies its rank with an interval.",
        shown[["company_id", "label", "rank_low", "rank_median", "rank_high"]],
        figure,
    )


def _top(found: Found) -> Drawn:
    rows, draws = joint_draws(found)
    among = min(10, len(rows))
    order = np.argsort(np.argsort(-draws, axis=0, kind="stable"), axis=0)
    rows = rows.assign(probability=(order < among).mean(axis=1))
    shown = rows[rows["probability"] > 0.005].sort_values("probability", ascending=False).head(25)
    figure = go.Figure()
    add_bars(
        figure,
        100 * shown["probability"],
        range(len(shown)),
        texts=[share(value) for value in shown["probability"]],
    )
    share_axis(figure, f"probability of being among the {among} largest (%)", 1.1)
    name_axis(figure, list(shown["label"]))
    lay_out(
        figure,
        f"Who is among the {among} largest",
        "Share of the joint draws",
        height=24 * len(shown) + 170,
    )
    sure = int((rows["probability"] > found.level).sum())
    return Drawn(
        f"{how_many(sure, 'company is', 'companies are')} among the {among} largest in more than"
        f" {percent(found.level)} of the"
        " draws",
        "Bars: how probable it is that each company is among the largest.",
        shown[["company_id", "label", "probability"]].reset_index(drop=True),
        figure,
    )


def _prevalences(found: Found) -> Drawn:
    rows = found.of_headline("company_prevalences")
    known = found.known()[["company_id", "label"]]
    rows = known.merge(rows, on="company_id").head(24)
    if rows.empty:
        raise NothingToDrawError("no company has a learned share")
    figure = go.Figure()
    for place, row in enumerate(rows.itertuples()):
        figure.add_scatter(
            x=[100 * row.prior_mean, 100 * row.mean],
            y=[place, place],
            mode="lines",
            line={"color": "#c9ced4", "width": 2},
            showlegend=False,
            hoverinfo="skip",
        )
    figure.add_scatter(
        x=100 * rows["prior_mean"],
        y=list(range(len(rows))),
        mode="markers",
        name="prior",
        marker={"color": MUTED, "symbol": "line-ns-open", "size": 12, "line": {"width": 2}},
        hovertemplate="prior %{x:.3g} %<extra></extra>",
    )
    add_share_intervals(
        figure, rows, range(len(rows)), middle="mean", level=found.level, name="learned"
    )
    share_axis(figure, "share of experts among employees (%)")
    name_axis(figure, list(rows["label"]))
    lay_out(
        figure,
        "From the prior to what was learned of a company",
        f"Mean share and {percent(found.level)} interval of the {len(rows)} largest",
        height=24 * len(rows) + 190,
    )
    least = rows.loc[rows["overlap"].idxmax()]
    return Drawn(
        f"Of {least['label']} the data tell least: prior and posterior share"
        f" {share(least['overlap'])} of their area",
        "For each company the prior's mean share and the learned share with its interval.",
        rows,
        figure,
    )


def _waterfall(found: Found) -> Drawn:
    known = found.known()
    # The largest of those that annotators have read something of: there is most to be seen.
    read = known[known["n_profiles"] > 0]
    return waterfall(found, str((read if len(read) else known)["company"].iloc[0]))


def _raw(found: Found) -> Drawn:
    counts = found.table("pattern_counts", without="no profiles are labelled")
    names = sorted(found.table("annotators")["annotator"])
    counts = counts[counts["pattern"].str.len() == len(names)]
    known = found.known()
    known = known[known["company"].isin(counts["company"]) & (known["n_profiles"] > 0)].head(
        _BESIDE
    )
    if known.empty:
        raise NothingToDrawError("no company has labelled profiles")
    figure = go.Figure()
    rows = []
    looks = ("circle-open", "square-open", "diamond-open", "cross-open", "x-open", "star-open")
    for number, name in enumerate(names):
        shares = []
        for row in known.itertuples():
            own = counts[counts["company"] == row.company]
            labels, weights = own["pattern"].str[number], own["n_profiles"]
            given = float(weights[labels != "-"].sum())
            accepted = float(weights[labels == "1"].sum())
            size = float(row.headcount) if pd.notna(row.headcount) else float(row.n_profiles)
            shares.append(accepted / given * size if given else np.nan)
            rows.append((row.company_id, name, accepted, given, shares[-1]))
        figure.add_scatter(
            x=position(np.nan_to_num(shares)),
            y=list(range(len(known))),
            mode="markers",
            name=shorten(name, 22),
            marker={"symbol": looks[number % 6], "size": 8, "color": MUTED},
            customdata=[count(value) for value in shares],
            hovertemplate=f"{shorten(name)}: %{{customdata}}<extra></extra>",
        )
    _medians(figure, known, found.level)
    numbers = pd.DataFrame(
        rows, columns=["company_id", "annotator", "accepted", "labelled", "scaled_to_employees"]
    )
    largest = max(float(known["high"].max()), float(numbers["scaled_to_employees"].max()))
    add_count_axis(
        figure, min(float(known["low"].min()), 1.0), largest, "people (logarithmic scale)"
    )
    name_axis(figure, list(known["label"]))
    lay_out(
        figure,
        "What annotators accept beside the estimate",
        "Open marks: accepted share of the profiles times employees; filled: the estimate",
        height=32 * len(known) + 230,
    )
    spread = numbers.groupby("company_id")["scaled_to_employees"].agg(["min", "max"])
    ratio = float((spread["max"] / spread["min"].clip(lower=1)).median())
    return Drawn(
        f"In the median company the most accepting annotator accepts {ratio:.0f} times as many as"
        " the least accepting one",
        "For each company the raw count of every annotator and the estimate with its interval.",
        numbers,
        figure,
    )


def _medians(figure: go.Figure, rows: pd.DataFrame, level: float) -> None:
    low, middle, high = (position(rows[part]) for part in ("low", "median", "high"))
    figure.add_scatter(
        x=middle,
        y=list(range(len(rows))),
        mode="markers",
        name="estimate",
        marker={"color": BLUE, "size": 9},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": high - middle,
            "arrayminus": middle - low,
            "thickness": 3,
            "width": 0,
            "color": BLUE,
        },
        customdata=rows[["median", "low", "high"]].map(count).to_numpy(),
        hovertemplate="median %{customdata[0]}, "
        + percent(level)
        + " interval %{customdata[1]} to %{customdata[2]}<extra></extra>",
    )


def _widths(found: Found) -> Drawn:
    rows = found.known()
    rows = rows[(rows["median"] > 0) & (rows["n_profiles"] > 0)].reset_index(drop=True)
    if rows.empty:
        raise NothingToDrawError("no company with experts has labelled profiles")
    rows = rows.assign(relative_width=(rows["high"] - rows["low"]) / rows["median"])
    figure = go.Figure()
    for band, label in SIZE_BAND_LABELS.items():
        chosen = found.table("companies").set_index("company")["size_band"]
        of_band = rows[rows["company"].map(chosen) == band]
        if len(of_band):
            number = list(SIZE_BAND_LABELS).index(band)
            figure.add_scatter(
                x=of_band["n_profiles"],
                y=of_band["relative_width"],
                mode="markers",
                name=label,
                marker={
                    "color": (BLUE, ORANGE, GREEN, "#CC79A7", MUTED)[number],
                    "symbol": ("circle", "square", "diamond", "triangle-up", "cross")[number],
                    "size": 8,
                    "opacity": 0.8,
                },
                customdata=of_band["label"],
                hovertemplate="%{customdata}: %{y:.2g}<extra></extra>",
            )
    figure.update_xaxes(
        type="log", title_text="labelled profiles (logarithmic)", tickformat=",", dtick=1
    )
    widths = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50)
    figure.update_yaxes(
        type="log",
        title_text="interval's width over its median (log.)",
        tickvals=widths,
        ticktext=[f"{width:g}" for width in widths],
    )
    lay_out(
        figure,
        "What more profiles buy",
        f"Companies with profiles; {percent(found.level)} intervals",
        height=460,
    )
    half = rows[rows["relative_width"] < 1]
    return Drawn(
        f"In {len(half)} of {how_many(len(rows), 'company')} with profiles the interval is"
        " narrower than its"
        " median",
        "Scatter: labelled profiles across, relative width of the interval up.",
        rows[["company_id", "n_profiles", "low", "median", "high", "relative_width"]],
        figure,
    )


def _change(found: Found) -> Drawn:
    runs = found.table("runs").sort_values("finished")
    if len(runs) < 2:
        raise NothingToDrawError("one run has been published so far")
    history = found.table("history")
    before, now = (
        history[history["run"] == run].set_index("company_id") for run in runs["run"].iloc[-2:]
    )
    columns = ["low", "median", "high", "estimator"]
    both = now.join(before[columns].add_suffix("_before"), how="inner")
    both = both.dropna(subset=["median", "median_before"])
    both = both.assign(change=both["median"] - both["median_before"]).reset_index()
    both = both[both["change"] != 0]
    if both.empty:
        raise NothingToDrawError("no company has changed since the run before")
    both = both.reindex(both["change"].abs().sort_values(ascending=False).index).head(20)
    names = found.table("companies").set_index("company_id")["company"]
    both = both[both["company_id"].isin(names.index)].reset_index(drop=True)
    labels = found.labels(both["company_id"].map(names))
    figure = go.Figure()
    add_bars(
        figure,
        both["change"],
        range(len(both)),
        texts=[f"{value:+,.0f}" for value in both["change"]],
    )
    figure.add_vline(x=0, line={"color": MUTED, "width": 1})
    figure.update_xaxes(title_text="change of the median (experts)")
    name_axis(figure, labels)
    lay_out(
        figure,
        "What has changed since the run before",
        "The largest changes of medians",
        height=24 * len(both) + 170,
    )
    return Drawn(
        f"{labels[0]} has changed most: {both['change'].iloc[0]:+,.0f} experts"
        + by_other_estimators(both["estimator_before"].iloc[0], both["estimator"].iloc[0]),
        "Bars: by how much the median of each company has changed since the run before.",
        both,
        figure,
    )


VIEWS = (
    View("companies", "companies", _forest),
    View("estimators", "companies", _estimators),
    View("ridges", "companies", _ridges),
    View("landscape", "companies", _landscape),
    View("ranks", "companies", _ranks),
    View("top", "companies", _top),
    View("prevalences", "companies", _prevalences),
    View("waterfall", "companies", _waterfall),
    View("raw", "companies", _raw),
    View("widths", "companies", _widths),
    View("change", "companies", _change),
)
