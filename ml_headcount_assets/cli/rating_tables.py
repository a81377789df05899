"""What the command line shows of verdicts and of raters' agreement."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich.table import Table
from rich.text import Text

from ml_headcount_assets.cli.tables import plain_table
from ml_headcount_assets.wording import count, decimal, how_many, interval, percent, share

if TYPE_CHECKING:
    from ml_headcount_assets.model.rating_design import RatingDesign

__all__ = ["agreement_table", "effect_table", "plan_lines", "plan_table", "standing_line"]

_SHOWN_KINDS = 15


def standing_line(rated: pd.DataFrame) -> str:
    """Return how many verdicts there are, how many count, and why the others do not."""
    standing = rated["standing"].value_counts()
    counted = rated[rated["standing"] == "counts"]
    people = len(counted[["company", "profile_id"]].drop_duplicates())
    yes = int((counted["verdict"] == "yes").sum())
    others = ", ".join(f"{why} {n}" for why, n in standing.items() if why != "counts")
    return (
        f"{how_many(len(rated), 'verdict is', 'verdicts are')} in;"
        f" {how_many(len(counted), 'counts', 'count')}"
        f" ({yes} yes, {len(counted) - yes} no), on {how_many(people, 'profile')}"
        + (f"; set aside: {others}." if others else ".")
    )


def agreement_table(agreed: pd.DataFrame, letters: Mapping[str, str]) -> Table:
    """Return how far raters agree.

    Parameters
    ----------
    agreed
        Rows of table rater_agreement.
    letters
        The letter of each rater.
    """
    level = percent(float(agreed["level"].iloc[0]))
    columns = ["raters", "on", ">profiles", ">agreed", ">kappa", f">{level} interval"]
    table = plain_table("Agreement between raters", columns)
    for row in agreed.to_dict("records"):
        kappa = "undefined" if pd.isna(row["kappa"]) else f"{row['kappa']:.2f}"
        table.add_row(
            Text(str(row["raters"])),
            Text(str(row["criterion"]) or "verdict"),
            count(row["n_profiles"]),
            share(row["agreed"]),
            kappa,
            f"{row['low']:.2f} to {row['high']:.2f}",
        )
    names = "; ".join(f"{letter}: {name}" for name, letter in letters.items())
    table.caption = Text(f"kappa: agreement beyond chance, 1 is perfect, 0 is chance. {names}")
    return table


def plan_table(plan: RatingDesign, annotators: Sequence[str]) -> Table:
    """Return which kinds of profile are to be rated, the most first.

    Parameters
    ----------
    plan
        The round.
    annotators
        Whose labels a pattern's characters are.
    """
    columns = ["whose", "labels", ">profiles", ">experts", ">to rate", ">by chance"]
    table = plain_table("Profiles to rate", columns)
    for row in plan.strata.head(_SHOWN_KINDS).to_dict("records"):
        table.add_row(
            Text(str(row["group"])),
            Text(str(row["pattern"])),
            count(row["n_profiles"]),
            share(row["expert_share"]),
            count(row["n_ratings"]),
            count(row["n_random"]),
        )
    rest = plan.strata.iloc[_SHOWN_KINDS:]
    if len(rest):
        more = f"{len(rest)} more kinds"
        table.add_row(
            more, "", "", "", count(rest["n_ratings"].sum()), count(rest["n_random"].sum())
        )
    table.caption = f"Labels of {', '.join(annotators)}; - where there is none."
    return table


def plan_lines(plan: RatingDesign, chosen: int) -> Iterator[str]:
    """Yield what a round is expected to buy, and what it lacks."""
    low, median, high = plan.total
    after, by_chance = (
        percent(round(part, 2)) for part in (plan.narrowed, plan.narrowed_by_chance)
    )
    yield (
        f"Total of {plan.purpose}: {count(median)}, {percent(plan.level)} interval"
        f" {interval(low, high)}. These ratings are expected to leave {after} of its width; as"
        f" many drawn by chance, {by_chance}. Expectations of a linear rule, not promises."
    )
    if chosen < plan.n:
        yield (
            f"Only {count(chosen)} of {count(plan.n)} could be chosen: the other profiles of these"
            " kinds have no text in the warehouse."
        )


def effect_table(found: pd.DataFrame) -> Table:
    """Return what verdicts have changed: rows of table rating_effect."""
    level = percent(float(found["level"].iloc[0]))
    columns = ("what", "of whom", ">without", ">with", ">of its width")
    intervals = (">without", ">with")
    table = plain_table("Without and with people's verdicts", columns, broken=intervals)
    for row in found.to_dict("records"):
        of_whom = ", ".join(part for part in (str(row["subject"]), str(row["text"])) if part)
        table.add_row(
            Text(str(row["quantity"]).replace("_", " ")),
            Text(of_whom),
            *(_estimate(row, when) for when in ("before", "after")),
            "" if pd.isna(row["narrowed"]) else share(row["narrowed"]),
        )
    rated = count(found["rated_profiles"].iloc[0])
    table.caption = f"Median and {level} interval; {rated} profiles have been rated."
    return table


def _estimate(row: Mapping[str, Any], when: str) -> str:
    low, median, high = (row[f"{when}_{end}"] for end in ("low", "median", "high"))
    if row["quantity"] == "experts":
        return f"{count(median)} ({interval(low, high)})"
    if row["quantity"] == "drift scale":
        return f"{decimal(median, 2)} ({decimal(low, 2)} to {decimal(high, 2)})"
    return f"{share(median)} ({share(low)} to {share(high)})"
