"""Tables for other programs: CSV, Parquet, and one Excel workbook."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, TYPE_STRING

from .results import StudyResults

__all__ = ["write_tables"]

WORKBOOK = "results.xlsx"
#: A spreadsheet takes what begins with one of these for a formula (OWASP, CSV Injection).
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def write_tables(results: StudyResults, directory: Path) -> list[Path]:
    """Write every table as CSV and as Parquet, and all of them as one workbook.

    The files appear when all of them are complete; files of the same names are replaced.

    Parameters
    ----------
    results
        What the study found.
    directory
        Where the files go; made if it is not there.

    Returns
    -------
    list of Path
        The files.
    """
    tables = _tables(results)
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory, prefix=".writing-") as work:
        for name, table in tables.items():
            _without_formulas(table).to_csv(
                Path(work) / f"{name}.csv", index=False, lineterminator="\n"
            )
            table.to_parquet(Path(work) / f"{name}.parquet", index=False)
        # Every reject by itself could be more rows than a workbook holds.
        sheets = {**tables, "rejects": results.reject_counts()}
        _write_workbook(sheets, Path(work) / WORKBOOK)
        finished = sorted(Path(work).iterdir())
        return [path.replace(directory / path.name) for path in finished]


def _tables(results: StudyResults) -> Mapping[str, pd.DataFrame]:
    """Return the tables by name; the name of a company stands beside its id."""
    order = ["company_id", "label", "cohort", "size_band", "country", "estimator"]
    intervals = results.intervals.rename(columns={"label": "name"}).drop(columns="company")
    first = ["name" if column == "label" else column for column in order]
    rest = [column for column in intervals.columns if column not in first]
    return {
        "headcount_intervals": intervals[[*first, *rest]],
        "portfolio_intervals": results.portfolio,
        "annotator_summary": results.annotator_summary,
        "annotator_correlations": results.annotator_correlations,
        "predictive_checks": results.predictive_checks,
        **results.trust,
        "companies": results.companies,
        "rejects": results.rejects,
        **{name: _without_lists(table) for name, table in results.keywords.items()},
    }


def _without_lists(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with lists written as text, which is all that CSV and a workbook hold."""
    lists = [name for name in table if table[name].map(np.ndim).gt(0).any()]
    written = {name: table[name].map(lambda each: "; ".join(map(str, each))) for name in lists}
    return table.assign(**written)


def _without_formulas(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with an apostrophe before text that a spreadsheet would compute.

    A CSV file cannot say what is text. Numbers stay as they are, negative ones, too.
    """
    text = table.select_dtypes(include=["object", "str", "category"])
    return table.assign(**{name: text[name].astype(object).map(_quoted) for name in text})


def _quoted(value: object) -> object:
    if not isinstance(value, str):
        return value
    # A carriage return on its own would end the row: the writer does not quote it.
    line_feeds = value.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{line_feeds}" if value.startswith(_FORMULA_STARTS) else line_feeds


def _write_workbook(tables: Mapping[str, pd.DataFrame], path: Path) -> None:
    with pd.ExcelWriter(path, engine="openpyxl") as writer:
        for name, table in tables.items():
            _printable(table).to_excel(writer, sheet_name=name, index=False, freeze_panes=(1, 0))
            sheet = writer.sheets[name]
            sheet.auto_filter.ref = sheet.dimensions
            for column in sheet.columns:
                widest = max(len(str(cell.value or "")) for cell in column)
                sheet.column_dimensions[column[0].column_letter].width = min(widest + 3, 48)
                for cell in column[1:]:
                    if isinstance(cell.value, str) and cell.value.startswith(_FORMULA_STARTS):
                        cell.data_type = TYPE_STRING  # the name of a company is no formula
                        cell.quotePrefix = True


def _printable(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table without the control characters that a workbook must not hold."""
    text = table.select_dtypes(include=["object", "str"]).columns
    return table.assign(
        **{name: table[name].str.replace(ILLEGAL_CHARACTERS_RE, " ", regex=True) for name in text}
    )
