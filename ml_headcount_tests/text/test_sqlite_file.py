"""A damaged file of answers is told whenever the damage is found, not only when it is opened."""

import pytest

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.text.sqlite_file import Layout

LAYOUT = Layout(
    number=1,
    tables="CREATE TABLE things (name TEXT)",
    what="things",
    busy="wait.",
    mend="Move it away.",
    patience_seconds=0.1,
)


def test_damage_behind_the_beginning_is_told_by_the_statement_that_finds_it(tmp_path):
    path = tmp_path / "things.sqlite"
    connection = LAYOUT.open(path)
    connection.executemany(
        "INSERT INTO things VALUES (?)", [[f"thing {n}" * 50] for n in range(500)]
    )
    connection.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 3)
        file.write(b"\xff" * (size // 3))
    opened = LAYOUT.open(path)
    for find in (
        lambda: opened.execute("SELECT name FROM things").fetchall(),
        lambda: list(opened.execute("SELECT name FROM things")),
    ):
        with pytest.raises(InputError, match=r"things\.sqlite: cannot be used.*Move it away"):
            find()
    opened.close()
