"""The company table with the blemishes that such tables have."""

from __future__ import annotations

import openpyxl
import pandas as pd
import pytest

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.ingest import read_companies
from ml_headcount_assets.ingest.employers import Directory, Employer, Match
from ml_headcount_assets.study import load_study

from .conftest import MakeStudy

HEADER = "company_id,name,headcount,headquarters,cohort,filter_a_hits\n"


def test_clean_table(make_study: MakeStudy) -> None:
    companies, hits, rejects = read_companies(make_study())
    assert rejects.empty
    expected = pd.DataFrame(
        {
            "company": ["acme", "globex"],
            "company_id": ["acme", "globex"],
            "name": ["Acme", "Globex"],
            "aliases": pd.Series([None, None], dtype="str"),
            "headcount": pd.array([120, 40], "Int64"),
            "headcount_low": pd.array([None, None], "Int64"),
            "headcount_high": pd.array([None, None], "Int64"),
            "size_band": ["100_to_999", "under_100"],
            "cohort": ["consulting", "consulting"],
            "headquarters": ["Paris, France", "Japan"],
            "country": ["France", "Japan"],
        }
    )
    pd.testing.assert_frame_equal(companies, expected)
    assert hits.to_dict("list") == {
        "company": ["acme", "globex"],
        "company_id": ["acme", "globex"],
        "annotator": ["filter_a", "filter_a"],
        "hits": [7, 0],
        "accepted": [None, None],
        "labelled": [None, None],
    }


@pytest.mark.parametrize(
    ("headcount", "known"),
    [
        ("12", 12),
        ("12.0", 12),
        ("1e3", 1000),
        ("", None),
        ("NA", None),
        ("null", None),
    ],
)
def test_headcounts_that_are_fine_or_missing(
    make_study: MakeStudy, headcount: str, known: int | None
) -> None:
    companies, _, rejects = read_companies(
        make_study(companies=f"company_id,headcount\nacme,{headcount}\n")
    )
    value = companies["headcount"][0]
    assert (None if pd.isna(value) else value) == known
    assert rejects.empty


@pytest.mark.parametrize("headcount", ["0", "-5", "12.5", "many", "1e12", "inf", "nan%"])
def test_unusable_headcount_is_missing_and_reported(make_study: MakeStudy, headcount: str) -> None:
    companies, _, rejects = read_companies(
        make_study(companies=f"company_id,headcount\nacme,{headcount}\nglobex,3\n")
    )
    assert list(companies["company_id"]) == ["acme", "globex"]
    assert pd.isna(companies["headcount"][0])
    assert companies["size_band"][0] == "unknown"
    assert rejects[["line", "field"]].values.tolist() == [[2, "headcount"]]


def test_company_in_two_cohorts_keeps_the_first_row_and_both_cohorts(
    make_study: MakeStudy,
) -> None:
    rows = "acme,Acme,120,,ml,7\nglobex,G,4,,ml,0\n ACME ,Acme Inc,99,,other;ml,9\n"
    companies, hits, rejects = read_companies(make_study(companies=HEADER + rows))
    acme = companies.set_index("company_id").loc["acme"]
    assert (acme["headcount"], acme["name"], acme["cohort"]) == (120, "Acme", "ml;other")
    assert hits.set_index("company_id")["hits"]["acme"] == 7
    assert list(rejects["line"]) == [4]
    assert "'acme' is already in line 2" in rejects["reason"][0]


def test_company_without_id_is_rejected(make_study: MakeStudy) -> None:
    companies, _, rejects = read_companies(
        make_study(companies=HEADER + "acme,Acme,120,,c,7\n,Nobody,5,,c,1\n")
    )
    assert list(companies["company_id"]) == ["acme"]
    assert rejects[["line", "field"]].values.tolist() == [[3, "company_id"]]


def test_table_without_any_id_is_an_error(make_study: MakeStudy) -> None:
    with pytest.raises(InputError, match=r"none of its 1 row.*no id"):
        read_companies(make_study(companies=HEADER + ",Nobody,5,,c,1\n"))


@pytest.mark.parametrize("hits", ["-1", "1.5", "several"])
def test_unusable_hits_are_left_out_and_reported(make_study: MakeStudy, hits: str) -> None:
    _, found, rejects = read_companies(
        make_study(companies=HEADER + f"acme,A,120,,c,{hits}\nglobex,G,3,,c,0\n")
    )
    assert list(found["company_id"]) == ["globex"]
    assert rejects[["line", "field"]].values.tolist() == [[2, "filter_a_hits"]]


def test_hits_of_an_unknown_filter_are_reported(make_study: MakeStudy) -> None:
    _, hits, rejects = read_companies(
        make_study(companies="company_id,headcount,filter_z_hits\nacme,120,3\n")
    )
    assert hits.empty
    assert rejects["field"][0] == "filter_z_hits"


def test_mapped_columns_have_to_exist(make_study: MakeStudy) -> None:
    config = "files: {companies: {columns: {cohort: kohort}}}\n"
    with pytest.raises(InputError, match=r"'kohort'.*files\.companies\.columns\.cohort"):
        read_companies(make_study(config=config))


def test_headcount_column_has_to_exist(make_study: MakeStudy) -> None:
    with pytest.raises(InputError, match=r"files\.companies\.columns\.headcount"):
        read_companies(make_study(companies="company_id,employees\nacme,3\n"))


def test_mapped_hits_have_to_belong_to_a_filter(make_study: MakeStudy) -> None:
    config = "files: {companies: {hits: {filter_z: filter_a_hits}}}\n"
    with pytest.raises(InputError, match="'filter_z' is no annotator"):
        read_companies(make_study(config=config))


ACCEPTED = "company_id,headcount,llm_x_accepted,llm_x_labelled,filter_a_accepted\n"


def test_accepted_and_labelled_go_together(make_study: MakeStudy) -> None:
    rows = "acme,120,30,100,1\nglobex,5,4,3,\nhooli,9,2,,\ninitech,9,0,0,\n"
    _, found, rejects = read_companies(make_study(companies=ACCEPTED + rows))
    assert found["company_id"].tolist() == ["acme"]
    assert found[["annotator", "accepted", "labelled"]].values.tolist() == [["llm_x", 30, 100]]
    assert found["hits"].isna().all()
    reasons = dict(zip(rejects["line"], rejects["reason"], strict=True))
    assert "without filter_a_labelled" in reasons[1]
    assert "more people are accepted than were labelled" in reasons[3]
    assert "say something together only" in reasons[4]


def test_counts_of_any_annotator_are_mapped(make_study: MakeStudy) -> None:
    config = (
        "files: {companies: {hits: {llm_x: found}, accepted: {llm_x: {accepted: a, labelled: n}}}}"
    )
    table = "company_id,headcount,found,a,n\nacme,120,7,3,10\n"
    _, found, _ = read_companies(make_study(companies=table, config=config))
    assert found[["annotator", "hits", "accepted", "labelled"]].values.tolist() == [
        ["llm_x", 7, 3, 10]
    ]


def test_a_country_of_its_own_wins_over_the_headquarters(make_study: MakeStudy) -> None:
    table = (
        "company_id,headcount,headquarters,country\n"
        'acme,1,"Paris, France",Italy\nglobex,1,"Oslo, Norway",\nhooli,1,Unknown,\n'
    )
    companies, _, _ = read_companies(make_study(companies=table))
    assert companies["country"].tolist()[:2] == ["Italy", "Norway"]
    assert pd.isna(companies["country"][2])


def test_bands_are_headcounts_with_ends(make_study: MakeStudy) -> None:
    rows = ["acme,51-200 employees,0", 'globex,"10,001+",1.000', "hooli,5.000,12 500", "x,[2],500+"]
    table = "company_id,headcount,filter_a_hits\n" + "\n".join(rows)
    companies, hits, rejects = read_companies(make_study(companies=table))
    known = companies.set_index("company")[["headcount_low", "headcount", "headcount_high"]]
    assert known.loc["acme"].tolist() == [51, 101, 200]
    assert known.loc["globex"].tolist() == [10_001, 31_626, 100_010]
    assert known.loc["hooli"].tolist() == [pd.NA, 5000, pd.NA]
    assert known.loc["x"].isna().all()
    bands = dict(zip(companies["company"], companies["size_band"], strict=True))
    assert bands == {
        "acme": "100_to_999",
        "globex": "10000_and_more",
        "hooli": "1000_to_9999",
        "x": "unknown",
    }
    assert hits.set_index("company")["hits"].to_dict() == {
        "acme": 0,
        "globex": 1000,
        "hooli": 12500,
    }
    assert rejects["line"].dropna().tolist() == [5, 5]
    assert [reason for reason in rejects["reason"] if "thousands" in reason] == [
        "',' is read as a separator of thousands: 10,001 is 10001",
        "'.' is read as a separator of thousands: 5.000 is 5000",
        "'.' is read as a separator of thousands: 1.000 is 1000",
    ]


def test_a_table_in_windows_1252_is_read(make_study: MakeStudy) -> None:
    table = "company_id,name,headcount\ncafé,Café Zürich,12\nacme,Acme – Söhne,40\n"
    companies, _, rejects = read_companies(make_study(companies=table.encode("cp1252")))
    assert companies["company_id"].tolist() == ["acme", "café"]
    assert companies["name"].tolist() == ["Acme – Söhne", "Café Zürich"]
    assert rejects["reason"].tolist() == ["the text is not UTF-8; read as Windows-1252"]


def test_a_row_that_sums_up_the_others_is_no_company(make_study: MakeStudy) -> None:
    rows = "company_id,headcount\nacme,120\nglobex,40\n"
    companies, _, rejects = read_companies(make_study(companies=f"{rows}Total,160\n"))
    assert companies["company"].tolist() == ["acme", "globex"]
    assert rejects[["line", "reason"]].values.tolist() == [
        [4, "the row is the sum of the others; not used"]
    ]
    # The company of that name has another headcount.
    companies, _, _ = read_companies(make_study(companies=f"{rows}total,100000\n"))
    assert companies["company"].tolist() == ["acme", "globex", "total"]


def test_ids_names_and_numbers_in_formulas_that_say_them(make_study: MakeStudy) -> None:
    study = make_study()
    book = openpyxl.Workbook()
    for row in (
        ["company_id", "name", "headcount", "aliases", "notes"],
        [_PAGE % "acme", _PAGE % "acme", 120, "", "=NOW()"],
        ['="357"', '="Globex, Inc."', '="1200"', _PAGE % "globex", "=NOW()"],
    ):
        book.worksheets[0].append(row)
    study.files.companies.path.unlink()
    book.save(study.directory / "companies.xlsx")
    companies, _, rejects = read_companies(load_study(study.directory))
    assert companies["company_id"].tolist() == ["357", "acme"]
    assert companies["name"].tolist() == ["Globex, Inc.", "Acme"]
    assert companies["headcount"].tolist() == [1200, 120]
    assert Directory(companies).find(Employer(("globex",), "")) == Match("357", by_name=False)
    assert rejects["reason"].tolist() == [
        "the column 'notes' is not used: row 2 (and 1 more cell) is a formula whose value is not"
        " stored"
    ]


def test_a_used_column_with_a_formula_stops(make_study: MakeStudy) -> None:
    study = make_study()
    book = openpyxl.Workbook()
    for row in (["company_id", "headcount", "country"], ["acme", 120, "=UPPER(A2)"]):
        book.worksheets[0].append(row)
    study.files.companies.path.unlink()
    book.save(study.directory / "companies.xlsx")
    with pytest.raises(InputError, match=r"^companies.xlsx: row 2, column 'country': is a formula"):
        read_companies(load_study(study.directory))


_PAGE = '=HYPERLINK("https://www.linkedin.com/company/%s","Acme")'
