"""The command line.

Commands import what they need when they are called: Dagster and pandas take a second to load,
and ``--help`` should not have to wait for them.
"""

from __future__ import annotations

import signal
import threading
from typing import Any

import click

from ml_headcount_assets.cli import study, warehouse, worlds
from ml_headcount_assets.cli.keywords import keywords
from ml_headcount_assets.cli.ratings import ratings
from ml_headcount_assets.cli.refusals import refusal
from ml_headcount_assets.cli.terminal import echo, take_any_character
from ml_headcount_assets.errors import HeadcountError

__all__ = ["main"]


#: Exit status of a command that was interrupted, as shells give it.
INTERRUPTED = 128 + signal.SIGINT


class _Problem(click.ClickException):
    """An error the user can act on: one paragraph and status 2."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        echo(f"Error: {self.message}", err=True)


class _Commands(click.Group):
    """Commands in the order of a study's life, with the package's errors told in words."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        # A run that a timer, a container or a shutdown ends is to end as one does by Ctrl-C.
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, signal.default_int_handler)
        take_any_character()
        try:
            return super().invoke(ctx)
        except HeadcountError as error:
            raise _Problem(str(error)) from error
        except OSError as error:
            told = refusal(error)
            if told is None or isinstance(error, BrokenPipeError):
                raise
            raise _Problem(told) from error
        except MemoryError as error:
            raise _Problem(
                "The memory there is does not suffice. Close other programs, or raise the limit;"
                " then run again: what was stored before is as it was."
            ) from error
        except (KeyboardInterrupt, click.Abort):
            echo("Interrupted. What was finished is kept: run the same command again.", err=True)
            raise SystemExit(INTERRUPTED) from None


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="ml-headcount-assets", prog_name="ml-headcount")
def main() -> None:
    """Estimate how many machine-learning experts companies employ, with honest intervals."""


for command in (
    worlds.simulate,
    study.doctor,
    study.run,
    study.label_cost,
    study.label,
    keywords,
    ratings,
    study.ui,
    study.export,
    warehouse.history,
    warehouse.forget,
    warehouse.backup,
    warehouse.restore,
    warehouse.housekeeping,
    warehouse.migrate,
    worlds.compare,
    worlds.calibrate,
):
    main.add_command(command)
