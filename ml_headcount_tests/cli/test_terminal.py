"""What comes from files shows in the terminal, and does nothing there."""

import ast
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.table import Table
from rich.text import Text

import ml_headcount_assets.cli
from ml_headcount_assets.cli.main import main
from ml_headcount_assets.cli.progress import open_progress
from ml_headcount_assets.cli.terminal import echo, open_console, printable

HOSTILE = "\x1b[31mred\x1b]0;title\x07 \x9b2J a\rb \x08 \u202egnp.exe\u202c \u2028 \x00 \ud800 end"
SHOWN = "[31mred]0;title 2J ab  gnp.exe    end"
BAD = [chr(code) for code in (*range(9), *range(11, 32), *range(127, 160), 0x202E, 0x2066, 0xD800)]


def nothing_bad(text):
    return not any(character in text for character in BAD)


def test_control_characters_are_left_out():
    assert printable(HOSTILE) == SHOWN
    assert printable("".join(BAD)) == ""
    assert printable("Ünïcode 한국 🙂\ttab\nline") == "Ünïcode 한국 🙂\ttab\nline"


def test_lines_and_errors_hold_none(capsys):
    echo(HOSTILE)
    echo(HOSTILE, err=True)
    captured = capsys.readouterr()
    assert captured.out == captured.err == SHOWN + "\n"


def test_tables_and_progress_hold_none(capsys):
    console = open_console()
    table = Table(title=HOSTILE)
    table.add_column(HOSTILE)
    table.add_row(Text(HOSTILE))
    console.print(table)
    console.print(HOSTILE, markup=False, soft_wrap=True)
    with open_progress(console) as progress:
        progress(HOSTILE.replace("[", "("), 1, 2)
    out = capsys.readouterr().out
    assert "gnp.exe" in out
    assert nothing_bad(out)


def test_colours_of_our_own_stay(monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    console = open_console()
    console.print(Text("Warning", "yellow"), Text("\x1b[5mblinking"))
    assert "\x1b[33mWarning\x1b[0m" in (out := capsys.readouterr().out)
    assert "\x1b[5m" not in out


def test_messages_of_the_package_hold_none(tmp_path):
    result = CliRunner().invoke(main, ["doctor", "--study", str(tmp_path / "a\x1b[31mb\x07")])
    assert result.exit_code == 2
    assert "no such study directory" in result.output
    assert nothing_bad(result.output.replace("\n", ""))


@pytest.mark.parametrize("path", sorted(Path(ml_headcount_assets.cli.__path__[0]).glob("*.py")))
def test_there_is_no_other_way_to_the_terminal(path):
    if path.name == "terminal.py":
        return
    called = [node.func for node in ast.walk(ast.parse(path.read_text())) if _is_call(node)]
    written = {ast.unparse(function) for function in called}
    assert not written & {"click.echo", "click.secho", "print", "Console", "sys.stdout.write"}


def _is_call(node):
    return isinstance(node, ast.Call)
