"""What people said of deployed profiles, counted by label pattern: nobody's verdict is here.

Not to be mixed up with `rated`: rated CVs were chosen by others and are no one's employees.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import InputError
from .annotators import Annotator
from .patterns import decode_patterns

__all__ = ["DeployedVerdicts", "check_ratings", "company_verdicts", "cvs_for_errors"]

_COLUMNS = ("company_id", "pattern", "yes", "no", "n_profiles")


@dataclass(frozen=True)
class DeployedVerdicts:
    """Rated profiles of one company.

    Attributes
    ----------
    labels
        Label pattern of each of V kinds of rated profile, (V, J), -1 where missing.
    yes, no
        Raters who called each of them an expert, and none, (V,). A profile that two people rated
        has yes + no = 2, so that double ratings stay visible.
    counts
        Profiles of each kind, (V,).
    """

    labels: NDArray[np.int8]
    yes: NDArray[np.int64]
    no: NDArray[np.int64]
    counts: NDArray[np.int64]

    @property
    def n_profiles(self) -> int:
        """Number of rated profiles."""
        return int(self.counts.sum())

    def ordered(self, order: NDArray[np.intp]) -> DeployedVerdicts:
        """Return the same with the annotators in another order."""
        return DeployedVerdicts(self.labels[:, order], self.yes, self.no, self.counts)

    def rated_of(self, labels: NDArray[np.int8]) -> NDArray[np.int64]:
        """Return how many of the profiles with each of these patterns (P, J) are rated, (P,)."""
        same = (labels[:, None] == self.labels[None]).all(axis=2)
        return (same * self.counts).sum(axis=1)


def check_ratings(ratings: pd.DataFrame, annotators: Sequence[Annotator]) -> None:
    """Refuse ratings that cannot be used.

    Raises
    ------
    InputError
        A column is absent, a count is none, or a pattern does not fit the annotators.
    """
    for name in _COLUMNS:
        if name not in ratings.columns:
            raise InputError(
                f"The ratings have no column {name!r}; they need {', '.join(_COLUMNS)}."
            )
    for name in ("yes", "no", "n_profiles"):
        values = pd.to_numeric(ratings[name], errors="coerce").to_numpy(dtype=float)
        wrong = ~(np.isfinite(values) & (values >= 0) & (values == np.floor(values)))
        if wrong.any():
            row = ratings.index[np.flatnonzero(wrong)[0]]
            raise InputError(f"In the ratings, row {row!r} has no count in {name!r}; correct it.")
    fits = ratings["pattern"].astype(str).str.fullmatch(f"[01-]{{{len(annotators)}}}")
    if not fits.all():
        row = ratings.index[np.flatnonzero(~fits)[0]]
        raise InputError(
            f"In the ratings, row {row!r} has a pattern that is not one of 0, 1 and - for each of "
            f"the {len(annotators)} annotators, by name; count the ratings again."
        )


def company_verdicts(
    ratings: pd.DataFrame,
    described: Sequence[Annotator],
    kept: Sequence[Annotator],
    *,
    missing_as_zero: bool = False,
) -> Mapping[str, DeployedVerdicts]:
    """Count the verdicts of each company over the likelihood's annotators.

    Parameters
    ----------
    ratings
        ``company_id``, ``pattern`` over all `described` annotators, ``yes``, ``no``,
        ``n_profiles``.
    described, kept
        All annotators, sorted by name, and those of the likelihood.
    missing_as_zero
        Read missing labels as 0.

    Returns
    -------
    Mapping
        By company. Profiles without any label, and those nobody decided on, are left out.

    Raises
    ------
    InputError
        The ratings cannot be used.
    """
    check_ratings(ratings, described)
    positions = [list(described).index(annotator) for annotator in kept]
    reduced = ratings["pattern"].astype(str).map(lambda text: "".join(text[i] for i in positions))
    told = (reduced != "-" * len(positions)) & (ratings["yes"] + ratings["no"] > 0)
    rows = ratings.assign(
        company_id=ratings["company_id"].astype(str),
        pattern=reduced.str.replace("-", "0") if missing_as_zero else reduced,
    )[told & (ratings["n_profiles"] > 0)]
    keys = ["company_id", "pattern", "yes", "no"]
    counted = rows.groupby(keys, sort=True)["n_profiles"].sum().reset_index()
    return {
        str(company_id): DeployedVerdicts(
            decode_patterns(list(group["pattern"])),
            *(group[name].to_numpy(dtype=np.int64) for name in ("yes", "no", "n_profiles")),
        )
        for company_id, group in counted.groupby("company_id", sort=False)
    }


def cvs_for_errors(
    rated: pd.DataFrame,
    ratings: pd.DataFrame | None,
    annotators: Sequence[Annotator],
    *,
    ratings_are_random: bool,
) -> pd.DataFrame:
    """Return the CVs on which error rates are measured, where they are measured on CVs alone.

    Sensitivities and specificities are shares within a class. Profiles that were chosen by their
    labels would distort them, so that ratings of deployed profiles are used only where they are
    a random sample.

    Parameters
    ----------
    rated
        Rated CVs: ``is_expert`` and one column per annotator.
    ratings
        As `company_verdicts` takes them, or None.
    annotators
        All annotators.
    ratings_are_random
        Whether the ratings are a random sample.

    Returns
    -------
    DataFrame
        `rated`, and if the ratings are a random sample a row more for each profile on which most
        of its raters agree.

    Raises
    ------
    InputError
        The ratings cannot be used.
    """
    if not ratings_are_random or ratings is None or ratings.empty:
        return rated
    described = sorted(annotators, key=lambda annotator: annotator.name)
    check_ratings(ratings, described)
    decided = ratings[(ratings["yes"] != ratings["no"]) & (ratings["n_profiles"] > 0)]
    labels = decode_patterns(list(decided["pattern"].astype(str)))
    names = [annotator.name for annotator in described]
    rows = pd.DataFrame(labels, columns=names, dtype="Int8")
    rows = rows.mask(rows < 0).assign(
        is_expert=(decided["yes"] > decided["no"]).to_numpy(dtype=int)
    )
    rows = rows.loc[rows.index.repeat(decided["n_profiles"].astype(int))]
    columns = [name for name in ("is_expert", *names) if name in rated.columns]
    return pd.concat([rated, rows[columns]], ignore_index=True)
