"""What the command line shows of discovered keywords."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
from rich.table import Table
from rich.text import Text

from ml_headcount_assets.cli.tables import plain_table
from ml_headcount_assets.wording import count, decimal, percent, share

__all__ = ["filters_table", "phrases_table", "themes_table", "verdict_lines"]

_THEMES, _PHRASES_OF_THEME, _PHRASES = 12, 5, 12
_JUDGED = ("cross_validated", "same_cvs")


def themes_table(themes: pd.DataFrame) -> Table:
    """Return the largest themes of table keyword_themes, those of experts first."""
    shown = themes.nlargest(_THEMES, "n_phrases").sort_values("log_odds", ascending=False)
    title = "Themes" if len(shown) == len(themes) else f"The largest of {len(themes)} themes"
    table = plain_table(title, ("theme", ">phrases", ">log odds", "among them"))
    for row in shown.itertuples():
        among = [phrase for phrase in row.phrases if phrase != row.name][:_PHRASES_OF_THEME]
        table.add_row(
            Text(row.name), count(row.n_phrases), f"{row.log_odds:+.1f}", Text(", ".join(among))
        )
    table.caption = "log odds: above 0 in CVs of experts, below 0 in those of others"
    return table


def phrases_table(phrases: pd.DataFrame) -> Table:
    """Return the phrases of both kinds of list that speak most clearly for their class."""
    table = plain_table(
        "Phrases that speak most clearly",
        ("for experts", ">experts", ">others", ">z", "for others", ">experts", ">others", ">z"),
    )
    sides = [
        phrases[phrases[f"{side}_broad"] | phrases[f"{side}_strict"]]
        .sort_values("z", ascending=side == "no")
        .head(_PHRASES)
        for side in ("yes", "no")
    ]
    for number in range(max(map(len, sides))):
        table.add_row(*(cell for side in sides for cell in _phrase_cells(side, number)))
    table.caption = "experts, others: rated CVs that have the phrase; z: log-odds ratio over its sd"
    return table


def _phrase_cells(side: pd.DataFrame, number: int) -> Iterator[Text]:
    if number >= len(side):
        yield from [Text()] * 4
        return
    row = side.iloc[number]
    yield Text(row["phrase"])
    yield Text(count(row["experts"]))
    yield Text(count(row["others"]))
    yield Text(f"{row['z']:+.1f}")


def filters_table(filters: pd.DataFrame) -> Table:
    """Return the filters of table keyword_filters_found, judged in both ways one below the other.

    Those that lack a list are left out: they are the same as others, or never fire.
    """
    filters = filters[filters["yes_terms"].map(len) > 0]
    table = plain_table(
        "Filters, judged on CVs they were not learned on",
        ("filter", ">sensitivity", ">specificity", ">bits per CV"),
    )
    honest, flattering = (
        filters[filters["judged"] == judged].set_index("filter") for judged in _JUDGED
    )
    for name, row in honest.sort_values("information", ascending=False).iterrows():
        table.add_row(
            Text(str(name), style="bold" if row["proposed"] else ""),
            _with_interval(row, "sensitivity"),
            _with_interval(row, "specificity"),
            _bits(row["information"], row["information_sd"]),
        )
        same = flattering.loc[name]
        table.add_row(
            "  on the same CVs",
            share(same["sensitivity"]),
            share(same["specificity"]),
            _bits(same["information"]),
            style="dim",
        )
    table.caption = (
        "on the same CVs: what the filter seems to do on those it was learned on; in brackets"
        f" {' and '.join(map(percent, filters['level'].unique()))} intervals"
    )
    return table


def verdict_lines(filters: pd.DataFrame) -> Iterator[Text]:
    """Yield which filter is proposed, and why."""
    proposed = filters[filters["proposed"]]
    if proposed.empty:
        yield Text(
            "No filter is proposed: on CVs they were not learned on, none tells more than its noise"
            " beyond what the other annotators tell."
        )
        return
    row = proposed.iloc[0]
    yield Text.assemble(
        ("Proposed", "bold"),
        f": {row['filter']}. Beyond the labels of the other annotators, it tells most about who is"
        f" an expert: {_bits(row['information'], row['information_sd'])} bits per CV,"
        " cross-validated. It fires on a text that has",
    )
    yield Text.assemble(("  one of", "bold"), f": {', '.join(row['yes_terms'])}")
    if len(row["no_terms"]):
        yield Text.assemble(("  none of", "bold"), f": {', '.join(row['no_terms'])}")


def _with_interval(row: pd.Series, rate: str) -> str:
    low, high = (f"{100 * row[f'{rate}_{end}']:.0f}" for end in ("low", "high"))
    return f"{share(row[rate])} ({low}-{high})"


def _bits(value: float, sd: float | None = None) -> str:
    if sd is None or pd.isna(value) or pd.isna(sd):
        return decimal(value, 3)
    return f"{decimal(value, 3)} ± {decimal(sd, 3)}"
