"""Raw profiles of every format, with every kind of damage, and never two of one person."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml_headcount_assets.errors import ComputeError, InputError
from ml_headcount_assets.ingest import extraction as extraction_module
from ml_headcount_assets.ingest import extracts as extracts_module
from ml_headcount_assets.ingest import read_companies, read_profiles
from ml_headcount_assets.study import Study, load_study
from ml_headcount_assets.text.recipe import RECIPE_VERSION, hash_text

COMPANIES = "company_id,name,headcount\nacme,Acme Inc,100\nglobex,Globex,50\n"
CV = b'{"is_expert": 1, "text": "ML evals"}\n{"is_expert": 0, "text": "ML money"}\n'

Content = bytes | list[dict[str, Any]]
MakeRaw = Callable[..., Study]


def _jsonl(records: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(record) + "\n" for record in records).encode()


@pytest.fixture
def make_raw(tmp_path: Path) -> MakeRaw:
    """Write a study with raw profiles: files by name, as bytes or as records of JSON lines."""

    def make(config: str = "", **files: Content) -> Study:
        (tmp_path / "companies.csv").write_text(COMPANIES)
        (tmp_path / "validation.jsonl").write_bytes(CV)
        (tmp_path / "study.yaml").write_text(config)
        folder = tmp_path / "profiles"
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for name, content in files.items():
            data = content if isinstance(content, bytes) else _jsonl(content)
            (folder / name.replace("__", ".")).write_bytes(data)
        return load_study(tmp_path)

    return make


def _read(study: Study, wanted: Collection[str] | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    tables: dict[str, list[pd.DataFrame]] = {"profiles": [], "rejects": []}
    for table, rows in read_profiles(study, read_companies(study)[0], wanted):
        tables[table].append(rows)
    assert len(tables["rejects"]) == 1
    return pd.concat(tables["profiles"], ignore_index=True), tables["rejects"][0]


def person(profile_id: object, company: object = "acme", **more: Any) -> dict[str, Any]:
    return {"linkedin_id": profile_id, "current_company": {"company_id": company}, **more}


FULL = [
    {
        "linkedin_id": "p1",
        "timestamp": "2025-06-01T10:00:00Z",
        "position": 'Scientist, "chief"',
        "about": "Über [x]\nML",
        "current_company": {"company_id": "acme", "name": "Acme", "title": "Scientist"},
        "experience": [{"title": "Scientist", "company": "Acme", "description": "one\ntwo"}],
        "education": [{"title": "A, B"}],
        "certifications": [],
    },
    {
        "linkedin_id": "p2",
        "timestamp": "2025-06-02T10:00:00Z",
        "position": "Clerk",
        "about": None,
        "current_company": None,
        "experience": [
            {"title": "Clerk", "company": "Globex", "description": None, "end_date": None}
        ],
        "education": [],
        "certifications": [{"title": "Cert"}],
    },
]


def _cells(record: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: json.dumps(value) if isinstance(value, (list, dict)) else value
        for name, value in record.items()
    }


def _delimited(delimiter: str) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(FULL[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(map(_cells, FULL))
    return out.getvalue().encode()


def _parquet(records: list[dict[str, Any]]) -> bytes:
    out = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(records), out)
    return out.getvalue()


def _xlsx() -> bytes:
    out = io.BytesIO()
    pd.DataFrame(list(map(_cells, FULL))).to_excel(out, index=False)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a__jsonl", _jsonl(FULL)),
        ("a__jsonl__gz", gzip.compress(_jsonl(FULL), mtime=0)),
        ("a__csv", _delimited(",")),
        ("a__csv__gz", gzip.compress(_delimited(","), mtime=0)),
        ("a__tsv", _delimited("\t")),
        ("a__parquet", _parquet(FULL)),
        ("a__parquet", _parquet(list(map(_cells, FULL)))),
        ("a__xlsx", _xlsx()),
    ],
)
def test_every_format_gives_the_same_rows(make_raw: MakeRaw, name: str, content: bytes) -> None:
    rows, rejects = _read(make_raw(**{name: content}))
    assert rejects.empty
    assert rows.drop(columns="text_hash").values.tolist() == [
        [
            *("acme", "acme", "p1", "2025-06-01T10:00:00.000000Z"),
            'Scientist, "chief"\n|\nScientist\n|\nÜber [x]\nML\n|\nScientist | one\ntwo\n|\nA, B',
            RECIPE_VERSION,
        ],
        [
            *("globex", "globex", "p2", "2025-06-02T10:00:00.000000Z"),
            "Clerk\n|\nClerk\n|\nCert",
            RECIPE_VERSION,
        ],
    ]
    assert rows["text_hash"].tolist() == [hash_text(text) for text in rows["text"]]


def test_one_file_in_place_of_a_folder(make_raw: MakeRaw, tmp_path: Path) -> None:
    study = make_raw(a__jsonl=FULL)
    (tmp_path / "profiles" / "a.jsonl").rename(tmp_path / "profiles.jsonl")
    (tmp_path / "profiles").rmdir()
    rows, _ = _read(load_study(study.directory))
    assert rows["profile_id"].tolist() == ["p1", "p2"]


def test_a_study_of_labels_has_no_profiles(make_raw: MakeRaw, tmp_path: Path) -> None:
    make_raw(a__jsonl=FULL)
    (tmp_path / "profile_labels.csv").write_text("company_id\nacme\n")
    (tmp_path / "study.yaml").write_text("files: {profile_labels: {}}")
    study = load_study(tmp_path)
    tables = list(read_profiles(study, pd.DataFrame({"company_id": ["acme"], "name": ["A"]})))
    assert [table for table, _ in tables] == ["profiles", "rejects"]
    assert all(rows.empty for _, rows in tables)


# --- one record a person ---------------------------------------------------------------------


def _texts(study: Study) -> dict[str, str]:
    rows, _ = _read(study)
    assert rows["profile_id"].is_unique
    return dict(zip(rows["profile_id"], rows["text"], strict=True))


@pytest.mark.parametrize(
    ("snapshots", "winner"),
    [
        (("2025-01-01", "2024-01-01"), "first"),
        (("2024-01-01", "2025-01-01"), "second"),
        (("2025-01-01T00:00:00+02:00", "2024-12-31T23:00:00Z"), "second"),
        (("2025-01-01", None), "first"),
        ((None, "2025-01-01"), "second"),
        (("soon", "2025-01-01"), "second"),
        ((1735689600, "2024-12-31"), "first"),
        ((1735689600000, "2025-01-02"), "second"),
        (("1735689600", "2024-12-31"), "first"),
        ((None, None), "second"),
        (("2025-01-01", "2025-01-01"), "second"),
    ],
)
@pytest.mark.parametrize("files", [1, 2])
def test_the_newest_snapshot_counts(
    make_raw: MakeRaw, files: int, snapshots: tuple[object, object], winner: str
) -> None:
    first, second = (
        person("p", about=about, timestamp=snapshot)
        for about, snapshot in zip(("first", "second"), snapshots, strict=True)
    )
    if files == 1:
        study = make_raw(a__jsonl=[first, second])
    else:
        study = make_raw(a__jsonl=[first], b__jsonl=[second])
        for age, path in enumerate(sorted(study.files.profiles.path.iterdir())):
            os.utime(path, (10**9 - age, 10**9 - age))  # when a file was written does not matter
    assert _texts(study) == {"p": winner}
    _, rejects = _read(study)
    older = rejects[rejects["field"] == "(file)"]
    assert older["reason"].tolist() == [
        "1 time another record of the same person is as new or newer; not used"
    ]


def test_reading_the_same_again_changes_nothing(make_raw: MakeRaw) -> None:
    once, _ = _read(make_raw(a__jsonl=FULL))
    twice, _ = _read(make_raw(a__jsonl=FULL, b__jsonl=FULL))
    pd.testing.assert_frame_equal(once, twice)
    other_order, _ = _read(make_raw(a__jsonl=FULL[::-1]))
    pd.testing.assert_frame_equal(once, other_order[::-1].reset_index(drop=True))


def test_whoever_has_left_is_not_counted_at_the_former_company(make_raw: MakeRaw) -> None:
    old = [person("p", "acme", timestamp="2024-01-01"), person("q", "acme", timestamp="2024-01-01")]
    new = [person("p", "elsewhere", timestamp="2025-01-01"), person("q", "globex")]
    rows, rejects = _read(make_raw(a__jsonl=old, b__jsonl=new))
    assert rows[["profile_id", "company_id"]].values.tolist() == [["q", "acme"]]
    assert "'elsewhere' has no row" in rejects["reason"].iloc[-1]


def test_only_the_companies_wanted(make_raw: MakeRaw) -> None:
    study = make_raw(a__jsonl=[*FULL, person("p3", "acme", about=5), person("p4", "nobody")])
    everything, all_rejects = _read(study)
    some, rejects = _read(study, {"acme"})
    expected = everything[everything["company"] == "acme"].reset_index(drop=True)
    pd.testing.assert_frame_equal(some, expected)
    pd.testing.assert_frame_equal(rejects, all_rejects)


# --- what cannot be used ---------------------------------------------------------------------


def _found(rejects: pd.DataFrame) -> list[tuple[int, str]]:
    return list(zip(rejects["line"].fillna(0), rejects["field"], strict=True))


def test_rejects_say_where_and_why(make_raw: MakeRaw) -> None:
    records: list[dict[str, Any]] = [
        person("p1", about="x"),
        person(None, about="x"),
        person("p3", "acmee", about="x"),
        person("p4", "acmee", about="x"),
        {"linkedin_id": "p5", "about": "x"},
        person("p6", about=True, position={}),
        person("p7", timestamp="yesterday", about="x"),
        person("p8"),
    ]
    rows, rejects = _read(make_raw(a__jsonl=records))
    assert rows["profile_id"].tolist() == ["p1", "p6", "p7", "p8"]
    assert _found(rejects) == [
        (2, "profile_id"),
        (3, "current_company"),
        (4, "current_company"),
        (5, "(row)"),
        (6, "about"),
        (6, "text"),
        (7, "timestamp"),
        (8, "text"),
    ]
    assert set(rejects["source_file"]) == {"profiles/a.jsonl"}
    assert "likeliest match 'acme'" in rejects["reason"][1]
    assert "(2 profiles of it)" in rejects["reason"][1]
    assert "is no date that can be read" in rejects["reason"][6]


def test_ids_in_all_their_forms(make_raw: MakeRaw) -> None:
    records = [person(" p1 "), person(5), person(6.0), person("7.0"), person("\x00a"), person("")]
    records += [{"id": "i", "current_company": {"company_id": "acme"}}, person(True), person([1])]
    rows, rejects = _read(make_raw(a__jsonl=records))
    assert rows["profile_id"].tolist() == ["p1", "5", "6", "7", "a", "i"]
    assert _found(rejects[rejects["field"] != "text"]) == [
        (6, "profile_id"),
        (8, "profile_id"),
        (9, "profile_id"),
    ]


def test_fields_may_be_called_otherwise(make_raw: MakeRaw) -> None:
    config = "files: {profiles: {columns: {profile_id: who, snapshot: taken}}}"
    records = [
        {**person("no"), "who": "p", "taken": "2025-01-01", "about": "new"},
        {**person("no"), "who": "p", "taken": "2024-01-01", "about": "old"},
    ]
    assert _texts(make_raw(config, a__jsonl=records)) == {"p": "new"}


GOOD = json.dumps(person("good", about="fine")).encode()
LAST = json.dumps(person("last", about="fine")).encode()


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b'{"linkedin_id": "x", "about": "\xff"}', "not valid UTF-8"),
        (b'{"linkedin_id": "x", ', "not a JSON object"),
        (b"[" * 100_000, "not a JSON object"),
        (b'["a"]', "not a JSON object"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "not a JSON object"),
        (b'{"a": "' + b"x" * (33 << 20) + b'"}', "longer than 32 MB"),
        (b"\x00\x01\x02", "not a JSON object"),
    ],
)
def test_a_bad_line_costs_only_itself(make_raw: MakeRaw, bad: bytes, reason: str) -> None:
    rows, rejects = _read(make_raw(a__jsonl=b"\n".join([GOOD, bad, LAST])))
    assert rows["profile_id"].tolist() == ["good", "last"]
    assert _found(rejects) == [(2, "(row)")]
    assert reason in rejects["reason"][0]


def test_wide_lines_are_read(make_raw: MakeRaw) -> None:
    wide = person("wide", about="w" * (10 << 20))
    rows, rejects = _read(make_raw(a__jsonl=[person("p", about="x"), wide, person("q", about="x")]))
    assert rejects.empty
    assert rows["text"].str.len().tolist() == [1, 10 << 20, 1]
    cells = "linkedin_id,current_company,about\nc,Acme Inc," + "w" * (10 << 20) + "\n"
    rows, rejects = _read(make_raw(a__csv=cells.encode()))
    assert rejects.empty
    assert rows["text"].str.len().tolist() == [10 << 20]


def test_days_that_were_kept_from_a_spreadsheet_program(make_raw: MakeRaw) -> None:
    text = (
        "linkedin_id,timestamp,current_company,about\n"
        'p,="2025-01-01",Acme Inc,old\n'
        'p,"=""2025-03-01""",Acme Inc,new\n'
        'p,="2025-02-01",Acme Inc,between\n'
    )
    rows, rejects = _read(make_raw(a__csv=text.encode()))
    assert rows[["profile_id", "text"]].values.tolist() == [["p", "new"]]
    assert rows["snapshot"].astype(str).str.startswith("2025-03-01").all()
    assert not rejects["field"].eq("timestamp").any()


ROWS = [
    *("2,Acme Inc,x", '3,Acme Inc,"y"', '4,Acme Inc,"z', '"', "5", "6,Acme Inc,a,b"),
    *('7,Acme Inc,"q"r', '8,"{""company_id"": ""acme""}",x', '9,"[1",x', "é,Acme Inc,ü"),
]


@given(st.lists(st.sampled_from(ROWS), max_size=10))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=15
)
def test_wrong_quoting_costs_no_good_row(make_raw: MakeRaw, lines: list[str]) -> None:
    text = "\n".join(["linkedin_id,current_company,about", "first,Acme Inc,x", *lines])
    rows, rejects = _read(make_raw(a__csv=(text + "\nlast,Acme Inc,x\n").encode()))
    assert rows["profile_id"].iloc[0] == "first"
    unquoted = [line for line in lines if '"' not in line]
    if len(unquoted) == len(lines):
        good = {line.split(",")[0] for line in lines if line.count(",") == 2}
        assert set(rows["profile_id"]) == {"first", *good, "last"}
        bad = {number for number, line in enumerate(lines, 3) if line.count(",") != 2}
        assert set(rejects["line"].dropna()) == bad


def test_files_that_cannot_be_read_do_not_take_the_others_with_them(make_raw: MakeRaw) -> None:
    packed = gzip.compress(b"\n".join([GOOD, *[LAST] * 5_000]), mtime=0)
    rows, rejects = _read(
        make_raw(
            a__jsonl=[person("p", about="x")],
            b__parquet=b"PAR1 cut",
            c__csv=b"",
            d__docx=b"x",
            f__csv=b"linkedin_id,linkedin_id\n1,2\n",
            g__jsonl__gz=packed[: len(packed) - 20],
            h__xlsx=b"PK",
        )
    )
    assert rows["profile_id"].tolist()[0] == "p"
    assert {"good", "p"} <= set(rows["profile_id"])
    whole = rejects[rejects["line"].isna()].groupby("source_file")["reason"].first()
    for name, reason in {
        "b.parquet": "cannot be read as parquet",
        "c.csv": "is empty",
        "d.docx": "not read",
        "f.csv": "more than once",
        "h.xlsx": "cannot be read as an xlsx",
    }.items():
        assert reason in whole[f"profiles/{name}"]
    assert any("cut off" in reason for reason in rejects["reason"])


def test_cells_that_say_there_is_nothing(make_raw: MakeRaw) -> None:
    post = '"[{""company"": ""Globex"", ""end_date"": null}]"'
    cells = f"linkedin_id,position,current_company,experience\np,x,null,{post}\nq,y,Acme Inc,None\n"
    rows, rejects = _read(make_raw(a__csv=cells.encode()))
    assert rejects.empty
    assert rows[["company_id", "text"]].values.tolist() == [["globex", "x"], ["acme", "y"]]


def test_misplaced_text_is_no_id(make_raw: MakeRaw) -> None:
    records = [person("x" * 400, about="x"), person("p", "y" * 400, about="x"), person("q")]
    rows, rejects = _read(make_raw(a__jsonl=[*records, person("r", "z" * (1 << 20))]))
    assert rows["profile_id"].tolist() == ["q"]
    assert rejects["reason"].str.len().max() < 200
    assert _found(rejects)[:2] == [(1, "profile_id"), (2, "current_company")]


def test_formulas_count_as_what_the_spreadsheet_stored(make_raw: MakeRaw) -> None:
    book = openpyxl.Workbook()
    for row in (
        ["linkedin_id", "current_company", "about"],
        ["p", "Acme Inc", "ML"],
        ['="q"&1', "Acme Inc", "x"],  # this workbook was never calculated
        ["r", '=UPPER("Acme Inc")', "x"],
        ["s", "Acme Inc", "=1/0"],
    ):
        book.worksheets[0].append(row)
    out = io.BytesIO()
    book.save(out)
    rows, rejects = _read(make_raw(a__xlsx=out.getvalue()))
    assert rows[["profile_id", "text"]].values.tolist() == [
        ["p", "ML"],
        ["s", ""],
    ]
    cells = [(3, "linkedin_id"), (3, "profile_id"), (4, "current_company"), (4, "(row)")]
    assert _found(rejects) == [*cells, (5, "about"), (5, "text")]
    told = rejects[rejects["field"].isin(["linkedin_id", "current_company", "about"])]
    assert told["reason"].str.contains("Open the file in a spreadsheet program and save it").all()


def test_ids_and_names_in_formulas_that_say_them(make_raw: MakeRaw) -> None:
    book = openpyxl.Workbook()
    for row in (
        ["linkedin_id", "timestamp", "current_company", "about"],
        ['=HYPERLINK("https://www.linkedin.com/in/p-1","Somebody")', '="2025-01-01"', "acme", "a"],
        ['="q"', '="2025-01-02"', '=HYPERLINK("http://example.com","Acme Inc")', "b"],
        ["r", "", '=HYPERLINK("https://www.linkedin.com/company/acme","ACME")', '="c"'],
    ):
        book.worksheets[0].append(row)
    out = io.BytesIO()
    book.save(out)
    rows, rejects = _read(make_raw(a__xlsx=out.getvalue()))
    assert rows[["profile_id", "text"]].values.tolist() == [["p-1", "a"], ["q", "b"], ["r", "c"]]
    assert rows["company_id"].tolist() == ["acme"] * 3
    assert not rejects["reason"].str.contains("formula").any()


def test_formulas_in_place_of_all_ids_are_told(make_raw: MakeRaw) -> None:
    book = openpyxl.Workbook()
    for row in (["linkedin_id", "current_company", "about"], ['="p"&1', "Acme Inc", "ML"]):
        book.worksheets[0].append(row)
    out = io.BytesIO()
    book.save(out)
    with pytest.raises(InputError, match=r"Or else: row 2, 'linkedin_id' is a formula whose value"):
        _read(make_raw(a__xlsx=out.getvalue()))


def test_of_several_sheets_the_one_with_profiles_is_read(make_raw: MakeRaw) -> None:
    book = openpyxl.Workbook()
    for row in (["column", "what it means"], ["linkedin_id", "the person"], ["about", "text"]):
        book.worksheets[0].append(row)
    sheet = book.create_sheet("people")
    for row in (["linkedin_id", "current_company/name", "about"], ["p", "Acme Inc", "ML"]):
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    rows, _ = _read(make_raw(a__xlsx=out.getvalue()))
    assert rows["profile_id"].tolist() == ["p"]


def test_hidden_files_are_left_alone(make_raw: MakeRaw) -> None:
    study = make_raw(a__jsonl=FULL)
    (study.files.profiles.path / ".DS_Store").write_bytes(b"\x00")
    assert _read(study)[1].empty


def test_parquet_with_text_that_is_no_utf8(make_raw: MakeRaw) -> None:
    ids = pyarrow.array([b"p1", b"\xff", b"p3"]).cast(pyarrow.string(), safe=False)
    table = pyarrow.table(
        {"linkedin_id": ids, "current_company": ["Acme Inc"] * 3, "position": ["x"] * 3}
    )
    out = io.BytesIO()
    pyarrow.parquet.write_table(table, out)
    rows, rejects = _read(make_raw(a__parquet=out.getvalue()))
    assert rows["profile_id"].tolist() == ["p1", "p3"]
    assert _found(rejects) == [(3, "(row)")]


def test_no_usable_profile_is_an_error(make_raw: MakeRaw) -> None:
    with pytest.raises(InputError, match=r"profiles/a\.jsonl: none of the profiles.*line 1"):
        _read(make_raw(a__jsonl=[person("p", "nobody")]))
    with pytest.raises(InputError, match=r"profiles: the folder has no files"):
        _read(make_raw())


def test_a_file_that_changes_meanwhile_is_noticed(
    make_raw: MakeRaw, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make_raw(a__jsonl=[person(f"p{i}", about="x") for i in range(3)])
    extract = extracts_module.extract

    def extract_and_change(path: Path, *rest: Any, **part: Any) -> Any:
        found = extract(path, *rest, **part)
        path.write_bytes(_jsonl([person("other", about="x")]))
        return found

    monkeypatch.setattr(extracts_module, "extract", extract_and_change)
    with pytest.raises(ComputeError, match=r"a\.jsonl: the file was changed"):
        _read(study)


def test_chunks_are_of_bearable_size(make_raw: MakeRaw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extraction_module, "_BATCH_ROWS", 7)
    monkeypatch.setattr(extraction_module, "_BATCH_CHARACTERS", 1_000)
    records = [person(f"p{i}", about="x" * (600 if i > 20 else 1)) for i in range(30)]
    study = make_raw(a__jsonl=records)
    told: list[tuple[int, int]] = []
    companies = read_companies(study)[0]
    tables = read_profiles(study, companies, None, lambda *done: told.append(done))
    sizes = [len(rows) for table, rows in tables if table == "profiles"]
    assert sizes == [0, 7, 7, 7, 2, 2, 2, 2, 1]
    assert told[-1] == (30, 30)
    assert all(0 <= done <= total for done, total in told)


# --- anything in any field -------------------------------------------------------------------

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["company_id", "name", "title", "company", "start_date", "end_date", "x"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)
FIELDS = ["linkedin_id", "id", "timestamp", "current_company", "position", "about", "experience"]
FIELDS += ["education", "certifications", "text", "name"]


@given(
    st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, _JSON)), max_size=4),
    st.sampled_from(["jsonl", "csv", "parquet"]),
)
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=15
)
def test_no_value_in_any_field_costs_a_good_row(
    make_raw: MakeRaw, records: list[dict[str, Any]], extension: str
) -> None:
    everything = [person("good-1", about="x"), *records, person("good-2", about="x")]
    if extension == "jsonl":
        content = _jsonl(everything)
    else:
        cells = [{name: json.dumps(value) for name, value in each.items()} for each in everything]
        cells = [{**c, "linkedin_id": c.get("linkedin_id", "").strip('"')} for c in cells]
        frame = pd.DataFrame(cells, dtype="object")
        out = io.BytesIO()
        frame.to_csv(out, index=False) if extension == "csv" else frame.to_parquet(out)
        content = out.getvalue()
    rows, rejects = _read(make_raw(**{f"a__{extension}": content}))
    assert {"good-1", "good-2"} <= set(rows["profile_id"])
    assert rows["profile_id"].is_unique
    # Every line is used, or told of on its own, or one of those older than another of the person.
    offset = 1 if extension == "jsonl" else 2
    told = set(rejects["line"].dropna())
    older = rejects.loc[rejects["line"].isna(), "reason"].str.extract(r"^(\d+) times? another")[0]
    missing = len(everything) - len(rows) - len(told - _lines_used(rejects))
    assert missing == older.astype(int).sum()
    assert told <= set(range(offset, offset + len(everything)))


def _lines_used(rejects: pd.DataFrame) -> set[int]:
    """Lines of which only a field was put aside."""
    whole = rejects["reason"].str.contains("not used|cut off")
    lost = set(rejects.loc[whole, "line"].dropna())
    return set(rejects["line"].dropna()) - lost


# --- privacy ---------------------------------------------------------------------------------


def test_rejects_and_errors_repeat_nothing_of_a_profile(make_raw: MakeRaw) -> None:
    secret = "Zaphod Quux"
    spoilt = [
        person("p1", secret, name=secret, about=[secret], experience={secret: secret}),
        person("p2", about="x", timestamp=secret),
        {"linkedin_id": {"x": secret}, "current_company": secret, "about": secret},
        {"linkedin_id": "p4", "current_company": secret, "about": secret},
        {"linkedin_id": "p5", "about": secret},
    ]
    bad = [f'{{"about": "{secret}'.encode(), f'"{secret}"'.encode()]
    _, rejects = _read(make_raw(a__jsonl=b"\n".join([_jsonl(spoilt), *bad])))
    assert len(rejects) >= 7
    assert not rejects.astype("str").apply(lambda c: c.str.contains("Zaphod|Quux")).any(axis=None)
    with pytest.raises(InputError) as caught:
        _read(make_raw(a__jsonl=[person("p1", secret, about=secret)]))
    assert "Zaphod" not in str(caught.value)
