"""Views of what the estimates rest on: what was there, what was used, what was set aside."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ..wording import count, how_many, share
from .catalogue import Drawn, Found, NothingToDrawError, View
from .marks import BLUE, GREEN, ORANGE, SYMBOLS, add_bars, name_axis, share_axis
from .style import MUTED, SIZE_BAND_LABELS, lay_out, shorten

__all__ = ["VIEWS"]

_FIELDS = {
    "name": "name",
    "headcount": "headcount",
    "cohort": "cohort",
    "headquarters": "headquarters",
    "country": "country",
}


def _flow(found: Found) -> Drawn:
    rows = found.of_headline("headcount_intervals")
    profiles = rows["evidence"] == "profiles"
    counts = rows["evidence"] == "aggregates"
    none = rows["evidence"] == "none"
    detected = rows["confidence"].isin(["probable", "possible"])
    links = [
        ("companies", "labelled profiles", int(profiles.sum()), BLUE),
        ("companies", "counts only", int(counts.sum()), ORANGE),
        ("companies", "no evidence", int(none.sum()), MUTED),
        ("labelled profiles", "experts found", int((profiles & detected).sum()), BLUE),
        ("labelled profiles", "may be none", int((profiles & ~detected).sum()), "#c9ced4"),
        ("counts only", "experts found", int((counts & detected).sum()), ORANGE),
        ("counts only", "may be none", int((counts & ~detected).sum()), "#c9ced4"),
    ]
    numbers = pd.DataFrame(links, columns=["from", "to", "companies", "colour"])
    numbers = numbers[numbers["companies"] > 0].reset_index(drop=True)
    nodes = list(dict.fromkeys([*numbers["from"], *numbers["to"]]))
    into = numbers.groupby("to")["companies"].sum()
    sizes = {node: int(into.get(node, len(rows))) for node in nodes}
    figure = go.Figure(
        go.Sankey(
            node={
                "label": [f"{node}: {count(sizes[node])}" for node in nodes],
                "color": MUTED,
                "thickness": 14,
                "pad": 24,
            },
            link={
                "source": numbers["from"].map(nodes.index),
                "target": numbers["to"].map(nodes.index),
                "value": numbers["companies"],
                "color": [_pale(colour) for colour in numbers["colour"]],
            },
            textfont={"size": 12},
        )
    )
    lay_out(figure, "From companies to findings", "Number of companies on each way", height=380)
    return Drawn(
        f"Of {how_many(len(rows), 'company')} {how_many(profiles.sum(), 'rests', 'rest')} on"
        " labelled profiles,"
        f" {count(counts.sum())} on counts, {count(none.sum())} on nothing",
        "Flow chart: companies by what is known of them, and by whether experts were found.",
        numbers.drop(columns="colour"),
        figure,
    )


def _pale(colour: str) -> str:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.35)"


def _coverage(found: Found) -> Drawn:
    rows = found.of_headline("headcount_intervals")
    rows = rows[(rows["n_profiles"] > 0) & rows["headcount"].notna()].reset_index(drop=True)
    if rows.empty:
        raise NothingToDrawError("no company has both labelled profiles and a headcount")
    rows = rows.assign(covered=rows["n_profiles"] / rows["headcount"].astype(float))
    bands = found.table("companies").set_index("company")["size_band"]
    figure = go.Figure()
    for number, (band, label) in enumerate(SIZE_BAND_LABELS.items()):
        chosen = rows[rows["company"].map(bands) == band]
        if len(chosen):
            figure.add_scatter(
                x=chosen["headcount"].astype(float),
                y=100 * chosen["covered"],
                mode="markers",
                name=label,
                marker={
                    "color": (BLUE, ORANGE, GREEN, "#CC79A7", MUTED)[number],
                    "symbol": SYMBOLS[number],
                    "size": 8,
                    "opacity": 0.8,
                },
                hovertemplate="employees: %{x:,}; %{y:.3g} % with labels<extra></extra>",
            )
    figure.update_xaxes(type="log", title_text="employees (logarithmic)", tickformat=",", dtick=1)
    figure.update_yaxes(title_text="employees whose profile is labelled (%)", rangemode="tozero")
    lay_out(figure, "How much of each company has been seen", "Companies with profiles", height=440)
    whole = rows["n_profiles"].sum() / rows["headcount"].astype(float).sum()
    return Drawn(
        f"In companies with profiles {share(whole)} of the employees have labels",
        "Scatter: employees across, share of them with labelled profiles up.",
        rows[["company_id", "headcount", "n_profiles", "covered"]],
        figure,
    )


def _complete(found: Found) -> Drawn:
    companies = found.table("companies")
    rows = found.of_headline("headcount_intervals").set_index("company")["evidence"]
    evidence = companies["company"].map(rows)
    shares = {label: float(companies[name].notna().mean()) for name, label in _FIELDS.items()}
    shares["labelled profiles"] = float((evidence == "profiles").mean())
    counts = found.read("company_counts")
    counted = set(counts["company"]) if counts is not None else set()
    shares["counts of annotators"] = float(companies["company"].isin(counted).mean())
    numbers = pd.DataFrame({"what": list(shares), "share": list(shares.values())})
    figure = go.Figure()
    add_bars(
        figure,
        100 * numbers["share"],
        range(len(numbers)),
        texts=[share(value) for value in numbers["share"]],
    )
    share_axis(figure, "companies of which it is known (%)", 1.1)
    name_axis(figure, list(numbers["what"]))
    lay_out(
        figure,
        "What is known of the companies",
        how_many(len(companies), "company"),
        height=30 * len(numbers) + 170,
    )
    least = numbers.loc[numbers["share"].idxmin()]
    return Drawn(
        f"Least is known of the {least['what']}: of {share(least['share'])} of the companies",
        "Bars: share of companies of which each field and kind of evidence is known.",
        numbers,
        figure,
    )


def _hits(found: Found) -> Drawn:
    counts = found.table("company_counts", without="there are no counts of companies")
    patterns = found.table("pattern_counts", without="no profiles are labelled")
    names = sorted(found.table("annotators")["annotator"])
    headcounts = found.table("companies").set_index("company")["headcount"].astype(float)
    patterns = patterns[patterns["pattern"].str.len() == len(names)]
    rows = []
    for name, of_name in counts.dropna(subset=["hits"]).groupby("annotator"):
        if name not in names:
            continue
        letters = patterns["pattern"].str[names.index(name)]
        given = patterns[letters != "-"].groupby("company")["n_profiles"].sum()
        fired = patterns[letters == "1"].groupby("company")["n_profiles"].sum()
        for row in of_name.itertuples():
            if row.company in given.index and headcounts.get(row.company, 0) > 0:
                seen = fired.get(row.company, 0) / given[row.company]
                rows.append((row.company_id, name, row.hits / headcounts[row.company], seen))
    if not rows:
        raise NothingToDrawError("no company has both hits and labelled profiles")
    table = pd.DataFrame(rows, columns=["company_id", "annotator", "hits_share", "profiles_share"])
    figure = go.Figure()
    for number, (name, of_name) in enumerate(table.groupby("annotator")):
        figure.add_scatter(
            x=100 * of_name["profiles_share"],
            y=100 * of_name["hits_share"],
            mode="markers",
            name=shorten(str(name)),
            marker={
                "color": (BLUE, ORANGE, GREEN)[number % 3],
                "symbol": SYMBOLS[number % 6],
                "size": 8,
                "opacity": 0.75,
            },
            hovertemplate="on profiles %{x:.3g} %, by search %{y:.3g} %<extra></extra>",
        )
    end = 100 * float(table[["hits_share", "profiles_share"]].max().max()) or 1
    figure.add_scatter(
        x=[0, end],
        y=[0, end],
        mode="lines",
        showlegend=False,
        hoverinfo="skip",
        line={"color": MUTED, "dash": "dot", "width": 1},
    )
    figure.update_xaxes(title_text="fires on labelled profiles (%)", rangemode="tozero")
    figure.update_yaxes(title_text="found among all employees (%)", rangemode="tozero")
    lay_out(
        figure,
        "Search counts against labelled profiles",
        "A point for each company and filter; dotted: the same share",
        height=470,
    )
    ratio = (
        table["hits_share"] / table["profiles_share"].where(table["profiles_share"] > 0)
    ).median()
    title = (
        f"In the median company a search finds {ratio:.2g} times the share that the labels have"
        if pd.notna(ratio)
        else "Filters fire on no labelled profile of companies with hits"
    )
    return Drawn(title, "Scatter: share by labels across, share by search up.", table, figure)


def _rejects(found: Found) -> Drawn:
    rows = found.table("rejects", without="every row of every file was used")
    grouped = rows.groupby(["source_file", "field", "reason"], dropna=False).size().rename("rows")
    grouped = grouped.sort_values(ascending=False).reset_index().head(20)
    labels = [shorten(f"{row.source_file}: {row.reason}", 70) for row in grouped.itertuples()]
    figure = go.Figure()
    add_bars(
        figure, grouped["rows"], range(len(grouped)), texts=[count(n) for n in grouped["rows"]]
    )
    figure.update_xaxes(title_text="rows", tickformat=",")
    name_axis(figure, labels)
    lay_out(
        figure,
        "What was set aside or could be read otherwise",
        "By file and reason",
        height=28 * len(grouped) + 170,
    )
    return Drawn(
        f"{how_many(len(rows), 'row or value was', 'rows or values were')} set aside or noted",
        "Bars: how many rows were set aside for each reason.",
        grouped,
        figure,
    )


def _synthetic(found: Found) -> Drawn:
    rows = found.of_headline("synthetic_counts", without="no company has counts only")
    counts = found.table("company_counts", without="there are no counts of companies")
    names = sorted(found.table("annotators")["annotator"])
    length = rows["pattern"].str.len()
    rows = rows[length == len(names)]
    if rows.empty:
        raise NothingToDrawError("no expected count is of all annotators")
    out = []
    for name, of_name in counts.dropna(subset=["hits"]).groupby("annotator"):
        if name in names:
            fired = rows[rows["pattern"].str[names.index(name)] == "1"]
            expected = fired.groupby("company")["mean_count"].sum()
            for row in of_name.itertuples():
                if row.company in expected.index:
                    out.append(
                        (row.company_id, name, float(row.hits), float(expected[row.company]))
                    )
    if not out:
        raise NothingToDrawError("no company with counts has expected ones")
    table = pd.DataFrame(out, columns=["company_id", "annotator", "hits", "expected"])
    figure = go.Figure()
    for number, (name, of_name) in enumerate(table.groupby("annotator")):
        figure.add_scatter(
            x=of_name["hits"] + 1,
            y=of_name["expected"] + 1,
            mode="markers",
            name=shorten(str(name)),
            marker={
                "color": (BLUE, ORANGE, GREEN)[number % 3],
                "symbol": SYMBOLS[number % 6],
                "size": 8,
            },
            hovertemplate="%{x:.0f} and %{y:.0f}, each plus 1<extra></extra>",
        )
    end = float(table[["hits", "expected"]].max().max()) + 1
    figure.add_scatter(
        x=[1, end],
        y=[1, end],
        mode="lines",
        showlegend=False,
        hoverinfo="skip",
        line={"color": MUTED, "dash": "dot", "width": 1},
    )
    figure.update_xaxes(type="log", title_text="found among all employees, plus 1 (logarithmic)")
    figure.update_yaxes(type="log", title_text="in the filled-up company, plus 1 (logarithmic)")
    lay_out(
        figure,
        "Counts, real and filled up",
        "Companies whose employees are filled up from the fit",
        height=470,
    )
    ratio = float(np.median((table["expected"] + 1) / (table["hits"] + 1)))
    return Drawn(
        f"Filled-up companies have {ratio:.2g} times the hits that were found, in the median",
        "Scatter: hits found across, hits in filled-up companies up.",
        table,
        figure,
    )


VIEWS = (
    View("flow", "evidence", _flow),
    View("coverage", "evidence", _coverage),
    View("complete", "evidence", _complete),
    View("hits", "evidence", _hits),
    View("synthetic", "evidence", _synthetic),
    View("rejects", "evidence", _rejects),
)
