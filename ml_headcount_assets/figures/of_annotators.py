"""Views of the annotators: how they err, together and apart, on rated CVs and in deployment."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ..wording import count, decimal, how_many, percent, share
from .annotators import annotator_rates, error_correlations
from .catalogue import Drawn, Found, NothingToDrawError, View
from .marks import (
    BLUE,
    GREEN,
    ORANGE,
    SYMBOLS,
    add_bars,
    add_share_intervals,
    name_axis,
    share_axis,
)
from .style import FAINT, INK, MUTED, lay_out, shorten

__all__ = ["VIEWS"]

_PATTERNS_SHOWN = 16
_LINES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
_COLOURS = (BLUE, ORANGE, GREEN, "#CC79A7", "#E69F00", "#56B4E9")


def _rates(found: Found) -> Drawn:
    rows = found.of_headline("annotator_summary")
    best = rows.loc[rows["sensitivity_mean"].idxmax()]
    worst = rows.loc[rows["sensitivity_mean"].idxmin()]
    return Drawn(
        f"{best['annotator']} finds {share(best['sensitivity_mean'])} of the experts,"
        f" {worst['annotator']} {share(worst['sensitivity_mean'])}",
        "Sensitivity and specificity of each annotator, as points with intervals in two panels.",
        rows,
        annotator_rates(rows),
    )


def _plane(found: Found) -> Drawn:
    rows = found.of_headline("annotator_summary").sort_values("annotator")
    figure = go.Figure()
    for number, row in enumerate(rows.itertuples()):
        figure.add_scatter(
            x=[100 * (1 - row.specificity_mean)],
            y=[100 * row.sensitivity_mean],
            mode="markers",
            name=shorten(row.annotator),
            marker={
                "color": _COLOURS[number % 6],
                "symbol": SYMBOLS[number % 6],
                "size": 11,
            },
            error_x=_both(row.specificity_mean, row.specificity_low, row.specificity_high, True),
            error_y=_both(row.sensitivity_mean, row.sensitivity_low, row.sensitivity_high, False),
            hovertemplate=f"{shorten(row.annotator)}<br>sensitivity %{{y:.3g}} %<br>"
            "false positives %{x:.3g} %<extra></extra>",
        )
    figure.add_scatter(
        x=[0, 100],
        y=[0, 100],
        mode="lines",
        showlegend=False,
        hoverinfo="skip",
        line={"color": MUTED, "dash": "dot", "width": 1},
    )
    figure.update_xaxes(title_text="others accepted: 1 - specificity (%)", rangemode="tozero")
    figure.update_yaxes(title_text="experts accepted: sensitivity (%)", range=[0, 103])
    lay_out(
        figure,
        "Annotators in the plane of their errors",
        f"Mean and {percent(found.level)} intervals; on the dotted line a label says nothing",
        height=470 + 12 * len(rows),
    )
    gain = rows.assign(youden=rows["sensitivity_mean"] + rows["specificity_mean"] - 1)
    best = gain.loc[gain["youden"].idxmax()]
    return Drawn(
        f"{best['annotator']} tells the classes apart best: sensitivity plus specificity less one"
        f" is {decimal(best['youden'], 2)}",
        "Scatter of annotators: share of others accepted across, share of experts accepted up.",
        gain,
        figure,
    )


def _both(mean: float, low: float, high: float, turned: bool) -> dict[str, object]:
    up, down = 100 * (high - mean), 100 * (mean - low)
    up, down = (down, up) if turned else (up, down)
    return {
        "type": "data",
        "symmetric": False,
        "array": [up],
        "arrayminus": [down],
        "thickness": 1,
        "width": 0,
        "color": MUTED,
    }


def _precision(found: Found) -> Drawn:
    rows = found.of_headline("annotator_summary").sort_values("annotator")
    prevalence = np.geomspace(1e-4, 0.5, 60)
    here = _prevalence(found)
    figure = go.Figure()
    table = []
    for number, row in enumerate(rows.itertuples()):
        hits, errors = row.sensitivity_mean, 1 - row.specificity_mean
        curve = _positive(prevalence, hits, errors)
        figure.add_scatter(
            x=100 * prevalence,
            y=100 * curve,
            mode="lines",
            name=shorten(row.annotator),
            line={"color": _COLOURS[number % 6], "dash": _LINES[number % 6], "width": 2},
            hovertemplate="of %{x:.3g} % experts: precision %{y:.3g} %<extra></extra>",
        )
        table.append((row.annotator, here, float(_positive(np.array([here]), hits, errors)[0])))
    numbers = pd.DataFrame(table, columns=["annotator", "prevalence", "precision"])
    figure.update_xaxes(title_text="share of experts among employees (%)", type="log", dtick=1)
    figure.update_yaxes(title_text="precision: accepted who are experts (%)", range=[0, 102])
    figure.add_vline(x=100 * here, line={"color": INK, "width": 1.5, "dash": "dot"})
    lay_out(
        figure,
        "What an acceptance is worth where experts are rare",
        f"Dotted line: the share in the companies with evidence, {share(here)}",
        height=440 + 12 * len(rows),
    )
    best = numbers.loc[numbers["precision"].idxmax()]
    return Drawn(
        f"At {share(here)} experts, of those whom {best['annotator']} accepts"
        f" {share(best['precision'])} are experts: the best of all",
        "A curve for each annotator: precision against the share of experts, rising to the right.",
        numbers,
        figure,
    )


def _positive(prevalence: np.ndarray, hits: float, errors: float) -> np.ndarray:
    fired = prevalence * hits + (1 - prevalence) * errors
    return np.divide(
        prevalence * hits, fired, out=np.full_like(prevalence, np.nan), where=fired > 0
    )


def _prevalence(found: Found) -> float:
    rows = found.known()
    rows = rows[rows["headcount"].notna()]
    employees = float(rows["headcount"].sum()) if len(rows) else 0.0
    if not employees or not rows["mean"].sum():
        raise NothingToDrawError("no share of experts among employees is known")
    return float(rows["mean"].sum()) / employees


def _correlations(found: Found) -> Drawn:
    rows = found.of_headline("annotator_correlations", without="there is one annotator only")
    top = rows.loc[rows["mean"].abs().idxmax()]
    return Drawn(
        f"The errors of {top['annotator_a']} and {top['annotator_b']} hang together most:"
        f" {decimal(top['mean'], 2)} among {'experts' if top['is_expert'] else 'others'}",
        "Two matrices of latent correlations between annotators, of others and of experts.",
        rows,
        error_correlations(rows),
    )


def _correlation_intervals(found: Found) -> Drawn:
    rows = found.of_headline("annotator_correlations", without="there is one annotator only")
    rows = rows.assign(pair=rows["annotator_a"] + " + " + rows["annotator_b"])
    order = rows.groupby("pair")["mean"].mean().sort_values(ascending=False).index.tolist()
    figure = go.Figure()
    for is_expert, colour, symbol, shift in (
        (0, ORANGE, "square", -0.16),
        (1, BLUE, "circle", 0.16),
    ):
        of_class = rows[rows["is_expert"] == is_expert].set_index("pair").reindex(order)
        of_class = of_class.dropna(subset=["mean"])
        places = [order.index(pair) + shift for pair in of_class.index]
        figure.add_scatter(
            x=of_class["mean"],
            y=places,
            mode="markers",
            name="experts" if is_expert else "others",
            marker={"color": colour, "symbol": symbol, "size": 8},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": of_class["high"] - of_class["mean"],
                "arrayminus": of_class["mean"] - of_class["low"],
                "color": colour,
                "thickness": 2,
                "width": 0,
            },
            hovertemplate="%{x:.2f}<extra></extra>",
        )
    figure.add_vline(x=0, line={"color": MUTED, "width": 1})
    figure.update_xaxes(title_text="latent correlation of the labels within the class")
    name_axis(
        figure, [shorten(pair.replace("filter_", "").replace("llm_", ""), 44) for pair in order]
    )
    lay_out(
        figure,
        "Correlations of errors, with their intervals",
        f"Mean and {percent(found.level)} interval; at 0 a pair errs independently",
        height=30 * len(order) + 180,
    )
    away = rows[(rows["low"] > 0) | (rows["high"] < 0)]
    return Drawn(
        f"{len(away)} of {len(rows)} correlations lie away from zero with their whole"
        f" {percent(found.level)} interval",
        "Points with intervals for each pair of annotators, one for experts and one for others.",
        rows,
        figure,
    )


def _firing(found: Found) -> Drawn:
    rows = found.table("annotator_drift", without="no profiles are labelled")
    rows = rows[(rows["cohort"] == "") & (rows["text"] == "profiles")].reset_index(drop=True)
    if rows.empty:
        raise NothingToDrawError("no profiles are labelled")
    figure = go.Figure()
    for place, row in enumerate(rows.itertuples()):
        ends = sorted([row.rated_others, row.rated_experts])
        figure.add_shape(
            type="rect",
            x0=100 * ends[0],
            x1=100 * ends[1],
            y0=place - 0.28,
            y1=place + 0.28,
            fillcolor=FAINT,
            line_width=0,
            layer="below",
        )
    add_share_intervals(figure, rows, range(len(rows)), middle="fires", level=found.level)
    share_axis(figure, "profiles on which the annotator fires (%)")
    name_axis(figure, [shorten(name) for name in rows["annotator"]])
    lay_out(
        figure,
        "How often annotators fire on profiles",
        "Shaded: from its rate among rated non-experts to that among rated experts, which any"
        "<br>share of experts can explain",
        height=36 * len(rows) + 190,
    )
    low = rows["fires"] < rows[["rated_others", "rated_experts"]].min(axis=1)
    return Drawn(
        f"{int(low.sum())} of {how_many(len(rows), 'annotator')} fire less on profiles than on"
        " rated CVs of"
        " non-experts",
        "A point for each annotator on a band that any share of experts would explain.",
        rows,
        figure,
    )


def _agreement_drift(found: Found) -> Drawn:
    rows = found.table("annotator_drift", without="no profiles are labelled")
    rows = rows[(rows["cohort"] == "") & rows["agreement"].notna()].reset_index(drop=True)
    if rows.empty:
        raise NothingToDrawError("no two annotators label the same profiles")
    figure = go.Figure()
    for name, column, colour, symbol in (
        ("rated others", "agreement_of_others", ORANGE, "square"),
        ("rated experts", "agreement_of_experts", GREEN, "diamond"),
        ("profiles", "agreement", BLUE, "circle"),
    ):
        figure.add_scatter(
            x=100 * rows[column],
            y=list(range(len(rows))),
            mode="markers",
            name=name,
            marker={"color": colour, "symbol": symbol, "size": 10},
            hovertemplate=f"{name}: %{{x:.3g}} %<extra></extra>",
        )
    labels = [shorten(f"{row.annotator} | {row.partner}", 46) for row in rows.itertuples()]
    share_axis(figure, "fires where its partner fires (%)", 1.0)
    name_axis(figure, labels)
    lay_out(
        figure,
        "Agreement in deployment against that on rated CVs",
        "Each annotator with the partner that it agrees with least as it did",
        height=34 * len(rows) + 190,
    )
    outside = rows["agreement_misfit"].fillna(0) > 0
    return Drawn(
        f"{int(outside.sum())} of {how_many(len(rows), 'annotator')} agree with their partner"
        " outside of what"
        " rated CVs span",
        "For each annotator three points: agreement on profiles, among rated others, and experts.",
        rows,
        figure,
    )


def _expanded(found: Found) -> tuple[pd.DataFrame, list[str]]:
    counts = found.table("pattern_counts", without="no profiles are labelled")
    names = sorted(found.table("annotators")["annotator"])
    counts = counts[counts["pattern"].str.len() == len(names)]
    grouped = counts.groupby("pattern")["n_profiles"].sum().sort_values(ascending=False)
    if grouped.empty:
        raise NothingToDrawError("no profiles are labelled")
    return grouped.rename("profiles").reset_index(), names


def _upset(found: Found) -> Drawn:
    grouped, names = _expanded(found)
    shown = grouped.head(_PATTERNS_SHOWN)
    total = int(grouped["profiles"].sum())
    figure = go.Figure()
    figure.add_bar(
        x=list(range(len(shown))),
        y=shown["profiles"],
        marker={"color": BLUE},
        yaxis="y",
        showlegend=False,
        text=[count(number) for number in shown["profiles"]],
        textposition="outside",
        textfont={"size": 10},
        cliponaxis=False,
        hovertemplate="profiles: %{y:,}<extra></extra>",
    )
    marks: dict[str, list[tuple[int, int]]] = {"1": [], "0": [], "-": []}
    for across, pattern in enumerate(shown["pattern"]):
        for down, label in enumerate(pattern):
            marks[label].append((across, down))
    for label, name, colour, symbol in (
        ("1", "accepted", INK, "circle"),
        ("0", "refused", "#c9ced4", "circle"),
        ("-", "no label", MUTED, "x-thin-open"),
    ):
        if marks[label]:
            figure.add_scatter(
                x=[place[0] for place in marks[label]],
                y=[place[1] for place in marks[label]],
                yaxis="y2",
                mode="markers",
                name=name,
                hoverinfo="skip",
                marker={"color": colour, "symbol": symbol, "size": 10},
            )
    lay_out(
        figure,
        "Which labels occur together",
        f"The {len(shown)} most frequent of {how_many(len(grouped), 'pattern')}, among"
        f" {how_many(total, 'profile')}",
        height=340 + 26 * len(names),
    )
    figure.update_layout(
        yaxis={
            "domain": [0.42, 1],
            "title": "profiles (logarithmic)",
            "type": "log",
            "dtick": 1,
            "tickformat": ",",
        },
        yaxis2={
            "domain": [0, 0.38],
            "anchor": "x",
            "range": [len(names) - 0.5, -0.5],
            "tickvals": list(range(len(names))),
            "ticktext": [shorten(name) for name in names],
            "automargin": True,
            "showgrid": False,
            "ticks": "",
            "showline": False,
        },
        xaxis={"visible": False},
    )
    silent = grouped[~grouped["pattern"].str.contains("1")]["profiles"].sum()
    return Drawn(
        f"On {share(silent / total)} of the profiles nobody fires",
        "Bars of how many profiles have each pattern of labels, above a grid of who accepted.",
        shown,
        figure,
    )


def _agreement(found: Found) -> Drawn:
    grouped, names = _expanded(found)
    letters = np.array([list(pattern) for pattern in grouped["pattern"]])
    weights = grouped["profiles"].to_numpy(float)
    kappa = np.full((len(names), len(names)), np.nan)
    rows = []
    for one in range(len(names)):
        for other in range(one):
            kappa[one, other] = value = _kappa(letters[:, one], letters[:, other], weights)
            rows.append((names[one], names[other], value))
    numbers = pd.DataFrame(rows, columns=["annotator_a", "annotator_b", "kappa"])
    if numbers["kappa"].notna().sum() == 0:
        raise NothingToDrawError("no two annotators label the same profiles")
    short = [shorten(name) for name in names]
    figure = go.Figure(
        go.Heatmap(
            z=kappa[1:, :-1],
            x=short[:-1],
            y=short[1:],
            zmin=0,
            zmax=1,
            colorscale=[[0, "#f4f6f8"], [1, BLUE]],
            colorbar={"title": "kappa", "thickness": 12, "len": 0.8},
            text=[["" if np.isnan(v) else f"{v:.2f}" for v in line] for line in kappa[1:, :-1]],
            texttemplate="%{text}",
            hovertemplate="%{y}, %{x}: %{z:.2f}<extra></extra>",
            xgap=2,
            ygap=2,
        )
    )
    lay_out(
        figure,
        "Agreement of annotators on profiles",
        "Cohen's kappa: 0 is what chance gives, 1 is always",
        height=60 * len(names) + 220,
    )
    figure.update_xaxes(tickangle=-35, showgrid=False)
    figure.update_yaxes(autorange="reversed")
    top = numbers.loc[numbers["kappa"].idxmax()]
    return Drawn(
        f"{top['annotator_a']} and {top['annotator_b']} agree most, with kappa"
        f" {decimal(top['kappa'], 2)}",
        "A triangular matrix of Cohen's kappa for each pair of annotators.",
        numbers,
        figure,
    )


def _kappa(one: np.ndarray, other: np.ndarray, weights: np.ndarray) -> float:
    both = (one != "-") & (other != "-")
    n = weights[both].sum()
    if not n:
        return float("nan")
    first, second = one[both] == "1", other[both] == "1"
    agreed = weights[both][first == second].sum() / n
    p, q = weights[both][first].sum() / n, weights[both][second].sum() / n
    chance = p * q + (1 - p) * (1 - q)
    return float("nan") if chance == 1 else float((agreed - chance) / (1 - chance))


def _missing(found: Found) -> Drawn:
    grouped, names = _expanded(found)
    letters = np.array([list(pattern) for pattern in grouped["pattern"]])
    weights = grouped["profiles"].to_numpy(float)
    counts = [[weights[letters[:, n] == label].sum() for label in "10-"] for n in range(len(names))]
    numbers = pd.DataFrame(counts, columns=["accepted", "refused", "no_label"]).astype("int64")
    numbers.insert(0, "annotator", names)
    figure = go.Figure()
    for part, label, colour in (
        ("accepted", "accepted", BLUE),
        ("refused", "refused", "#c9ced4"),
        ("no_label", "no label", ORANGE),
    ):
        shares = numbers[part] / weights.sum()
        add_bars(figure, 100 * shares, range(len(names)), colour=colour, name=label)
        figure.data[-1].text = [share(value) if value > 0.06 else "" for value in shares]
        figure.data[-1].update(textposition="inside", textfont={"color": None})
    figure.update_layout(barmode="stack")
    share_axis(figure, "profiles (%)", 1.0)
    name_axis(figure, [shorten(name) for name in names])
    lay_out(
        figure,
        "What the annotators said of the profiles",
        how_many(weights.sum(), "profile"),
        height=34 * len(names) + 190,
    )
    most = numbers.loc[numbers["no_label"].idxmax()]
    title = (
        f"{most['annotator']} has no label for {how_many(most['no_label'], 'profile')}: most of all"
        if most["no_label"]
        else "Every annotator has a label for every profile"
    )
    return Drawn(
        title,
        "A bar for each annotator, divided into accepted, refused and without a label.",
        numbers,
        figure,
    )


def _raters(found: Found) -> Drawn:
    rows = found.table("rater_agreement", without="no profiles have been rated by people")
    rows = rows.dropna(subset=["kappa"]).reset_index(drop=True)
    if rows.empty:
        raise NothingToDrawError("no kappa of raters is defined")
    labels = [
        shorten(f"{row.raters}: {row.criterion or 'verdict'}", 44) for row in rows.itertuples()
    ]
    figure = go.Figure()
    scaled = rows.assign(**{name: rows[name] / 100 for name in ("kappa", "low", "high")})
    add_share_intervals(figure, scaled, range(len(rows)), middle="kappa", level=found.level)
    figure.update_traces(hovertemplate="kappa %{x:.2f}<extra></extra>")
    figure.update_xaxes(title_text="Cohen's kappa", range=[-1.02, 1.02])
    name_axis(figure, labels)
    lay_out(
        figure,
        "How far raters agree",
        f"Kappa and {percent(found.level)} interval, by pair of raters",
        height=34 * len(rows) + 180,
    )
    return Drawn(
        f"On the verdict, raters agree with kappa {decimal(rows['kappa'].iloc[0], 2)}",
        "Points with intervals: Cohen's kappa for each pair of raters and each criterion.",
        rows,
        figure,
    )


VIEWS = (
    View("rates", "annotators", _rates),
    View("plane", "annotators", _plane),
    View("precision", "annotators", _precision),
    View("firing", "annotators", _firing),
    View("agreement_drift", "annotators", _agreement_drift),
    View("patterns", "annotators", _upset),
    View("said", "annotators", _missing),
    View("agreement", "annotators", _agreement),
    View("correlations", "annotators", _correlations),
    View("correlation_intervals", "annotators", _correlation_intervals),
    View("raters", "annotators", _raters),
)
