"""Tables survive bad frames, other processes and crashes; what is read is what was written."""

import subprocess
import sys
import textwrap

import duckdb
import numpy as np
import pandas as pd
import pyarrow
import pytest

from ml_headcount_assets.errors import ComputeError, InputError
from ml_headcount_assets.warehouse import connections
from ml_headcount_assets.warehouse.beside import people_path, work_path
from ml_headcount_assets.warehouse.store import TableStore


@pytest.fixture
def store(tmp_path):
    return TableStore(tmp_path / "deep" / "warehouse")


def companies(*slugs: str, **changes) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "company": list(slugs),
            "company_id": [slug.upper() for slug in slugs],
            "name": None,
            "aliases": None,
            **{
                name: pd.array([None] * len(slugs), "Int64")
                for name in ("headcount", "headcount_low", "headcount_high")
            },
            "size_band": "unknown",
            "cohort": None,
            "headquarters": None,
            "country": None,
        }
    )
    return frame.assign(**changes)


def draws(slug: str, values) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "company": [slug],
            "company_id": [slug],
            "estimator": ["five_layer"],
            "evidence": ["profiles"],
            "flags": [""],
            "n_profiles": [3],
            "headcount": pd.array([None], "Int64"),
            "draws": [np.asarray(values)],
        }
    )


def test_types_come_back_as_they_went_in(store):
    big = 2**53 + 1  # would not survive a detour over floats
    store.write(
        "companies",
        companies("b", "a", headcount=pd.array([big, None], "Int64"), name=["Ünï", None]),
    )
    frame = store.read("companies")
    assert frame["company"].tolist() == ["a", "b"]
    assert frame["headcount"].dtype == "Int64"
    assert frame["headcount"].tolist() == [pd.NA, big]
    assert frame["name"].isna().tolist() == [True, False]
    assert frame["cohort"].dtype == "str"
    store.write("headcount_draws", draws("a", [1, 2, 3]))
    assert store.read("headcount_draws").loc[0, "draws"].tolist() == [1, 2, 3]
    assert store.read("headcount_draws", columns=["company", "n_profiles"]).dtypes.tolist() == [
        pd.StringDtype(na_value=np.nan),
        np.int64,
    ]


def test_columns_are_matched_by_name(store):
    store.write("companies", companies("a", name=["Alpha"], country=["AT"]))
    reordered = companies("b", name=["Beta"], country=["BE"]).iloc[:, ::-1]
    store.write("companies", reordered, companies=["b"])
    assert store.read("companies")[["company", "name", "country"]].values.tolist() == [
        ["a", "Alpha", "AT"],
        ["b", "Beta", "BE"],
    ]


def test_parts_are_replaced_and_others_are_left(store):
    store.write("companies", companies("a", "b", "c"))
    store.write("companies", companies("b", name=["new"]), companies=["b", "c"])
    frame = store.read("companies")
    assert frame["company"].tolist() == ["a", "b"]
    assert store.read("companies", companies=["b"])["name"].tolist() == ["new"]


@pytest.mark.parametrize(
    ("frame", "finding"),
    [
        (companies("a", "a"), "company.*more than once in 2 rows"),
        (companies("a").drop(columns="name"), "'name' is missing"),
        (companies("a", salary=[3]), "'salary' is unknown"),
        (companies("a", "b", company_id=["x", None]), "'company_id' is missing in 1 row"),
        (companies("a", headcount=[0]), "'headcount' fails greater_than.* in 1 row"),
        (companies("a", headcount=["Jane Doe"]), "'headcount' fails coerce_dtype"),
        (companies("a", size_band=["Jane Doe"]), "'size_band' fails isin"),
    ],
)
def test_a_frame_that_does_not_fit_is_refused_and_nothing_changes(store, frame, finding):
    store.write("companies", companies("old"))
    with pytest.raises(ComputeError, match=f"Table companies: .*{finding}") as caught:
        store.write("companies", frame)
    assert "Jane" not in str(caught.value)
    assert store.read("companies")["company"].tolist() == ["old"]


def test_a_number_too_large_for_its_column_is_refused(store):
    with pytest.raises(ComputeError, match="headcount_draws: a value does not fit"):
        store.write("headcount_draws", draws("a", [2**31]))


def test_rows_of_other_companies_are_refused(store):
    store.write("companies", companies("a"))
    with pytest.raises(ComputeError, match="1 value of 'company' that are not being replaced"):
        store.write("companies", companies("a", "b"), companies=["a"])
    assert store.read("companies")["company"].tolist() == ["a"]


def test_changes_of_a_transaction_are_stored_together(store):
    store.write("companies", companies("a"))

    def second_change_fails() -> None:
        with store.transaction() as transaction:
            transaction.replace("companies", companies("b"))
            transaction.replace("company_counts", companies("b"))

    with pytest.raises(ComputeError):
        second_change_fails()
    assert store.read("companies")["company"].tolist() == ["a"]
    store.write("companies", companies("c"))  # and the file is free again


def test_what_is_not_there_is_said(store):
    with pytest.raises(InputError, match="There is no warehouse at"):
        store.read("companies")
    store.write("companies", companies("a"))
    with pytest.raises(InputError, match="no table 'rated_cvs' yet"):
        store.read("rated_cvs")


def test_a_file_that_is_no_warehouse_is_left_alone(store):
    """Neither one in the folder's place, nor one in that of its tables."""
    store.path.parent.mkdir()
    store.path.write_text("notes " * 1000)
    with pytest.raises(InputError, match=r"a warehouse is a folder.*--warehouse"):
        store.write("companies", companies("a"))
    assert store.path.read_text().startswith("notes")
    store.path.unlink()
    for name in (work_path, people_path):
        store.path.mkdir(exist_ok=True)
        name(store.path).write_text("notes " * 1000)
        with pytest.raises(InputError, match=rf"{name(store.path)}.*not a DuckDB file"):
            store.write("companies", companies("a"))
        assert name(store.path).read_text().startswith("notes")
        name(store.path).unlink()


HOLD = """
    import sys, duckdb
    connection = duckdb.connect(sys.argv[1])
    print("held", flush=True)
    sys.stdin.read()
"""


def test_another_process_that_holds_the_file_is_named(store, monkeypatch):
    store.write("companies", companies("a"))
    monkeypatch.setattr(connections, "_PATIENCE_SECONDS", 0.2)
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(HOLD), str(work_path(store.path))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout.readline() == b"held\n"
        for attempt in (store.read, lambda table: store.write(table, companies("b"))):
            with pytest.raises(ComputeError, match=f"another process .PID {holder.pid}.*try again"):
                attempt("companies")
        holder.stdin.close()
    assert store.read("companies")["company"].tolist() == ["a"]


def test_a_process_killed_in_a_transaction_leaves_the_old_rows(store):
    store.write("companies", companies("a"))
    code = """
        import os, sys
        from ml_headcount_assets.warehouse.store import TableStore
        from ml_headcount_tests.warehouse.test_store import companies
        with TableStore(sys.argv[1]).transaction() as transaction:
            transaction.replace("companies", companies("b", "c"))
            os._exit(9)
    """
    killed = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(store.path)], check=False
    )
    assert killed.returncode == 9
    assert store.read("companies")["company"].tolist() == ["a"]


def test_a_table_of_an_earlier_version_is_made_anew(store):
    store.path.mkdir(parents=True)
    with duckdb.connect(work_path(store.path)) as database:
        database.execute("CREATE TABLE companies (company VARCHAR, size BIGINT)")
    store.write("companies", companies("a"))
    assert store.read("companies")["company"].tolist() == ["a"]


def test_a_query_sees_all_tables(store):
    store.write("companies", companies("a", "b", cohort=["x", "y"]))
    found = store.query("SELECT company FROM companies WHERE cohort = ?", ["y"])
    assert found["company"].tolist() == ["b"]


def test_frames_that_follow_each_other_are_one_table(store):
    frames = (companies(f"c{i}", name=[f"Name {i}"]) for i in range(5))
    store.write("companies", frames)
    together = companies(*(f"c{i}" for i in range(5)), name=[f"Name {i}" for i in range(5)])
    assert store.read("companies")["name"].tolist() == together["name"].tolist()
    with store.snapshot() as snapshot:
        in_pieces = snapshot.digests("companies")
    store.write("companies", together)
    with store.snapshot() as snapshot:
        assert snapshot.digests("companies") == in_pieces


def test_frames_that_repeat_a_key_are_refused_and_change_nothing(store):
    store.write("companies", companies("a"))
    with pytest.raises(ComputeError, match=r"1 keys \(company\) occur more than once"):
        store.write("companies", iter([companies("b"), companies("b")]))
    assert store.read("companies")["company"].tolist() == ["a"]


def test_failure_between_frames_changes_nothing(store):
    def frames():
        yield companies("b")
        raise OSError("the disk is gone")

    store.write("companies", companies("a"))
    with pytest.raises(OSError, match="the disk is gone"):
        store.write("companies", frames())
    assert store.read("companies")["company"].tolist() == ["a"]


def test_rows_handed_over_are_not_kept(store):
    """DuckDB keeps what is registered until the transaction ends."""
    before = pyarrow.total_allocated_bytes()
    seen = []

    def frames():
        for number in range(20):
            seen.append(pyarrow.total_allocated_bytes() - before)
            yield companies(*(f"{number}-{i}" for i in range(1000)), headquarters="x" * 2000)

    store.write("companies", frames())
    assert max(seen) < 10_000_000  # of 40,000,000 in all


def test_what_a_query_finds_can_be_taken_piece_by_piece(store):
    store.write("companies", companies(*(f"c{i}" for i in range(5000))))
    with store.snapshot() as snapshot:
        sql = "SELECT company FROM companies WHERE company <> ?"
        batches = list(snapshot.stream(sql, ["c7"], 1000))
    assert len(batches) > 1
    assert sum(map(len, batches)) == 4999
