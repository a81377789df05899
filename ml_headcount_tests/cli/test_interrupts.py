"""An interrupted command ends in order, with the documented status and no traceback."""

import os
import signal
import subprocess
import sys
import threading
import time

import click
import pytest
from click.testing import CliRunner

from ml_headcount_assets.cli.main import INTERRUPTED, main
from ml_headcount_assets.warehouse.store import TableStore

LONG = "SELECT count(*) FROM range(3000000000) a WHERE hash(a.range) = 1"


def test_an_interrupt_and_a_broken_off_question_have_the_same_status(monkeypatch):
    for raised in (KeyboardInterrupt, click.Abort):

        def end(raised=raised):
            raise raised

        monkeypatch.setitem(main.commands, "end", click.Command("end", callback=end))
        result = CliRunner().invoke(main, ["end"])
        assert result.exit_code == INTERRUPTED == 130
        assert result.output.startswith("Interrupted.")


def test_a_signal_within_a_query_is_an_interrupt(tmp_path):
    store = TableStore(tmp_path / "w.duckdb")
    with store.transaction():
        pass
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt), store.connection() as connection:
        connection.execute(LONG).fetchall()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signalled_command_ends_in_order(tmp_path, number):
    command = [sys.executable, "-m", "ml_headcount_assets.cli", "calibrate", "--worlds", "500"]
    command += ["--estimator", "five_layer"]
    with subprocess.Popen(
        [*command, "--companies", "300"], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    ) as running:
        time.sleep(8)
        running.send_signal(number)
        _, told = running.communicate(timeout=60)
    assert running.returncode == INTERRUPTED
    assert b"Interrupted. What was finished is kept" in told
    assert b"Traceback" not in told
