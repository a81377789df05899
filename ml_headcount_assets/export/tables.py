"""Tables for other programs: CSV, Parquet, one Excel workbook, and what their columns mean."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, TYPE_STRING
from pyarrow import parquet

from ml_headcount_assets.warehouse.meanings import ROWS
from ml_headcount_assets.wording import percent

from .dictionary import data_package, dictionary
from .results import StudyResults

__all__ = ["write_tables"]

WORKBOOK = "results.xlsx"
DRAWS = "headcount_draws.parquet"
PACKAGE = "datapackage.json"
#: Columns of whole people that may hold nothing, and are floats therefore.
_WHOLE = {"headcount", "n_profiles", "companies", "headcount_low", "headcount_high", "hits"}
#: A spreadsheet takes what begins with one of these for a formula (OWASP, CSV Injection).
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def write_tables(results: StudyResults, directory: Path) -> list[Path]:
    """Write every table as CSV and as Parquet, and all of them as one workbook.

    Beside them are the joint draws, from which others can form totals (Parquet), and a
    description of all columns (datapackage.json, and a sheet of the workbook).

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
    words, about = dictionary(tables), _about(results)
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory, prefix=".writing-") as work:
        for name, table in tables.items():
            _without_formulas(table).to_csv(
                Path(work) / f"{name}.csv", index=False, lineterminator="\n"
            )
            _write_parquet(table, Path(work) / f"{name}.parquet", words, about)
        _write_draws(results, Path(work) / DRAWS, about)
        package = data_package(words, about, {name: f"{name}.csv" for name in tables})
        (Path(work) / PACKAGE).write_text(json.dumps(package, indent=1, ensure_ascii=False))
        # Every reject by itself could be more rows than a workbook holds.
        notes = pd.DataFrame(list(about.items()), columns=["what", "is"]).astype(str)
        # The intervals are the first sheet: it is what programs read that ask for none by name.
        rejects = {"rejects": results.reject_counts()}
        sheets = {**tables, **rejects, "about": notes, "dictionary": words}
        _write_workbook(sheets, Path(work) / WORKBOOK)
        finished = sorted(Path(work).iterdir())
        return [path.replace(directory / path.name) for path in finished]


def _about(results: StudyResults) -> dict[str, Any]:
    """Return of what, when and how the tables are."""
    runs = results.read("runs")
    about: dict[str, Any] = {"title": "Machine-learning experts by company"}
    if runs is not None and len(runs):
        run = runs.sort_values("finished").iloc[-1]
        about |= {
            "name": str(run["study"]),
            "created": str(run["finished"]),
            "version": str(run["content"]),
            "run": str(run["run"]),
            "software": f"ml-headcount {run['package_version']}, model {run['model_version']}",
        }
    return about | {
        "headline": results.headline_estimator,
        "level": f"{percent(results.level)} intervals",
    }


def _write_parquet(
    table: pd.DataFrame, path: Path, words: pd.DataFrame, about: Mapping[str, Any]
) -> None:
    """Write a table with what its columns mean."""
    own = words[words["table"] == path.stem].set_index("column")
    about = {**about, "description": ROWS[path.stem]}
    rows = pyarrow.Table.from_pandas(table, preserve_index=False)
    fields = [
        field.with_metadata(
            {"description": own["meaning"][field.name], "unit": own["unit"][field.name]}
        )
        for field in rows.schema
    ]
    described = pyarrow.schema(fields, {**(rows.schema.metadata or {}), **_texts(about)})
    parquet.write_table(rows.cast(described), path)


def _texts(about: Mapping[str, Any]) -> dict[str, str]:
    return {str(key): str(value) for key, value in about.items()}


def _write_draws(results: StudyResults, path: Path, about: Mapping[str, Any]) -> None:
    """Write the joint draws: a list for each company and estimator, in the same order for all."""
    draws = results.read("headcount_draws")
    if draws is None:
        return
    known = draws[draws["evidence"] != "none"][["company_id", "estimator", "evidence", "draws"]]
    _write_parquet(known, path, dictionary({path.stem: known}), about)


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
            table = table if len(table) else _none(table)
            _printable(table).to_excel(writer, sheet_name=name, index=False, freeze_panes=(1, 0))
            sheet = writer.sheets[name]
            sheet.auto_filter.ref = sheet.dimensions
            for column in sheet.columns:
                widest = max(len(str(cell.value or "")) for cell in column)
                sheet.column_dimensions[column[0].column_letter].width = min(widest + 3, 48)
                form = _number_format(str(column[0].value), table)
                for cell in column[1:]:
                    if form and isinstance(cell.value, int | float):
                        cell.number_format = form
                    if isinstance(cell.value, str) and cell.value.startswith(_FORMULA_STARTS):
                        cell.data_type = TYPE_STRING  # the name of a company is no formula
                        cell.quotePrefix = True


def _none(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table that says that there is nothing in it."""
    columns = list(table.columns) or ["rows"]
    return pd.DataFrame([["none", *[None] * (len(columns) - 1)]], columns=columns)


def _number_format(name: str, table: pd.DataFrame) -> str | None:
    """Return how a workbook shows a column's numbers: people whole, the rest to four digits."""
    if table[name].dtype.kind in "iu" or name in _WHOLE:
        return "#,##0"
    return "0.0000" if table[name].dtype.kind == "f" else None


def _printable(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table without the control characters that a workbook must not hold."""
    text = table.select_dtypes(include=["object", "str"]).columns
    return table.assign(
        **{name: table[name].str.replace(ILLEGAL_CHARACTERS_RE, " ", regex=True) for name in text}
    )
