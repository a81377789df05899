"""Prepared labels of real profiles."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from difflib import get_close_matches

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import InputError
from ..model.annotators import Annotator, check_derived
from ..study import Study
from ..wording import how_many
from .annotators import study_annotators
from .identifiers import company_slug, normalise_company_id, without_formula
from .label_columns import wide_labels
from .tables import RawTable, read_entry
from .values import map_distinct

__all__ = ["read_profile_labels"]

#: Finding the likeliest match is slow; it is done for so many of the unmatched companies.
_MOST_MATCHED = 100


def read_profile_labels(
    study: Study,
    known_company_ids: Collection[str],
    annotators: Sequence[Annotator] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read the labels of a study's profiles.

    Parameters
    ----------
    study
        The study.
    known_company_ids
        Normalised ids of the company table. Profiles of other companies are counted in the
        rejects, one line a company, with the known id that is most like it.
    annotators
        The study's annotators; None finds them in the files.

    Returns
    -------
    labels
        company (slug), company_id, profile_id, annotator, label (Int8, missing where it could
        not be obtained); one row per profile and annotator. Without a column of ids, a profile
        goes by its line.
    rejects
        As `Rejects.frame`.

    Raises
    ------
    InputError
        The file cannot be read, an annotator has no column, no row can be used, or a derived
        annotator contradicts its definition.
    """
    entry = study.files.profile_labels
    if entry is None:
        raise InputError(f"{study.name}: the study has raw profiles, and no file of their labels.")
    annotators = study_annotators(study) if annotators is None else annotators
    columns = {each.name: each.name for each in annotators}
    columns |= {entry.name: entry.source_column for entry in study.annotators or ()}
    table = read_entry(entry, columns.values())
    rows = len(table)
    raw_ids = table.require(entry.columns.company_id, "files.profile_labels.columns.company_id")
    company_id = map_distinct(raw_ids, normalise_company_id)
    known = map_distinct(company_id, set(known_company_ids).__contains__).astype(bool)
    _reject_unmatched(table, company_id, known, known_company_ids)
    profile_id, identified = _identify(table, company_id, entry.columns.profile_id)
    usable = known & identified
    table, company_id, profile_id = table.keep(usable), company_id[usable], profile_id[usable]
    table.refuse_if_unusable(rows)
    wide = wide_labels(table, dict(sorted(columns.items())), study)
    check_derived(wide, annotators, table.source)
    return _long(wide, company_id, profile_id), table.rejects.frame()


def _reject_unmatched(
    table: RawTable,
    company_id: NDArray[np.object_],
    known: NDArray[np.bool_],
    known_company_ids: Collection[str],
) -> None:
    """Count the profiles without a company, one reject per company id."""
    strangers = pd.DataFrame({"company_id": company_id[~known], "line": table.line[~known]})
    counted = strangers.groupby("company_id")["line"].agg(["size", "min"])
    counted = counted.sort_values("size", ascending=False, kind="stable")
    for rank, (stranger, size, line) in enumerate(counted.itertuples()):
        if stranger == "":
            reason = f"{how_many(size, 'profile has', 'profiles have')} no company id; not used"
        else:
            of = f"of company {stranger!r}"
            lost = how_many(size, f"profile {of} has", f"profiles {of} have")
            reason = f"{lost} no row in the company table"
            near = (
                get_close_matches(stranger, known_company_ids, n=1) if rank < _MOST_MATCHED else []
            )
            reason += f" (likeliest match {near[0]!r})" if near else ""
            reason += "; not used. Add the company or correct the id"
        table.rejects.add(line, "company_id", reason)


def _identify(
    table: RawTable, company_id: NDArray[np.object_], column: str
) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    """Return each profile's id and whether the row has one that is new to its company."""
    if column not in table.columns:
        return table.line.astype(str).astype(object), np.ones(len(table), dtype=bool)
    ids = np.array([without_formula(t).strip() for t in table.columns[column]], dtype=object)
    empty = ids == ""
    table.rejects.add(table.line[empty], column, "the profile has no id; not used")
    pairs = pd.DataFrame({"company": company_id, "profile": ids})
    repeated = pairs.duplicated().to_numpy() & ~empty
    table.rejects.add(
        table.line[repeated], column, "the profile is already in an earlier row; not used"
    )
    return ids, ~(empty | repeated)


def _long(
    wide: pd.DataFrame, company_id: NDArray[np.object_], profile_id: NDArray[np.object_]
) -> pd.DataFrame:
    """Put one Int8 column per annotator into one row per profile and annotator."""
    names, rows = wide.columns, len(wide)
    profiles = pd.DataFrame(
        {
            "company": map_distinct(company_id, company_slug),
            "company_id": company_id,
            "profile_id": profile_id,
        }
    ).astype("str")
    long = profiles.take(np.tile(np.arange(rows), len(names))).reset_index(drop=True)
    long["annotator"] = pd.array(names, "str").take(np.repeat(np.arange(len(names)), rows))
    long["label"] = pd.concat([wide[name] for name in names], ignore_index=True)
    return long
