"""A sheet goes out, names nobody, and comes back in; bad rows are told, and the others count."""

import stat

import openpyxl
import pytest
from click.testing import CliRunner

from ml_headcount_assets.cli.main import main
from ml_headcount_assets.labelling.ratings.criteria import read_criteria
from ml_headcount_assets.labelling.ratings.importing import read_verdicts
from ml_headcount_assets.labelling.ratings.rounds import read_round
from ml_headcount_assets.labelling.ratings.sheet import write_sheet
from ml_headcount_assets.warehouse.beside import ratings_path
from ml_headcount_assets.warehouse.ratings import RatingStore, imported_verdicts
from ml_headcount_assets.warehouse.store import TableStore


def command(warehouse, *arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(main, ["ratings", *arguments, "--warehouse", str(warehouse)])
    assert result.exit_code == code, result.output
    return " ".join(result.output.split())


@pytest.fixture
def handed_out(warehouse, listed, tmp_path):
    """A sheet of five profiles for bob; and what its rows are about."""
    path = tmp_path / "bob.xlsx"
    subjects, _ = read_round(listed, TableStore(warehouse))
    with RatingStore(warehouse) as store:
        write_sheet(path, subjects, read_criteria(), "bob", store)
    return path, subjects


def test_a_sheet_names_nobody_and_computes_nothing(handed_out):
    path, _ = handed_out
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    sheet = openpyxl.load_workbook(path)["profiles"]
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert all(cell.data_type == "s" for cell in cells)
    written = "\n".join(str(cell.value) for cell in cells)
    for word in ("acme", "Acme", "Doe", "p1", "jane-doe"):
        assert word not in written
    formulas = [cell for cell in cells if str(cell.value).startswith("=")]
    assert len(formulas) == 4
    assert all(cell.quotePrefix for cell in formulas)


def test_a_sheet_that_was_filled_in_comes_back(warehouse, handed_out):
    path, subjects = handed_out
    book = openpyxl.load_workbook(path)
    sheet = book["profiles"]
    header = [cell.value for cell in sheet[1]]
    verdict, tick = header.index("verdict") + 1, header.index(f"tick: {_FIRST}") + 1
    for row, said in ((2, "Yes"), (3, "no "), (4, "perhaps"), (5, "unsure")):
        sheet.cell(row, verdict).value = said
    sheet.cell(2, tick).value = "x"
    sheet.cell(2, tick + 1).value = False
    sheet.cell(3, 1).value = "another key"
    book.save(path)
    with RatingStore(warehouse) as store:
        found, rejects = read_verdicts(path, TableStore(warehouse), store)
    said = [(each.rater, each.profile_id, each.verdict, each.criteria) for each in found]
    assert said == [
        ("bob", subjects[0].profile_id, "yes", (_FIRST,)),
        ("bob", subjects[3].profile_id, "unsure", ()),
    ]
    assert found[0].text_hash == subjects[0].text_hash
    told = rejects.dropna(subset=["line"])[["line", "field"]].to_numpy().tolist()
    assert told == [[3, "key"], [4, "verdict"]]


_FIRST = read_criteria().criteria[0]


def test_tables_and_the_page_are_taken_in_and_compared(warehouse, listed, tmp_path):
    table = tmp_path / "said.csv"
    table.write_text(
        "company_id,profile_id,rater,verdict,rated_at,text_hash\n"
        "acme,p1,ann,yes,2026-03-01T10:00+02:00,h1\nacme,p1,bob,no,yesterday,\n"
        "acme,p2,ann,no,,older\nacme,p3,ann,,,\nacme,p4,,yes,,\n"
    )
    told = command(warehouse, "import", str(table), "--third", str(tmp_path / "third.csv"))
    assert "said.csv: 3 verdicts taken in; 2 notes." in told
    assert "said.csv, row 6, rater: is empty" in told
    assert "2 count (1 yes, 1 no), on 1 profile; set aside: text has changed 1." in told
    assert "A B verdict 1 0 %" in told
    assert "A: ann; B: bob" in told
    assert "third.csv lists 1 profile " in told
    (ann, _, _) = imported_verdicts(warehouse)
    assert ann.rated_at == "2026-03-01T08:00:00.000+00:00"
    with RatingStore(warehouse) as store:
        store.add([ann._replace(rater="zoe")], imported=False)
    assert "Not taken in: 1 verdict of the page" in command(warehouse, "import", str(table))
    assert "Page: 1 verdict taken in." in command(warehouse, "import", "--page")


def test_what_cannot_be_taken_in_says_why(warehouse, listed, tmp_path):
    table = tmp_path / "said.csv"
    table.write_text("company_id,profile_id,verdict\nacme,p1,yes\n")
    assert "Say who rated with --rater" in command(warehouse, "import", str(table), code=2)
    assert "no column 'verdict'" in command(warehouse, "import", str(listed), code=2)
    assert "say --page" in command(warehouse, "import", code=2)
    out = str(tmp_path / "sheet.csv")
    told = command(warehouse, "sheet", str(listed), "--rater", "b", "--out", out, code=2)
    assert "end in .xlsx" in told
    assert "There is no warehouse" in command(tmp_path / "none", "import", "--page", code=2)
    assert not ratings_path(tmp_path / "none").exists()
