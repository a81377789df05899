"""The one way to the terminal: what is written there shows, and does nothing.

Names and messages come from files. A control sequence among them could move the cursor, change
the title, write to the clipboard, or make a line read otherwise than it is; such characters are
left out. What is said does not belong here.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["ask", "echo", "open_console", "printable", "take_any_character"]

# Control characters (C0 but tab and line feed, DEL, C1), separators of lines and paragraphs, marks
# that turn the direction of writing, and halves of characters, which no terminal takes.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
    "\ud800-\udfff]"
)


def printable(text: str) -> str:
    """Return a text without the characters that would do something to a terminal."""
    return _UNPRINTABLE.sub("", text)


def take_any_character() -> None:
    """Let a character that the terminal's encoding does not have be shown as a question mark."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def echo(text: str, *, err: bool = False) -> None:
    """Write a line to the terminal, or to where errors go."""
    click.echo(printable(text), err=err)


def ask(question: str) -> bool:
    """Ask a person; False where there is none, as when input comes from a file or a timer."""
    return sys.stdin.isatty() and click.confirm(printable(question), default=False)


def open_console() -> Console:
    """Return a rich console that writes nothing unprintable but what it makes itself."""
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.segment import Segment

    class PrintableConsole(Console):
        def render(
            self, renderable: RenderableType, options: ConsoleOptions | None = None
        ) -> Iterable[Segment]:
            for segment in super().render(renderable, options):
                if segment.control:
                    yield segment
                else:
                    yield Segment(printable(segment.text), segment.style)

    return PrintableConsole()
