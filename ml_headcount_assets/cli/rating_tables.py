"""What the command line shows of verdicts and of raters' agreement."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from rich.table import Table
from rich.text import Text

from ml_headcount_assets.cli.tables import plain_table
from ml_headcount_assets.wording import count, percent, share

__all__ = ["agreement_table", "standing_line"]


def standing_line(rated: pd.DataFrame) -> str:
    """Return how many verdicts there are, how many count, and why the others do not."""
    standing = rated["standing"].value_counts()
    counted = rated[rated["standing"] == "counts"]
    people = len(counted[["company", "profile_id"]].drop_duplicates())
    yes = int((counted["verdict"] == "yes").sum())
    others = ", ".join(f"{why} {n}" for why, n in standing.items() if why != "counts")
    return (
        f"{len(rated)} verdicts are in; {len(counted)} count ({yes} yes, {len(counted) - yes} no),"
        f" on {people} profiles" + (f"; set aside: {others}." if others else ".")
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
