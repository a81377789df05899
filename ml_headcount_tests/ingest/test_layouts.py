"""Delimiters, encodings, notes and titles of tables as spreadsheet programs write them."""

from __future__ import annotations

import gzip
import re
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.ingest.layouts import find_layout
from ml_headcount_assets.ingest.tables import RawTable, read_header, read_table

HEADER = ["company_id", "name", "headcount"]
ROWS = [["café", "Café Müller", "1200"], ["acme", "Acme, Inc.", "40"], ["b", "B; C | D", ""]]


def _text(delimiter: str, before: str = "", end: str = "\r\n") -> str:
    quoted = [[f'"{cell}"' for cell in row] for row in ROWS]
    return before + "".join(delimiter.join(row) + end for row in [HEADER, *quoted])


def _rows(table: RawTable) -> list[list[str]]:
    return [list(row) for row in zip(*table.columns.values(), strict=True)]


def _table(folder: Path, content: str | bytes, name: str = "companies.csv") -> RawTable:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encodings_and_delimiters(tmp_path: Path, encoding: str, delimiter: str) -> None:
    table = _table(tmp_path, _text(delimiter).encode(encoding))
    assert list(table.columns) == HEADER
    assert _rows(table) == ROWS
    assert list(table.line) == [2, 3, 4]
    names = {"cp1252": "Windows-1252", "utf-16": "UTF-16", "utf-16-le": "UTF-16"}
    assert table.form.encoding == names.get(encoding, "UTF-8")
    assert (table.form.delimiter, table.form.records) == (delimiter, 3)
    assert read_header(tmp_path / "companies.csv") == (HEADER, "companies.csv")
    told = table.rejects.frame()["reason"].tolist()
    assert [reason.startswith("the text is not UTF-8") for reason in told] == [True] * len(told)
    assert len(told) == (encoding == "cp1252")


@pytest.mark.parametrize(
    ("before", "delimiter", "header"),
    [
        ("sep=,\r\n", ",", 2),
        ("sep=;\r\n", ";", 2),
        ('"sep=;"\r\n', ";", 2),
        ("SEP=\t\r\n", "\t", 2),
        ("Companies of the study\r\n\r\n", ",", 3),
        ('Notes:\r\n"Exported, on Monday; see below"\r\n\r\n', ",", 4),
        ("Companies of the study;;\r\n", ";", 2),
        ("sep=;\r\nCompanies of the study\r\n", ";", 3),
    ],
)
def test_what_stands_above_the_header(
    tmp_path: Path, before: str, delimiter: str, header: int
) -> None:
    table = _table(tmp_path, _text(delimiter, before))
    assert _rows(table) == ROWS
    assert list(table.line) == [header + 1, header + 2, header + 3]
    assert table.form.header_line == header
    assert f"the header is line {header};" in table.rejects.frame()["reason"][0]


def test_titles_of_a_sheet(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["Companies of the study"], [], [*HEADER, "remark"], ["acme", "Acme", 40]):
        book.active.append(row)
    book.create_sheet("other")
    book.save(tmp_path / "companies.xlsx")
    table = read_table(tmp_path / "companies.xlsx")
    assert list(table.columns) == [*HEADER, "remark"]
    assert [values[0] for values in table.columns.values()] == ["acme", "Acme", "40", ""]
    assert (list(table.line), table.form.header_line) == ([4], 3)
    assert table.rejects.frame()["reason"].tolist() == [
        "of 2 sheets only 'Sheet' is read",
        "the header is row 3; what is above it is not read",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "a;b\n1,5;2,5\n2,5;3\n",  # commas of decimals
        'a;b\n"x, y";1\nz;2\n',
        "a;b, c\nx;y\nz;w\n",
        "a;b\n",
    ],
)
def test_a_semicolon_is_seen_where_commas_stand_too(text: str) -> None:
    assert find_layout(text.splitlines(keepends=True), ",").delimiter == ";"


@pytest.mark.parametrize(
    "text",
    [
        "id,text\n1,a;b;c\n2,d;e;f\n",
        "id,a;b\n1,x\n2,y\n",
        "id\nx\nz\n",  # one column
        ",a\nx,y\n",  # a column without a name
        "1,2\n3,4\n",
        "",
        "\n\n",
    ],
)
def test_the_usual_delimiter_and_the_first_row_unless_there_is_reason(text: str) -> None:
    layout = find_layout(text.splitlines(keepends=True), ",")
    assert (layout.delimiter, layout.header_line) == (",", 1)


def test_a_damaged_line_is_no_other_encoding(tmp_path: Path) -> None:
    content = "a,b\nü,1\n".encode() + b"M\xc3ller,2\nz,3\n"
    table = _table(tmp_path, content)
    assert list(table.columns["a"]) == ["ü", "z"]
    assert table.rejects.frame()[["line", "reason"]].values.tolist() == [
        [3, "the line is not valid UTF-8 text; save the file as UTF-8"]
    ]
    assert table.form.encoding == "UTF-8"


@pytest.mark.parametrize(
    ("codec", "name"),
    [
        ("mac_roman", "Mac Roman"),
        ("cp1252", "Windows-1252"),
        ("utf-32", "UTF-32"),
        ("utf-32-be", "UTF-32"),
    ],
)
def test_encodings_are_told_by_where_letters_stand(tmp_path: Path, codec: str, name: str) -> None:
    rows = ["Müller & Söhne", "Café Société – “x”", "ÉCOLE à l’œuvre", "¿Qué?"]
    content = "\n".join(["a,b", *(f"{row},1" for row in rows), ""])
    content = content if codec != "mac_roman" else content.replace("œ", "æ")
    table = _table(tmp_path, content.encode(codec))
    assert list(table.columns["a"]) == [
        row if codec != "mac_roman" else row.replace("œ", "æ") for row in rows
    ]
    assert table.form.encoding == name


@pytest.mark.parametrize(
    ("codec", "word"),
    [("big5", "台積電"), ("shift_jis", "日本電気"), ("cp1251", "Яндекс"), ("iso8859-2", "Łódź")],
)
def test_other_encodings_are_not_taken_for_western_ones(
    tmp_path: Path, codec: str, word: str
) -> None:
    with pytest.raises(InputError, match=r"not valid UTF-8|not UTF-8"):
        _table(tmp_path, f"a,b\n{word},1\n".encode(codec))


def test_some_lines_in_another_encoding_than_the_rest(tmp_path: Path) -> None:
    table = _table(tmp_path, "a,b\nü,1\n".encode() + "Café,2\nSöhne,3\n".encode("cp1252"))
    assert list(table.columns["a"]) == ["ü", "Café", "Söhne"]
    assert "2 lines are not UTF-8" in table.rejects.frame()["reason"][0]
    double = _table(tmp_path, b"\xef\xbb\xbf" + "a,b\nü,1\n".encode("utf-8-sig"))
    assert list(double.columns) == ["a", "b"]


@pytest.mark.parametrize(
    "text",
    [
        "Exported by me, with love\n\na,b,c\nx,y,1\nz,w,2\n",
        "# made by a program\n#x,y\na,b,c\nx,y,1\nz,w,2\n",
        "a,b,c\nx,y,1,\nz,w,2,\n",  # a comma more than in the header
        'a, b, c\n"x", "y", 1\nz, w, 2\n',
        "a,b,c\nx,y,1\na,b,c\nz,w,2\n",  # files put together
    ],
)
def test_what_programs_put_around_a_table(tmp_path: Path, text: str) -> None:
    assert _rows(_table(tmp_path, text)) == [["x", "y", "1"], ["z", "w", "2"]]


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        (b"PK\x03\x04...", ".xlsx"),
        (b"\xd0\xcf\x11\xe0...", "Save it as .xlsx"),
        (b" <!DOCTYPE html><table>", "web page"),
        (b"PAR1....", "parquet"),
    ],
)
def test_files_that_are_no_text(tmp_path: Path, content: bytes, hint: str) -> None:
    with pytest.raises(InputError, match=hint):
        _table(tmp_path, content)


@pytest.mark.parametrize(
    "text",
    [
        "| id | size |\n|----|-----:|\n| a  | 1    |\n| b  | 2    |\n",
        "# Companies\n\n|id|size|\n|:-|-|\n|a|1|\n",
        "id | size\n--- | ---\na | 1\n",
        "# Companies\n\nid|name|size\n:-|:-|-:\na|A, Inc.|1\nb|B|2\n",
        " id | size\n----+------\n a  | 1\n b  | 2\n(2 rows)\n",
        "+----+------+\n| id | size |\n+----+------+\n| a  | 1    |\n+----+------+\n",
        "┌────┬──────┐\n│ id │ size │\n├────┼──────┤\n│ a  │ 1    │\n└────┴──────┘\n",
    ],
)
@pytest.mark.parametrize("name", ["companies.csv", "companies.tsv"])
def test_tables_that_are_drawn_with_bars(tmp_path: Path, text: str, name: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=rf"^{name}: line \d: looks like a table drawn with bars"):
        read_table(tmp_path / name)


def test_bars_and_single_dashes_are_no_drawing(tmp_path: Path) -> None:
    table = _table(tmp_path, "id|name|size\n-|-|-\na|--|1\n")
    assert _rows(table) == [["-", "-", "-"], ["a", "--", "1"]]


def test_packed_files_by_any_name(tmp_path: Path) -> None:
    assert _rows(_table(tmp_path, gzip.compress(_text(",").encode()))) == ROWS


def _book(*sheets: list[list[object]]) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    for number, rows in enumerate(sheets):
        sheet = book.active if number == 0 else book.create_sheet()
        for row in rows:
            sheet.append(row)
    return book


def _of_book(folder: Path, book: openpyxl.Workbook) -> RawTable:
    book.save(folder / "companies.xlsx")
    return read_table(folder / "companies.xlsx")


SHEET: list[list[object]] = [["id", "name", "size"], ["a", "A", 1], ["b", "B", 2]]
_PAGE = '=HYPERLINK("https://www.linkedin.com/company/acme","Acme, Inc.")'


@pytest.mark.parametrize(
    "sheets",
    [
        [[["Report", 2025], ["by", "us"], [], *SHEET]],
        [[["Company", None, "Size"], *SHEET]],
        [[["What this is"], ["More of it"]], SHEET],
        [[], SHEET],
        [[[None, *row] for row in SHEET]],
        [[SHEET[0], [*SHEET[1], None, "look here"], SHEET[2]]],
    ],
)
def test_sheets_as_people_lay_them_out(tmp_path: Path, sheets: list[list[list[object]]]) -> None:
    table = _of_book(tmp_path, _book(*sheets))
    assert _rows(table) == [["a", "A", "1"], ["b", "B", "2"]]


def test_hidden_sheets_and_merged_cells(tmp_path: Path) -> None:
    book = _book([["id", "size"], ["old", 1]], [*SHEET, ["c", None, 3]])
    book.worksheets[0].sheet_state = "hidden"
    book.worksheets[1].merge_cells("B3:B4")
    book.worksheets[1].row_dimensions[2].hidden = True
    table = _of_book(tmp_path, book)
    assert _rows(table) == [["a", "A", "1"], ["b", "B", "2"], ["c", "B", "3"]]


def test_errors_of_a_spreadsheet_are_no_values(tmp_path: Path) -> None:
    table = _of_book(tmp_path, _book([*SHEET, ["#REF!", "C", "#N/A"]]))
    assert _rows(table)[2] == ["", "C", ""]
    assert table.rejects.frame()[["line", "field"]].values.tolist() == [[4, "id"], [4, "size"]]


def test_formulas_that_were_never_calculated_stop_who_uses_their_column(tmp_path: Path) -> None:
    book = _book([*SHEET, ["c", "C", "=1+2"], ["d", "D", "=2*2"]])
    table = _of_book(tmp_path, book).keep(np.array([True, False, True, True]))
    assert "size" in table.columns
    with pytest.raises(InputError) as told:
        table.require("size", "files.companies.columns.headcount")
    assert str(told.value) == (
        "companies.xlsx: row 4, column 'size' (and 1 more cell): is a formula whose value is not"
        " stored. Open the file in a spreadsheet program and save it."
    )


def test_formulas_in_a_column_that_nobody_uses_are_noted(tmp_path: Path) -> None:
    sheet = [['="FY"&24', *SHEET[0], "notes"], [5, "c", "C", 3, "=1+2"], [6, "d", "D", 4, "x"]]
    table = _of_book(tmp_path, _book(sheet))
    assert list(table.columns) == ['="FY"&24', *SHEET[0], "notes"]
    assert list(table.require("size", "files.companies.columns.headcount")) == ["3", "4"]
    assert table.rejects.frame()["reason"].tolist() == [
        "the column 'notes' is not used: row 2 is a formula whose value is not stored"
    ]
    assert read_header(tmp_path / "companies.xlsx")[0] == list(table.columns)


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ('="0357"', "0357"),
        ('=HYPERLINK("http://a.example/?x=1&y=2","A & Co")', "A & Co"),
        ('=HYPERLINK("http://a.example")', "http://a.example"),
        (_PAGE, _PAGE),  # which of both is meant depends on what is asked for
    ],
)
def test_formulas_that_say_themselves_what_they_come_to(
    tmp_path: Path, formula: str, value: str
) -> None:
    table = _of_book(tmp_path, _book([*SHEET, ["c", "C", formula], [formula, "D"]]))
    assert _rows(table)[2:] == [["c", "C", value], [value, "D", ""]]
    assert table.rejects.frame().empty


def test_formulas_beside_the_table_and_above_it_do_not_matter(tmp_path: Path) -> None:
    book = _book([["=TODAY()"], *SHEET, ["c", "C", 3, None, "=SUM(C3:C5)"]], [["=1"]])
    assert len(_of_book(tmp_path, book)) == 3


def test_a_formula_may_come_to_nothing(tmp_path: Path) -> None:
    path = tmp_path / "companies.xlsx"
    _book([*SHEET, ["c", "=T(1)", "=N(3)"]]).save(path)
    _stored(path, b"B4", b"", b' t="str"')
    _stored(path, b"C4", b"3", b"")
    assert _rows(read_table(path))[2] == ["c", "", "3"]


def _stored(path: Path, cell: bytes, value: bytes, kind: bytes) -> None:
    """Store what a formula of the first sheet comes to, as a spreadsheet program does."""
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    found = re.compile(rb'<c r="%s">(<f>.*?</f>)<v ?/?>(?:</v>)?</c>' % cell)
    new = rb'<c r="%s"%s>\1<v>%s</v></c>' % (cell, kind, value)
    name = "xl/worksheets/sheet1.xml"
    parts[name], count = found.subn(new, parts[name])
    assert count == 1
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


NOTES: list[list[object]] = [["column", "meaning"], ["id", "of LinkedIn"], ["size", "people"]]


def test_the_sheet_that_has_the_wanted_columns_is_read(tmp_path: Path) -> None:
    _book(NOTES, [["x", "y"], [1, 2]], SHEET).save(tmp_path / "companies.xlsx")
    table = read_table(tmp_path / "companies.xlsx", ["id", "size"])
    assert _rows(table) == [["a", "A", "1"], ["b", "B", "2"]]
    assert table.form.sheet == "sheet 'Sheet2' (there are 'Sheet', 'Sheet1', 'Sheet2')"


@pytest.mark.parametrize(
    "sheet", [[["id"], ["a"], ["b"]], [["ID", "Size (2024)"], ["a", 1]], [["Id", "size"], ["a", 1]]]
)
def test_a_sheet_may_have_one_wanted_column_or_names_that_are_alike(
    tmp_path: Path, sheet: list[list[object]]
) -> None:
    _book([["x", "y"], [1, 2], [3, 4]], sheet).save(tmp_path / "companies.xlsx")
    table = read_table(tmp_path / "companies.xlsx", ["id", "size"])
    assert list(table.columns) == sheet[0]
    assert table.rejects.frame()["reason"].tolist() == ["of 2 sheets only 'Sheet1' is read"]


def test_of_names_that_are_alike_the_same_ones_count_more(tmp_path: Path) -> None:
    _book([["ID", "Size"], ["old", 0]], SHEET).save(tmp_path / "companies.xlsx")
    assert list(read_table(tmp_path / "companies.xlsx", ["id", "size"]).columns) == SHEET[0]


def test_if_no_sheet_has_a_column_the_sheets_are_named(tmp_path: Path) -> None:
    table = _of_book(tmp_path, _book(NOTES, SHEET))
    with pytest.raises(InputError, match=r"^companies.xlsx, sheet 'Sheet' \(there are 'Sheet', "):
        table.require("headcount", "files.companies.columns.headcount")


_cells = st.text(
    st.characters(codec="cp1252", exclude_categories=["Cc"], exclude_characters='"'), max_size=12
)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(_cells, _cells), min_size=1, max_size=6),
    delimiter=st.sampled_from([",", ";", "\t"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be"]),
)
def test_whatever_the_cells_hold(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, str]],
    delimiter: str,
    encoding: str,
) -> None:
    lines = [f'"{a}"{delimiter}"{b}"' for a, b in rows]
    text = "\n".join([f"first{delimiter}second", *lines, ""])
    table = _table(tmp_path_factory.mktemp("t"), text.encode(encoding))
    assert _rows(table) == [list(row) for row in rows]
