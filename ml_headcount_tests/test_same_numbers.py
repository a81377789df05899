"""The comparison of warehouses sees every difference, and only those."""

import math

import duckdb
import pytest

from ml_headcount_tests.same_numbers import compare_warehouses, main

OLD = (
    "CREATE TABLE intervals (company VARCHAR, estimator VARCHAR, q10 DOUBLE, share_q50 DOUBLE)",
    "INSERT INTO intervals VALUES ('a', 'one', 0.1, NULL), ('b', 'one', 0.3, 'nan'::DOUBLE)",
    "CREATE TABLE draws (company VARCHAR, draws INTEGER[])",
    "INSERT INTO draws VALUES ('a', [1, 2, 3])",
    "CREATE TABLE _cache (input_hash VARCHAR)",
    "INSERT INTO _cache VALUES ('before')",
)
NEW = (
    "CREATE TABLE intervals"
    " (company VARCHAR, level DOUBLE, share DOUBLE, low DOUBLE, estimator VARCHAR)",
    "INSERT INTO intervals VALUES"
    " ('b', 0.8, 'nan'::DOUBLE, 0.3, 'one'), ('a', 0.8, NULL, 0.1, 'one'),"
    " ('a', 0.8, NULL, 7, 'two')",
    *OLD[2:5],
    "INSERT INTO _cache VALUES ('after')",
)


def warehouse(path, *statements):
    with duckdb.connect(path) as database:
        for statement in statements:
            database.execute(statement)
    return path


@pytest.fixture
def differences(tmp_path):
    old = warehouse(tmp_path / "it's old.duckdb", *OLD)

    def compare(*changes, **renamed):
        new = warehouse(tmp_path / "new.duckdb", *NEW, *changes)
        return {found.table: found for found in compare_warehouses(old, new, renamed)}

    return compare


def test_other_names_an_other_order_and_additions_are_no_difference(differences):
    found = differences("CREATE TABLE more (x INTEGER)")
    assert list(found) == ["draws", "intervals"]
    assert all(table.same for table in found.values())
    assert found["intervals"].gained == ("level", "two")
    assert str(found["draws"]) == "draws: 1 rows, the same"


@pytest.mark.parametrize(
    ("change", "table", "said"),
    [
        (
            f"UPDATE intervals SET low = {math.nextafter(0.3, 1)!r} WHERE company = 'b'",
            "intervals",
            "1 only in the old, 1 only in the new",
        ),
        ("UPDATE draws SET draws = [1, 3, 2]", "draws", "1 only in the old, 1 only in the new"),
        ("INSERT INTO draws FROM draws", "draws", "0 only in the old, 1 only in the new"),
        ("DELETE FROM draws", "draws", "1 only in the old, 0 only in the new"),
        ("ALTER TABLE intervals DROP COLUMN low", "intervals", "lost: q10"),
        ("DROP TABLE draws", "draws", "lost: company, draws"),
    ],
)
def test_every_difference_is_seen(differences, change, table, said):
    found = differences(change)
    assert [name for name in found if not found[name].same] == [table]
    assert said in str(found[table])


def test_a_column_may_be_said_to_have_another_name(differences):
    change = "ALTER TABLE intervals RENAME COLUMN low TO lower"
    assert differences(change, q10="lower")["intervals"].same


def test_the_command_fails_where_numbers_differ(tmp_path, capsys):
    old = warehouse(tmp_path / "old.duckdb", *OLD)
    assert main([str(old), str(warehouse(tmp_path / "new.duckdb", *NEW))]) == 0
    assert capsys.readouterr().out.endswith("Every table is the same\n")
    assert main([str(old), str(warehouse(tmp_path / "empty.duckdb"))]) == 1
    assert "2 tables differ" in capsys.readouterr().out
