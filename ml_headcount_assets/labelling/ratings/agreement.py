"""How far raters agree with each other, and which profiles need one more opinion."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from string import ascii_uppercase

import pandas as pd

from ml_headcount_assets.model.agreement import agreement
from ml_headcount_assets.warehouse.schemas import TABLES

__all__ = ["letters_of", "open_questions", "rater_agreement"]

_PROFILE = ["company", "company_id", "profile_id"]


def letters_of(rated: pd.DataFrame) -> dict[str, str]:
    """Return a letter for each rater, in the order of their names: results hold no names."""
    names = sorted(rated["rater"].unique())
    return {name: _letters(place) for place, name in enumerate(names)}


def _letters(place: int) -> str:
    before, last = divmod(place, len(ascii_uppercase))
    return (_letters(before - 1) if before else "") + ascii_uppercase[last]


def rater_agreement(rated: pd.DataFrame, level: float) -> pd.DataFrame:
    """Return how far each two raters agree, on the verdict and on each criterion.

    Parameters
    ----------
    rated
        Rows of table rated_profiles. What does not count, and "unsure", is left out.
    level
        Probability content of the intervals.

    Returns
    -------
    DataFrame
        Rows of table rater_agreement. A criterion is compared between raters who both tick
        criteria at all.
    """
    counted, letters = rated[rated["standing"] == "counts"], letters_of(rated)
    rows = [
        {"raters": f"{letters[first]} {letters[second]}", **row}
        for first, second in combinations(letters, 2)
        for row in _of_two(counted, first, second, level)
    ]
    return pd.DataFrame(rows, columns=list(TABLES["rater_agreement"].columns))


def _of_two(
    counted: pd.DataFrame, first: str, second: str, level: float
) -> Iterator[dict[str, object]]:
    own, other = (counted[counted["rater"] == rater] for rater in (first, second))
    both = own.merge(other, on=_PROFILE, suffixes=("", "_other"))
    if both.empty:
        return
    yield _row("", both["verdict"] == "yes", both["verdict_other"] == "yes", level)
    ticked = [_ticked(each) for each in (own["criteria"], other["criteria"])]
    for criterion in sorted(ticked[0] | ticked[1]) if all(ticked) else ():
        yield _row(
            criterion,
            _has(both["criteria"], criterion),
            _has(both["criteria_other"], criterion),
            level,
        )


def _has(criteria: pd.Series, criterion: str) -> pd.Series:
    return criteria.map(lambda given: criterion in given).astype(bool)


def _ticked(criteria: pd.Series) -> set[str]:
    return {each for given in criteria for each in given}


def _row(criterion: str, first: pd.Series, second: pd.Series, level: float) -> dict[str, object]:
    found = agreement(
        (first & second).sum(),
        (first & ~second).sum(),
        (~first & second).sum(),
        (~first & ~second).sum(),
        level=level,
    )
    names = ("both_yes", "first_only", "second_only", "both_no")
    return {
        "criterion": criterion,
        "n_profiles": len(first),
        **dict(zip(names, found.counts, strict=True)),
        "agreed": found.agreed,
        "kappa": found.kappa,
        "low": found.low,
        "high": found.high,
        "level": level,
    }


def open_questions(rated: pd.DataFrame) -> pd.DataFrame:
    """Return the profiles about which raters are divided, or about which nobody is sure.

    Parameters
    ----------
    rated
        Rows of table rated_profiles.

    Returns
    -------
    DataFrame
        company, company_id, profile_id, why ("raters disagree" or "nobody is sure"); sorted. As
        many yes as no are a disagreement; a third opinion decides it.
    """
    sure = rated.assign(
        yes=(rated["standing"] == "counts") & (rated["verdict"] == "yes"),
        no=(rated["standing"] == "counts") & (rated["verdict"] == "no"),
        unsure=rated["standing"] == "unsure",
    )
    said = sure.groupby(_PROFILE, as_index=False)[["yes", "no", "unsure"]].sum()
    said["why"] = ""
    said.loc[(said["yes"] > 0) & (said["yes"] == said["no"]), "why"] = "raters disagree"
    said.loc[(said["yes"] + said["no"] == 0) & (said["unsure"] > 0), "why"] = "nobody is sure"
    return said.loc[said["why"] != "", [*_PROFILE, "why"]].reset_index(drop=True)
