"""Views of what asking LLMs has cost: money, tokens, and what came of them."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from ..wording import count, how_many, share
from .catalogue import Drawn, Found, NothingToDrawError, View
from .marks import BLUE, ORANGE, add_bars, name_axis
from .style import lay_out, shorten

__all__ = ["VIEWS"]

_NOBODY_WAS_ASKED = "this study asks no LLM: its labels come from files"
_SUMS = ["requests", "cost", "at_most", "labels", "no_label", "input_tokens", "output_tokens"]
_GREY = "#c9ced4"


def _by_model(found: Found) -> pd.DataFrame:
    rows = found.table("llm_spending", without=_NOBODY_WAS_ASKED)
    return rows.groupby("model", as_index=False)[_SUMS].sum()


def _money(value: float) -> str:
    return f"{value:,.2f}" if value >= 0.1 else f"{value:,.2g}"


def _cost(found: Found) -> Drawn:
    rows = _by_model(found)
    spent = rows["cost"] + rows["at_most"]
    if not spent.sum():
        raise NothingToDrawError("asking has cost nothing")
    rows = rows.assign(spent=spent).sort_values("spent", ascending=False, ignore_index=True)
    figure = go.Figure()
    for part, name, colour in (
        ("cost", "known", BLUE),
        ("at_most", "at most, where it is not known", ORANGE),
    ):
        add_bars(
            figure,
            rows[part],
            range(len(rows)),
            colour=colour,
            name=name,
            texts=[_money(value) if value else "" for value in rows[part]],
        )
    figure.update_layout(barmode="stack")
    figure.update_traces(textposition="auto", textfont={"color": None})
    figure.update_xaxes(title_text="cost (in the currency of the prices)", rangemode="tozero")
    name_axis(figure, [shorten(name) for name in rows["model"]])
    lay_out(
        figure,
        "What each model has cost",
        "All requests so far, those of earlier runs and those without an answer included",
        height=40 * len(rows) + 190,
    )
    each = spent.sum() / max(rows["labels"].sum(), 1)
    return Drawn(
        f"Labels have cost {_money(spent.sum())}, {_money(1000 * each)} a thousand",
        "A bar for each model: what asking it has cost.",
        rows,
        figure,
    )


def _tokens(found: Found) -> Drawn:
    rows = _by_model(found)
    total = rows["input_tokens"] + rows["output_tokens"]
    if not total.sum():
        raise NothingToDrawError("no answer has said how many tokens it took")
    figure = go.Figure()
    for part, name, colour in (
        ("input_tokens", "sent", BLUE),
        ("output_tokens", "received", ORANGE),
    ):
        add_bars(figure, rows[part], range(len(rows)), colour=colour, name=name)
    figure.update_layout(barmode="stack")
    figure.update_xaxes(title_text="tokens", tickformat=",", rangemode="tozero")
    name_axis(figure, [shorten(name) for name in rows["model"]])
    lay_out(
        figure,
        "Tokens by model",
        "Of the answers that stand today",
        height=40 * len(rows) + 190,
    )
    answers = rows["labels"].sum() + rows["no_label"].sum()
    return Drawn(
        f"{how_many(total.sum(), 'token')} for {how_many(answers, 'answer')}:"
        f" {count(total.sum() / max(answers, 1))} each",
        "A bar for each model, divided into tokens sent and received.",
        rows,
        figure,
    )


def _days(found: Found) -> Drawn:
    rows = found.table("llm_spending", without=_NOBODY_WAS_ASKED)
    rows = rows.groupby("day", as_index=False)[_SUMS].sum().sort_values("day")
    if len(rows) < 2:
        raise NothingToDrawError("LLMs were asked on one day only")
    rows = rows.assign(spent=(rows["cost"] + rows["at_most"]).cumsum())
    figure = go.Figure()
    figure.add_scatter(
        x=rows["day"],
        y=rows["spent"],
        mode="lines+markers",
        line={"color": BLUE, "shape": "hv"},
        showlegend=False,
        hovertemplate="%{x}: %{y:,.4g}<extra></extra>",
    )
    figure.update_xaxes(title_text="day (UTC)", type="date")
    figure.update_yaxes(title_text="spent so far", rangemode="tozero", tickformat=",")
    lay_out(
        figure,
        "What has been spent, day by day",
        "Sum over all models, in the currency of their prices; requests of unknown cost count with"
        " the most they can cost",
        height=380,
    )
    dearest = rows.loc[(rows["cost"] + rows["at_most"]).idxmax()]
    of_all = (dearest["cost"] + dearest["at_most"]) / max(rows["spent"].iloc[-1], 1e-12)
    return Drawn(
        f"{share(of_all)} was spent on {dearest['day']}, the dearest of"
        f" {how_many(len(rows), 'day')}",
        "A rising line: money spent so far, by day.",
        rows,
        figure,
    )


def _got(found: Found) -> Drawn:
    rows = _by_model(found)
    answers = rows["labels"] + rows["no_label"]
    rows = rows.assign(without=(rows["requests"] - answers).clip(lower=0))
    figure = go.Figure()
    for part, name, colour in (
        ("labels", "label", BLUE),
        ("no_label", "answer that is no label", ORANGE),
        ("without", "none, or asked again", _GREY),
    ):
        add_bars(figure, rows[part], range(len(rows)), colour=colour, name=name)
    figure.update_layout(barmode="stack")
    figure.update_xaxes(title_text="requests", tickformat=",", rangemode="tozero")
    name_axis(figure, [shorten(name) for name in rows["model"]])
    lay_out(figure, "What came of the requests", "By model, all runs", height=40 * len(rows) + 190)
    sent = max(rows["requests"].sum(), answers.sum(), 1)
    return Drawn(
        f"{share(rows['labels'].sum() / sent)} of {how_many(sent, 'request')} gave a label",
        "A bar for each model, divided by what its requests have led to.",
        rows,
        figure,
    )


VIEWS = (
    View("cost", "money", _cost),
    View("tokens", "money", _tokens),
    View("requests", "money", _got),
    View("spent_by_day", "money", _days),
)
