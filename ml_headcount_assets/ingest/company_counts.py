"""Counts of people in the company table: hits of all employees, accepted of those labelled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from ..errors import InputError
from ..study import CompaniesFile
from .numbers import read_counts
from .tables import RawTable

__all__ = ["COUNTS", "read_counts_of_people"]

#: What is counted, by the end of the columns' names: ``<annotator>_hits`` and so on.
COUNTS = ("hits", "accepted", "labelled")


def read_counts_of_people(
    table: RawTable, companies: pd.DataFrame, entry: CompaniesFile, annotators: Sequence[str]
) -> pd.DataFrame:
    """Return the counts in long form.

    Parameters
    ----------
    table
        The rows of the file.
    companies
        ``company, company_id`` of the same rows.
    entry
        Which columns count what; without it they go by their names.
    annotators
        Names of the study's annotators.

    Returns
    -------
    DataFrame
        ``company, company_id, annotator, hits, accepted, labelled`` (Int64): people found among
        all employees, and people accepted among those that were labelled. Rows without any
        number are left out.

    Raises
    ------
    InputError
        A column that the configuration names is missing, or belongs to nobody.
    """
    columns = _columns(table, entry, annotators)
    parts = []
    for name, of in columns.items():
        counted = {
            what: read_counts(
                table.require(column, f"files.companies.{_key(entry, what)}.{name}"),
                table.line,
                f"{name}_{what}",
                table.rejects,
            )
            for what, column in of.items()
        }
        part = companies[["company", "company_id"]].assign(annotator=name, **counted)
        parts.append(_usable(part.reindex(columns=_ALL), table))
    if not parts:
        return pd.DataFrame(columns=_ALL).astype(_TYPES)
    long = pd.concat(parts, ignore_index=True).astype(_TYPES)
    return long.dropna(subset=list(COUNTS), how="all").sort_values(
        ["company", "annotator"], ignore_index=True
    )


_ALL = ["company", "company_id", "annotator", *COUNTS]
_TYPES = {**dict.fromkeys(_ALL[:3], "str"), **dict.fromkeys(COUNTS, "Int64")}


def _key(entry: CompaniesFile, what: str) -> str:
    return "hits" if what == "hits" else "accepted"


def _columns(
    table: RawTable, entry: CompaniesFile, annotators: Sequence[str]
) -> dict[str, dict[str, str]]:
    """Return, by annotator, the column of each count that there is."""
    found: dict[str, dict[str, str]] = {}
    counted = [*_hits(table, entry, annotators), *_accepted(table, entry, annotators)]
    for name, what, column in counted:
        found.setdefault(name, {})[what] = column
    return found


def _hits(
    table: RawTable, entry: CompaniesFile, annotators: Sequence[str]
) -> Iterator[tuple[str, str, str]]:
    if entry.hits is None:
        yield from _by_name(table, ("hits",), annotators)
        return
    _refuse_strangers("hits", entry.hits, annotators)
    yield from ((name, "hits", column) for name, column in entry.hits.items())


def _accepted(
    table: RawTable, entry: CompaniesFile, annotators: Sequence[str]
) -> Iterator[tuple[str, str, str]]:
    if entry.accepted is None:
        yield from _by_name(table, ("accepted", "labelled"), annotators)
        return
    _refuse_strangers("accepted", entry.accepted, annotators)
    for name, columns in entry.accepted.items():
        yield name, "accepted", columns.accepted
        yield name, "labelled", columns.labelled


def _by_name(
    table: RawTable, suffixes: tuple[str, ...], annotators: Sequence[str]
) -> Iterator[tuple[str, str, str]]:
    """Yield columns that go by their names; those of nobody, or without their pair, are told."""
    for column in table.columns:
        name, _, what = column.rpartition("_")
        if what not in suffixes:
            continue
        others = {f"{name}_{other}" for other in suffixes} - {column}
        if name not in annotators:
            reason = "the column is not used: it counts people of no annotator of the study"
        elif not others <= set(table.columns):
            reason = f"the column is not used without {' and '.join(sorted(others))}"
        else:
            yield name, what, column
            continue
        table.rejects.add(1, column, reason)


def _refuse_strangers(key: str, given: Mapping[str, object], annotators: Sequence[str]) -> None:
    strangers = sorted(set(given) - set(annotators))
    if strangers:
        raise InputError(
            f"files.companies.{key}: {strangers[0]!r} is no annotator of the study; there are "
            f"{', '.join(annotators) or 'none'}. Correct or remove it."
        )


def _usable(counts: pd.DataFrame, table: RawTable) -> pd.DataFrame:
    """Return counts of which accepted and labelled go together; what does not is told."""
    name = counts["annotator"].iloc[0] if len(counts) else ""
    accepted, labelled = (counts[what].astype("Int64") for what in ("accepted", "labelled"))
    alone = (accepted.isna() != labelled.isna()).to_numpy(dtype=bool)
    more = (accepted > labelled).fillna(value=False).to_numpy(dtype=bool)
    for wrong, reason in (
        (alone, "accepted and labelled say something together only; not used"),
        (more, "more people are accepted than were labelled; not used. Correct one of the two"),
    ):
        table.rejects.add(table.line[wrong], f"{name}_accepted", reason)
    unusable = alone | more | (labelled == 0).fillna(value=False).to_numpy(dtype=bool)
    return counts.assign(
        **{what: counts[what].mask(np.asarray(unusable)) for what in ("accepted", "labelled")}
    )
