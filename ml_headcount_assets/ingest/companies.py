"""The company table: who is in the study, and how large they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..model.annotators import Annotator
from ..model.priors import size_band
from ..study import CompaniesFile, Study
from .annotators import study_annotators
from .company_counts import read_counts_of_people
from .countries import countries_of, country_named
from .identifiers import company_slug, normalise_company_id
from .numbers import read_headcounts
from .rejects import WHOLE_ROW, Rejects
from .tables import RawTable, read_entry
from .values import map_distinct, without_text_formula

__all__ = ["company_keys", "read_companies", "read_sizes"]

#: What the last row of a table is called that sums up the others, of which there are some.
_SUMS = frozenset(
    {"total", "totals", "sum", "grand total", "all", "summe", "gesamt", "gesamtergebnis", "totale"}
)
_FEWEST_SUMMED = 3


def company_keys(study: Study) -> list[str]:
    """Return the slugs of a study's companies, sorted, without reading anything else of them.

    Raises
    ------
    InputError
        As `read_companies`, of the column of ids.
    """
    entry = study.files.companies
    _, ids = _without_sum(*_identified(entry), entry)
    return sorted({company_slug(company) for company in ids})


def read_companies(
    study: Study, annotators: Sequence[Annotator] | None = None
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Read the company table of a study.

    A company that stands in several rows is taken from the first of them and belongs to the
    cohorts of all of them. A headcount that is zero, negative or no number is missing; see
    `numbers` for how numbers and bands may be written.

    Parameters
    ----------
    study
        The study.
    annotators
        Its annotators, of which some may come with counts; None finds them in the files.

    Returns
    -------
    companies
        company (the slug), company_id, name, aliases (further ids and names, joined by ";"),
        headcount (Int64), headcount_low and headcount_high (Int64; the ends of a band, in which
        case headcount is its middle), size_band, cohort (several are joined by ";"),
        headquarters, country (where the file has none: that of the headquarters, see
        `countries`); sorted by company. Missing text is NaN.
    counts
        As `read_counts_of_people`: what annotators found among all employees, or among those
        that they were asked about.
    rejects
        As `Rejects.frame`.

    Raises
    ------
    InputError
        The file cannot be read, a column that the configuration names is missing, or no row can
        be used.
    """
    entry = study.files.companies
    table, companies = _read(entry)
    known = study_annotators(study) if annotators is None else annotators
    counts = read_counts_of_people(table, companies, entry, [each.name for each in known])
    companies = companies.sort_values("company", ignore_index=True)
    return companies, counts, table.rejects.frame()


def read_sizes(study: Study) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return companies and rejects of `read_companies`, for which no annotators are needed.

    Raises
    ------
    InputError
        As `read_companies`.
    """
    table, companies = _read(study.files.companies)
    return companies.sort_values("company", ignore_index=True), table.rejects.frame()


def _read(entry: CompaniesFile) -> tuple[RawTable, pd.DataFrame]:
    """Return the file's rows, one a company, and the companies in the same order."""
    table, ids = _identified(entry)
    cohorts = _merge_cohorts(ids, _optional_text(table, entry, "cohort"))
    table, ids = _without_sum(table, ids, entry)
    first = _reject_repeats(table, ids)
    table, ids = table.keep(first), ids[first]
    return table, _companies(table, ids, cohorts, entry)


def _identified(entry: CompaniesFile) -> tuple[RawTable, NDArray[np.object_]]:
    """Return the rows of companies that have an id, and these ids, normalised."""
    table = read_entry(entry)
    rows = len(table)
    raw_ids = table.require(entry.columns.company_id, "files.companies.columns.company_id")
    ids = map_distinct(raw_ids, normalise_company_id)
    nameless = ids == ""
    table.rejects.add(
        table.line[nameless], "company_id", "the company has no id; not used. Give it one"
    )
    table, ids = table.keep(~nameless), ids[~nameless]
    table.refuse_if_unusable(rows)
    return table, ids


def _companies(
    table: RawTable, ids: NDArray[np.object_], cohorts: Mapping[str, str], entry: CompaniesFile
) -> pd.DataFrame:
    headcounts = table.require(entry.columns.headcount, "files.companies.columns.headcount")
    known = read_headcounts(headcounts, table.line, "headcount", table.rejects)
    headquarters = _optional_text(table, entry, "headquarters")
    country = _optional_text(table, entry, "country")
    based = _missing_if_empty(countries_of(headquarters.fillna("").tolist()))
    country = country.mask(country.isin(["Unknown", "unknown"])).fillna(based)
    country = country.map(country_named, na_action="ignore").astype("str")
    return pd.DataFrame(
        {
            "company": pd.array([company_slug(company) for company in ids], "str"),
            "company_id": pd.array(ids, "str"),
            "name": _optional_text(table, entry, "name"),
            "aliases": _optional_text(table, entry, "aliases"),
            "headcount": known.headcount,
            "headcount_low": known.low,
            "headcount_high": known.high,
            "size_band": size_band(known.headcount.to_numpy(dtype=float, na_value=np.nan)),
            "cohort": _missing_if_empty([cohorts[company] for company in ids]),
            "headquarters": headquarters,
            "country": country,
        }
    ).astype({"size_band": "str"})


def _optional_text(table: RawTable, entry: CompaniesFile, field: str) -> pd.Series:
    """Return a text column, all missing if the file has none and the configuration names none."""
    column = getattr(entry.columns, field)
    if column not in table.columns and field not in entry.columns.model_fields_set:
        return _missing_if_empty([""] * len(table))
    values = table.require(column, f"files.companies.columns.{field}")
    if field != "aliases":  # of which a link to a page is an id
        values = map_distinct(values, without_text_formula)
    return _missing_if_empty([value.strip() for value in values])


def _missing_if_empty(texts: Sequence[str]) -> pd.Series:
    return pd.Series([text or None for text in texts], dtype="str")


def _merge_cohorts(ids: NDArray[np.object_], cohort: pd.Series) -> dict[str, str]:
    """Return each company's cohorts, in the order of its rows, joined by ";"."""
    merged: dict[str, list[str]] = {}
    for company, cell in zip(ids, cohort.fillna(""), strict=True):
        names = (name.strip() for name in cell.split(";"))
        merged.setdefault(company, []).extend(name for name in names if name)
    return {company: ";".join(dict.fromkeys(names)) for company, names in merged.items()}


def _without_sum(
    table: RawTable, ids: NDArray[np.object_], entry: CompaniesFile
) -> tuple[RawTable, NDArray[np.object_]]:
    """Leave out a last row that is called a total and has the headcount of all others together."""
    if len(ids) < _FEWEST_SUMMED or ids[-1] not in _SUMS:
        return table, ids
    values = table.require(entry.columns.headcount, "files.companies.columns.headcount")
    counts = read_headcounts(values, table.line, "headcount", Rejects(table.source)).headcount
    if pd.isna(counts.iloc[-1]) or counts.iloc[-1] != counts.iloc[:-1].sum():
        return table, ids
    table.rejects.add(table.line[-1:], WHOLE_ROW, "the row is the sum of the others; not used")
    kept = np.arange(len(ids)) < len(ids) - 1
    return table.keep(kept), ids[kept]


def _reject_repeats(table: RawTable, ids: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Return which rows are the first of their company; the others go to the rejects."""
    series = pd.Series(ids)
    repeated = series.duplicated().to_numpy()
    first_line = pd.Series(table.line[~repeated], index=ids[~repeated])
    reasons = [
        f"company {company!r} is already in line {first_line[company]}; of this row only the"
        " cohort is used"
        for company in ids[repeated]
    ]
    table.rejects.add(table.line[repeated], WHOLE_ROW, reasons)
    return ~repeated
