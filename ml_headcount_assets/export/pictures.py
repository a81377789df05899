"""Figures as files: SVG, PNG or PDF, drawn by a browser on this machine without a network."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import plotly

from ml_headcount_assets.compute.protocol import Progress
from ml_headcount_assets.errors import ComputeError, InputError
from ml_headcount_assets.figures.catalogue import StudyFigure

__all__ = ["FORMATS", "write_pictures"]

FORMATS = ("svg", "png", "pdf")
_WIDTH, _HEIGHT = 900, 450
#: Pixels of a PNG for each of the figure's: 300 dots an inch at 6 inches.
_SCALE = 2
_PATIENCE_SECONDS = 90
#: How many figures are drawn between two words of progress.
_TOGETHER = 5


def write_pictures(
    figures: Sequence[StudyFigure], directory: Path, form: str, progress: Progress
) -> list[Path]:
    """Write each figure to a file of its own, numbered as in the report.

    The files appear when all of them are complete; files of the same names are replaced.

    Parameters
    ----------
    figures
        In the order of their numbers.
    directory
        Where the files go; made if it is not there.
    form
        One of `FORMATS`.
    progress
        Told how many of the figures are drawn.

    Raises
    ------
    InputError
        There is no browser that could draw.
    ComputeError
        A figure could not be drawn.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory, prefix=".drawing-") as work:
        asyncio.run(_draw(list(_asked(figures, Path(work), form)), progress))
        return [path.replace(directory / path.name) for path in sorted(Path(work).iterdir())]


def _asked(figures: Sequence[StudyFigure], folder: Path, form: str) -> Iterator[dict[str, Any]]:
    for number, figure in enumerate(figures, start=1):
        size = {"width": _WIDTH, "height": int(figure.figure.layout.height or _HEIGHT)}
        yield {
            "fig": figure.figure.to_dict(),
            "path": str(folder / f"{number:02d}-{figure.name}.{form}"),
            "opts": {"format": form, "scale": _SCALE if form == "png" else 1, **size},
        }


async def _draw(asked: list[dict[str, Any]], progress: Progress) -> None:
    import kaleido
    from kaleido.errors import (
        BrowserClosedError,
        BrowserFailedError,
        ChromeNotFoundError,
        KaleidoError,
    )

    # The page that draws would fetch both from elsewhere.
    script = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    try:
        async with kaleido.Kaleido(
            n=1, timeout=_PATIENCE_SECONDS, plotlyjs=script, mathjax=False
        ) as browser:
            for start in range(0, len(asked), _TOGETHER):
                progress(start, len(asked))
                await browser.write_fig_from_object(
                    asked[start : start + _TOGETHER], cancel_on_error=True
                )
            progress(len(asked), len(asked))
    except (ChromeNotFoundError, BrowserFailedError) as error:
        raise InputError(
            "Figures are drawn by a browser, and none could be started. Install Chromium (Debian:"
            " apt-get install chromium) or Google Chrome, or say with the environment variable"
            " BROWSER_PATH where it is."
        ) from error
    except (BrowserClosedError, KaleidoError) as error:
        raise ComputeError("A figure could not be drawn, so none was written.") from error
