"""Views of what the fit has learned, and of what speaks against it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ..wording import count, decimal, how_many, percent, share
from .catalogue import Drawn, Found, NothingToDrawError, View
from .marks import (
    BLUE,
    GREEN,
    ORANGE,
    PINK,
    add_bars,
    add_count_intervals,
    add_share_intervals,
    name_axis,
    share_axis,
)
from .style import MUTED, SIZE_BAND_LABELS, lay_out, shorten

__all__ = ["VIEWS"]

_ROWS = 40
_SETS_IN = "over-dispersion sets in"
#: What the table of deployed rates calls rated CVs.
_RATED = "rated"


def _prior_posterior(found: Found) -> Drawn:
    rows = found.of_headline("prior_posterior").head(_ROWS)
    labels = [_of_kind(row.cohort, row.band, row.companies) for row in rows.itertuples()]
    figure = go.Figure()
    add_share_intervals(
        figure, rows, range(len(rows)), middle="posterior_mean", level=found.level, name="learned"
    )
    figure.add_scatter(
        x=100 * rows["prior_mean"],
        y=list(range(len(rows))),
        mode="markers",
        name="prior",
        marker={"color": MUTED, "symbol": "line-ns-open", "size": 14, "line": {"width": 2}},
        hovertemplate="prior %{x:.3g} %<extra></extra>",
    )
    share_axis(figure, "share of experts among employees (%)")
    name_axis(figure, labels)
    lay_out(
        figure,
        "Share of experts by band: prior and what was learned",
        f"Mean and {percent(found.level)} interval of the mean share. In brackets: companies",
        height=26 * len(rows) + 180,
    )
    most = rows.loc[rows["shift_in_prior_sd"].abs().idxmax()]
    way = "up" if most["shift_in_prior_sd"] > 0 else "down"
    return Drawn(
        f"The data moved {_of_kind(most['cohort'], most['band'], most['companies'])} most:"
        f" {decimal(abs(most['shift_in_prior_sd']), 1)} prior standard deviations {way}",
        "For each cohort and size band the learned share with its interval, and the prior's mean.",
        rows,
        figure,
    )


def _of_kind(cohort: str, band: str, companies: float) -> str:
    text = ", ".join(
        part for part in (shorten(str(cohort or ""), 20), SIZE_BAND_LABELS[band]) if part
    )
    return f"{text} ({count(companies)})"


def _deployed_rates(found: Found) -> Drawn:
    rows = found.of_headline("deployed_rates")
    rows = rows[rows["rate"] == "sensitivity"]
    names = sorted(rows["annotator"].unique())
    texts = list(dict.fromkeys(rows["text"]))
    figure = go.Figure()
    looks = ((ORANGE, "square"), (BLUE, "circle"), (GREEN, "diamond"), (PINK, "triangle-up"))
    for number, text in enumerate(texts):
        of_text = rows[rows["text"] == text].set_index("annotator")
        of_text = of_text.reindex([name for name in names if name in of_text.index])
        shift = 0.18 * (number - (len(texts) - 1) / 2)
        colour, symbol = looks[number % len(looks)]
        add_share_intervals(
            figure,
            of_text,
            [names.index(name) + shift for name in of_text.index],
            middle="mean",
            level=found.level,
            colour=colour,
            symbol=symbol,
            name="rated CVs" if text == _RATED else text,
        )
    share_axis(figure, "sensitivity: share of experts accepted (%)", 1.0)
    name_axis(figure, [shorten(name) for name in names])
    lay_out(
        figure,
        "Sensitivity on rated CVs and in deployment",
        f"Mean and {percent(found.level)} interval, by where the labels come from",
        height=44 * len(names) + 190,
    )
    wide = rows.pivot(index="annotator", columns="text", values="mean")
    if _RATED in wide and wide.shape[1] > 1:
        gap = wide.drop(columns=_RATED).sub(wide[_RATED], axis=0).stack()
        who, where = gap.abs().idxmax()
        title = (
            f"{who} moved most: from {share(wide.loc[who, _RATED])} of experts accepted on"
            f" rated CVs to {share(wide.loc[who, where])} on {where}"
        )
    else:
        title = "Sensitivities in deployment"
    return Drawn(
        title,
        "For each annotator its sensitivity with interval on rated CVs and on deployed texts.",
        rows.reset_index(drop=True),
        figure,
    )


def _easy_people(found: Found) -> Drawn:
    rows = found.of_headline("deployed_rates")
    rows = rows[rows["rate"].isin(["near_miss_rate", "easy_rate", "false_positive_rate"])]
    if rows.empty:
        raise NothingToDrawError(f"{found.headline} does not report it")
    rows = rows.sort_values(["annotator", "text", "rate"]).reset_index(drop=True)
    labels = [
        shorten(f"{row.annotator}, {'rated CVs' if row.text == _RATED else row.text}", 46)
        for row in rows.itertuples()
    ]
    order = list(dict.fromkeys(labels))
    figure = go.Figure()
    for rate, name, colour, symbol in (
        ("false_positive_rate", "rated others", ORANGE, "square"),
        ("near_miss_rate", "near misses in deployment", BLUE, "circle"),
        ("easy_rate", "easy people in deployment", GREEN, "diamond"),
    ):
        chosen = (rows["rate"] == rate).to_numpy()
        if chosen.any():
            places = [
                order.index(label) for label, keep in zip(labels, chosen, strict=True) if keep
            ]
            add_share_intervals(
                figure,
                rows[chosen],
                places,
                middle="mean",
                level=found.level,
                colour=colour,
                symbol=symbol,
                name=name,
            )
    share_axis(figure, "non-experts accepted (%)")
    name_axis(figure, order)
    lay_out(
        figure,
        "Which non-experts are accepted",
        f"Mean and {percent(found.level)} interval",
        height=28 * len(order) + 190,
    )
    worst = rows.loc[rows["mean"].idxmax()]
    return Drawn(
        f"Non-experts are accepted most by {worst['annotator']}: {share(worst['mean'])} of those in"
        f" {'rated CVs' if worst['text'] == _RATED else worst['text']}",
        "Rates with intervals at which each annotator accepts near misses and easy people.",
        rows,
        figure,
    )


def _scales(found: Found) -> Drawn:
    rows = found.of_headline("learned_scales")
    rows = rows[~rows["quantity"].str.contains(_SETS_IN)].reset_index(drop=True)
    if rows.empty:
        raise NothingToDrawError(f"{found.headline} does not report it")
    figure = _quantities(rows, rows["median"], rows["low"], rows["high"])
    figure.update_xaxes(title_text="value, on the scale of the model")
    lay_out(
        figure,
        "Scales that were learned",
        f"Median and {percent(found.level)} interval",
        height=26 * len(rows) + 180,
    )
    top = rows.loc[(rows["high"] - rows["low"]).idxmax()]
    return Drawn(
        f"Least is known of the {top['quantity']}: {decimal(top['low'], 2)} to"
        f" {decimal(top['high'], 2)}",
        "Points with intervals: drifts, spreads and shares that the fit has learned.",
        rows,
        figure,
    )


def _dispersion(found: Found) -> Drawn:
    rows = found.of_headline("learned_scales")
    rows = rows[rows["quantity"].str.contains(_SETS_IN)].reset_index(drop=True)
    if rows.empty:
        raise NothingToDrawError(f"{found.headline} does not report it")
    figure = _quantities(
        rows, *(np.log10(rows[part].clip(lower=1)) for part in ("median", "low", "high"))
    )
    top = int(np.ceil(np.log10(rows["high"].max())))
    figure.update_xaxes(
        title_text="people from whom on companies differ more than chance gives (logarithmic)",
        tickvals=list(range(top + 1)),
        ticktext=[count(10**power) for power in range(top + 1)],
        range=[0, top],
    )
    lay_out(
        figure,
        "From how many people on companies differ by more than chance",
        f"Median and {percent(found.level)} interval; the fewer, the more companies differ",
        height=36 * len(rows) + 180,
    )
    least = rows.loc[rows["median"].idxmin()]
    return Drawn(
        f"Over-dispersion sets in first for {least['quantity'].split(' at ')[0]}: at"
        f" {how_many(least['median'], 'person')}",
        "Points with intervals: sizes from which on companies differ by more than chance.",
        rows,
        figure,
    )


def _quantities(
    rows: pd.DataFrame, median: pd.Series, low: pd.Series, high: pd.Series
) -> go.Figure:
    figure = go.Figure()
    figure.add_scatter(
        x=median,
        y=list(range(len(rows))),
        mode="markers",
        showlegend=False,
        marker={"color": BLUE, "size": 8},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": high - median,
            "arrayminus": median - low,
            "thickness": 2,
            "width": 0,
            "color": BLUE,
        },
        customdata=rows["median"],
        hovertemplate="%{customdata:.3g}<extra></extra>",
    )
    labels = [
        shorten(f"{row.quantity}: {row.subject}".rstrip(": "), 52) for row in rows.itertuples()
    ]
    name_axis(figure, labels)
    return figure


def _cohort_patterns(found: Found) -> Drawn:
    rows = found.of_headline("cohort_patterns")
    rows = rows.reindex(rows["deviation"].abs().sort_values(ascending=False).index).head(24)
    rows = rows.reset_index(drop=True)
    labels = [
        shorten(
            f"{row.cohort or 'all'}: {row.annotators}".replace("llm_", "").replace("filter_", "")
            + ("" if row.text == "profiles" else f" ({row.text})"),
            50,
        )
        for row in rows.itertuples()
    ]
    figure = go.Figure()
    predicted = rows.rename(columns={"expected": "middle"})
    add_share_intervals(
        figure,
        predicted,
        range(len(rows)),
        middle="middle",
        level=found.level,
        colour=MUTED,
        symbol="square",
        name="expected by the fit",
    )
    figure.add_scatter(
        x=100 * rows["seen"],
        y=list(range(len(rows))),
        mode="markers",
        name="seen",
        marker={"color": BLUE, "size": 9},
        hovertemplate="seen %{x:.3g} %<extra></extra>",
    )
    share_axis(figure, "people on whom they fire (%)")
    name_axis(figure, labels)
    lay_out(
        figure,
        "Labels in deployment: seen and expected",
        f"The {len(rows)} furthest from the fit, with its {percent(found.level)} prediction",
        height=26 * len(rows) + 190,
    )
    outside = ((rows["seen"] < rows["low"]) | (rows["seen"] > rows["high"])).sum()
    return Drawn(
        f"{outside} of these {len(rows)} lie outside of their {percent(found.level)} prediction",
        "For single annotators and pairs, by cohort, the share seen and the share expected.",
        rows,
        figure,
    )


def _rootogram(found: Found) -> Drawn:
    rows = found.of_headline("predictive_checks", without="no rated CV could be predicted")
    rows = rows.sort_values("expected", ascending=False).head(30).reset_index(drop=True)
    root_expected, root_seen = np.sqrt(rows["expected"]), np.sqrt(rows["observed"])
    figure = go.Figure()
    figure.add_bar(
        x=list(range(len(rows))),
        y=-root_seen,
        base=root_expected,
        marker={"color": [BLUE if e else ORANGE for e in rows["is_expert"]]},
        showlegend=False,
        customdata=np.column_stack([rows["pattern"], rows["observed"], rows["expected"].round(1)]),
        hovertemplate="%{customdata[0]}: seen %{customdata[1]}, expected %{customdata[2]}"
        "<extra></extra>",
    )
    figure.add_scatter(
        x=list(range(len(rows))),
        y=root_expected,
        mode="lines+markers",
        name="expected",
        line={"color": MUTED},
    )
    for colour, name in ((BLUE, "seen, experts"), (ORANGE, "seen, others")):
        figure.add_scatter(
            x=[None],
            y=[None],
            mode="markers",
            name=name,
            marker={"color": colour, "symbol": "square", "size": 10},
        )
    figure.add_hline(y=0, line={"color": MUTED, "width": 1})
    figure.update_xaxes(
        tickvals=list(range(len(rows))),
        ticktext=list(rows["pattern"]),
        tickangle=-60,
        title_text="pattern",
    )
    figure.update_yaxes(title_text="square root of the number of rated CVs")
    lay_out(
        figure,
        "Patterns of rated CVs, hanging from what was predicted",
        "A bar that ends above or below the line was predicted too high or too low",
        height=430,
    )
    worst = rows.loc[(root_seen - root_expected).abs().idxmax()]
    return Drawn(
        f"Pattern {worst['pattern']} fits worst:"
        f" {how_many(worst['observed'], 'rated CV has', 'rated CVs have')} it,"
        f" {decimal(worst['expected'], 1)} were predicted",
        "A hanging rootogram: bars of observed patterns hang from the curve of predicted ones.",
        rows,
        figure,
    )


def _diagnostics(found: Found) -> Drawn:
    all_rows = found.of_headline("diagnostics")
    rows = all_rows.dropna(subset=["value"])
    rows = rows[(rows["threshold"] > 0) & (rows["value"] > 0)]
    # Of some measures much is good, of others little: the verdict tells which.
    much_is_bad = (rows["value"] > rows["threshold"]) == (rows["verdict"] == "doubtful")
    ratio = rows["value"] / rows["threshold"]
    rows = rows.assign(against=ratio.where(much_is_bad, 1 / ratio))
    rows = rows.sort_values("against", ascending=False).head(24).reset_index(drop=True)
    if rows.empty:
        raise NothingToDrawError("nothing was measured that has a threshold")
    labels = [
        "<br>".join(shorten(part, 46) for part in (row.measure, row.subject) if part)
        for row in rows.itertuples()
    ]
    figure = go.Figure()
    for verdict, colour, symbol in (("doubtful", ORANGE, "square"), ("good", BLUE, "circle")):
        chosen = (rows["verdict"] == verdict).to_numpy()
        figure.add_scatter(
            x=rows.loc[chosen, "against"],
            y=np.flatnonzero(chosen),
            mode="markers",
            name=verdict,
            marker={"color": colour, "symbol": symbol, "size": 10},
            customdata=rows.loc[chosen, ["value", "threshold"]],
            hovertemplate="%{customdata[0]:.3g}, threshold %{customdata[1]:.3g}<extra></extra>",
        )
    figure.add_vline(x=1, line={"color": MUTED, "dash": "dot"})
    figure.update_xaxes(
        title_text="how far towards the threshold, and beyond (1 is the threshold)",
        rangemode="tozero",
    )
    name_axis(figure, labels)
    lay_out(
        figure,
        "Diagnostics against their thresholds",
        "Dotted: the threshold. The nearest to it or beyond it first",
        height=34 * len(rows) + 190,
    )
    doubtful = int((all_rows["verdict"] == "doubtful").sum())
    return Drawn(
        f"{doubtful} of {how_many(len(all_rows), 'measure')} speak against the estimate",
        "Points: each measure as a multiple of the threshold from which on it is doubtful.",
        rows,
        figure,
    )


def _sensitivity(found: Found) -> Drawn:
    rows = found.of_headline("prior_sensitivity", without="the run was without --sensitivity")
    rows = rows[rows["group_name"].isin(["", "all", "all companies"])].dropna(subset=["median"])
    if rows.empty:
        raise NothingToDrawError("no variant has a total")
    rows = rows.reset_index(drop=True)
    figure = go.Figure()
    add_count_intervals(figure, rows, range(len(rows)), level=found.level)
    name_axis(figure, [shorten(name, 44) for name in rows["variant"]])
    lay_out(
        figure,
        "The total under other assumptions",
        f"Median and {percent(found.level)} interval of all companies together",
        height=30 * len(rows) + 180,
    )
    far = rows.loc[(np.log(rows["ratio"].clip(lower=1e-9))).abs().idxmax()]
    return Drawn(
        f"Furthest off is the total {far['variant']!s}: {decimal(far['ratio'], 2)} times as it is",
        "The total with its interval, as it is and with priors or evidence changed.",
        rows,
        figure,
    )


def _rating_effect(found: Found) -> Drawn:
    rows = found.table("rating_effect", without="no profiles were rated, or no --sensitivity")
    rates = rows[(rows["quantity"] == "sensitivity") & (rows["text"] == "profiles")]
    if rates.empty:
        raise NothingToDrawError("people's verdicts tell of no annotator that reads profiles")
    names = sorted(rates["subject"])
    rates = rates.set_index("subject").loc[names]
    figure = go.Figure()
    for shift, when, words, colour, symbol in (
        (-0.12, "before", "without the verdicts", ORANGE, "square"),
        (0.12, "after", "with them", BLUE, "circle"),
    ):
        ends = {f"{when}_{end}": end for end in ("low", "median", "high")}
        add_share_intervals(
            figure,
            rates[list(ends)].rename(columns=ends),
            [place + shift for place in range(len(names))],
            middle="median",
            level=found.level,
            colour=colour,
            symbol=symbol,
            name=words,
        )
    share_axis(figure, "sensitivity on profiles: share of experts accepted (%)", 1.0)
    name_axis(figure, [shorten(name) for name in names])
    lay_out(
        figure,
        "What people's verdicts have told of the annotators",
        f"Median and {percent(found.level)} interval; profiles rated:"
        f" {count(rows['rated_profiles'].iloc[0])}",
        height=44 * len(names) + 190,
    )
    total = rows[(rows["quantity"] == "experts") & (rows["subject"] == "all")]
    left = total["narrowed"].iloc[0] if len(total) else float("nan")
    return Drawn(
        f"The verdicts leave {share(left)} of the width of the total's interval"
        if np.isfinite(left)
        else "What people's verdicts have told of the annotators",
        "For each annotator its sensitivity on profiles with interval, without and with verdicts.",
        rows.reset_index(drop=True),
        figure,
    )


def _budget(found: Found) -> Drawn:
    rows = found.of_headline("uncertainty_budget", without="the run was without --sensitivity")
    rows = rows[(rows["company_id"] == "") & (rows["layer"] != "all")].reset_index(drop=True)
    if rows.empty:
        raise NothingToDrawError("the run was without --sensitivity")
    figure = go.Figure()
    add_bars(
        figure,
        rows["width_alone"],
        range(len(rows)),
        texts=[count(width) for width in rows["width_alone"]],
    )
    figure.update_xaxes(title_text="width of the interval by this source alone (experts)")
    name_axis(figure, [layer.replace("_", " ") for layer in rows["layer"]])
    lay_out(
        figure,
        "Where the uncertainty of the total comes from",
        f"Width of the {percent(found.level)} interval when only this source varies",
        height=34 * len(rows) + 170,
    )
    top = rows.loc[rows["width_alone"].idxmax()]
    return Drawn(
        f"Most of it is {top['layer'].replace('_', ' ')}: alone it makes the interval"
        f" {count(top['width_alone'])} wide",
        "Bars: width of the total's interval by each of the five sources of uncertainty alone.",
        rows,
        figure,
    )


def _company_budget(found: Found) -> Drawn:
    rows = found.of_headline("uncertainty_budget", without="the run was without --sensitivity")
    known = found.known().head(15)
    rows = rows[rows["company_id"].isin(known["company_id"]) & (rows["layer"] != "all")]
    if rows.empty or rows["share"].isna().all():
        raise NothingToDrawError("no company has a budget of its own")
    wide = rows.pivot(index="company_id", columns="layer", values="share").fillna(0)
    known = known[known["company_id"].isin(wide.index)]
    wide = wide.loc[known["company_id"]]
    figure = go.Figure()
    colours = (BLUE, ORANGE, GREEN, PINK, "#E69F00", "#56B4E9")
    for layer, colour in zip(wide.columns, colours, strict=False):
        add_bars(
            figure, 100 * wide[layer], range(len(wide)), colour=colour, name=layer.replace("_", " ")
        )
    figure.update_layout(barmode="stack")
    figure.update_traces(hovertemplate="%{x:.0f} %<extra></extra>")
    share_axis(figure, "share of the variances of the sources alone (%)", 1.0)
    name_axis(figure, list(known["label"]))
    lay_out(
        figure,
        "Where the uncertainty of single companies comes from",
        f"The {len(wide)} largest",
        height=26 * len(wide) + 190,
    )
    leading = wide.idxmax(axis=1).value_counts()
    return Drawn(
        f"In {leading.iloc[0]} of the {len(wide)} largest companies most is"
        f" {str(leading.index[0]).replace('_', ' ')}",
        "Stacked bars: shares of five sources of uncertainty, by company.",
        rows.reset_index(drop=True),
        figure,
    )


VIEWS = (
    View("prior_posterior", "fit", _prior_posterior),
    View("deployed_rates", "fit", _deployed_rates),
    View("easy_people", "fit", _easy_people),
    View("scales", "fit", _scales),
    View("dispersion", "fit", _dispersion),
    View("cohort_patterns", "fit", _cohort_patterns),
    View("diagnostics", "fit", _diagnostics),
    View("sensitivity", "fit", _sensitivity),
    View("rating_effect", "fit", _rating_effect),
    View("budget", "fit", _budget),
    View("company_budget", "fit", _company_budget),
    View("rootogram", "validity", _rootogram),
)
