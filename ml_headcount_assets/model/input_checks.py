"""What is handed to `estimate_headcount`: refused where it cannot be meant as it stands."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import InputError
from ..wording import how_many
from .annotators import Annotator
from .labels import label_matrix
from .rated import FEWEST_RATED

__all__ = [
    "check_companies",
    "check_counts",
    "check_frames",
    "check_numbers",
    "check_profiles",
    "warn_about_constants",
    "warn_about_few",
    "warn_about_time",
]

_COMPANIES, _PROFILES = "the company table", "the profiles"
#: Columns `<annotator><suffix>` of the company table that count people.
_COUNTS = ("_hits", "_accepted", "_labelled")
# Seconds that a draw of 12 annotators takes on one core; each further one doubles it.
_SECONDS_OF_TWELVE = 3.3
_MANY_ANNOTATORS = 10


def check_frames(**frames: Any) -> None:
    """Refuse what is no data frame of pandas."""
    for name, frame in frames.items():
        if not isinstance(frame, pd.DataFrame):
            raise InputError(
                f"{name} must be a pandas DataFrame, not {type(frame).__name__}; convert it first."
            )


def check_numbers(draws: Any, seed: Any) -> None:
    """Refuse numbers of draws and seeds that are none."""
    if isinstance(draws, bool) or not isinstance(draws, Integral) or draws < 2:
        raise InputError(f"draws must be a whole number from 2 on, not {draws!r}.")
    if isinstance(seed, bool) or not isinstance(seed, Integral) or seed < 0:
        raise InputError(f"seed must be a whole number from 0 on, not {seed!r}.")


def check_companies(companies: pd.DataFrame) -> None:
    """Refuse a company table without ids, or with headcounts that are no numbers of people."""
    for column in ("company_id", "headcount"):
        if column not in companies.columns:
            raise InputError(f"The company table has no column {column!r}.")
    _refuse_rows(companies, companies["company_id"].isna(), _COMPANIES, "has no company_id")
    values = _numbers(companies, "headcount", _COMPANIES)
    _refuse_rows(
        companies,
        np.isinf(values) | (values != np.trunc(values)) & ~np.isnan(values),
        _COMPANIES,
        "has a headcount that is not a whole number of people",
    )


def check_profiles(profiles: pd.DataFrame) -> None:
    """Refuse profiles of nobody's company, and weights that are no numbers of profiles."""
    if "company_id" not in profiles.columns:
        raise InputError("The profiles have no column 'company_id'.")
    _refuse_rows(profiles, profiles["company_id"].isna(), _PROFILES, "has no company_id")
    if "n_profiles" in profiles.columns:
        _refuse_uncountable(profiles, "n_profiles", _PROFILES, optional=False)


def check_counts(companies: pd.DataFrame, annotators: Sequence[Annotator]) -> None:
    """Refuse counts of people that cannot be, alone or beside each other."""
    known = {
        f"{annotator.name}{suffix}": _refuse_uncountable(
            companies, f"{annotator.name}{suffix}", _COMPANIES
        )
        for annotator in annotators
        for suffix in _COUNTS
        if f"{annotator.name}{suffix}" in companies
    }
    for annotator in annotators:
        for part in annotator.derived:
            both, one = f"{annotator.name}_hits", f"{part}_hits"
            if both in known and one in known:
                # Comparisons with a missing number are false.
                _refuse_rows(
                    companies,
                    known[both] > known[one],
                    _COMPANIES,
                    f"has more {both} than {one}, of which they are a part",
                )


def warn_about_constants(
    validation: pd.DataFrame, profiles: pd.DataFrame, annotators: Sequence[Annotator]
) -> None:
    """Warn of annotators that say one thing to all rated CVs, and both to profiles."""
    names = [annotator.name for annotator in annotators]
    rated = label_matrix(validation, names, "the rated CVs")
    deployed = label_matrix(profiles, names, _PROFILES)
    for column, name in enumerate(names):
        said = _said(rated[:, column])
        if len(said) == 1 and len(_said(deployed[:, column])) > 1:
            warnings.warn(
                f"Annotator {name!r} says {said[0]} to every rated CV, but both 0 and 1 to "
                "profiles: how often it errs cannot be known from the rated CVs. Check its "
                "labels, or leave it out.",
                stacklevel=3,
            )


def warn_about_few(validation: pd.DataFrame) -> None:
    """Warn if few experts, or few others, have been rated."""
    experts = int((pd.to_numeric(validation["is_expert"], errors="coerce") == 1).sum())
    others = len(validation) - experts
    if min(experts, others) < FEWEST_RATED:
        warnings.warn(
            f"Only {how_many(experts, 'rated CV is', 'rated CVs are')} of experts and {others} of"
            " others. With fewer than "
            f"{FEWEST_RATED} of a class, prior beliefs about the annotators decide more than the "
            "CVs do: do not trust the estimate, and rate more CVs.",
            stacklevel=4,
        )


def warn_about_time(annotators: Sequence[Annotator]) -> None:
    """Warn of so many annotators that their label patterns take their time."""
    if len(annotators) >= _MANY_ANNOTATORS:
        seconds = _SECONDS_OF_TWELVE * 2.0 ** (len(annotators) - 12)
        warnings.warn(
            f"{len(annotators)} annotators have {2 ** len(annotators):,} label patterns in each "
            f"class; a draw takes about {seconds:.1f} s.",
            stacklevel=3,
        )


def _said(labels: NDArray[np.int8]) -> NDArray[np.int8]:
    return np.unique(labels[labels >= 0])


def _refuse_uncountable(
    frame: pd.DataFrame, column: str, where: str, *, optional: bool = True
) -> NDArray[np.float64]:
    """Return a column of counts, NaN where missing, having refused what counts nothing."""
    values = _numbers(frame, column, where)
    wrong = np.isinf(values) | (values < 0) | (values != np.trunc(values)) & ~np.isnan(values)
    if not optional:
        wrong |= np.isnan(values)
    _refuse_rows(frame, wrong, where, f"has no whole number from 0 on in {column!r}")
    return values


# In text "5.000" is five thousand to some and five to others; read as five it would be so silently.
_GROUPED = re.compile(r"\s*[+-]?\d{1,3}(?:[.,]\d{3})+\s*")


def _numbers(frame: pd.DataFrame, column: str, where: str) -> NDArray[np.float64]:
    grouped = frame[column].map(lambda value: isinstance(value, str) and _GROUPED.fullmatch(value))
    problem = f"has a number in {column!r} that can be read in two ways (5.000: 5, or 5000)"
    _refuse_rows(frame, grouped.astype(bool), where, problem)
    values = pd.to_numeric(frame[column], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    truths = frame[column].map(lambda value: isinstance(value, (bool, np.bool_)))
    unread = np.isnan(values) & frame[column].notna().to_numpy() | truths.to_numpy(dtype=bool)
    _refuse_rows(frame, unread, where, f"has something else than a number in {column!r}")
    return values


def _refuse_rows(
    frame: pd.DataFrame, wrong: pd.Series | NDArray[np.bool_], where: str, problem: str
) -> None:
    places = np.flatnonzero(np.asarray(wrong, dtype=bool))
    if len(places):
        more = f" (and {len(places) - 1} more)" if len(places) > 1 else ""
        raise InputError(
            f"In {where}, row {_name(frame, int(places[0]))}{more} {problem}. Correct it, or "
            "leave the row out."
        )


def _name(frame: pd.DataFrame, place: int) -> str:
    """Return how a row is called: by its index, and by its company where that has an id."""
    parts: Iterator[str] = (
        f" of company {value!r}"
        for value in ([frame["company_id"].iloc[place]] if "company_id" in frame else [])
        if pd.notna(value)
    )
    return f"{frame.index[place]!r}{''.join(parts)}"
