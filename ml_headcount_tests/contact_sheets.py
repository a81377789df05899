"""Contact sheets of all figures for the documentation, one for each family.

ml-headcount export --to OUT --figures svg
python -m ml_headcount_tests.contact_sheets OUT/figures docs/images/figures
"""

from __future__ import annotations

import asyncio
import html
import sys
import tempfile
from pathlib import Path

from ml_headcount_assets.figures import VIEWS
from ml_headcount_assets.figures.catalogue import FAMILIES
from ml_headcount_tests.browser import browsing

_WIDTH = 1240
_STYLE = (
    "html{overflow:hidden;background:white}"
    "body{margin:0;font:12px sans-serif;columns:3;column-gap:8px}"
    "figure{margin:0 0 8px;break-inside:avoid;border:1px solid #ddd}img{width:100%;display:block}"
    "figcaption{padding:3px 6px;color:#5b646f}"
)


def _sheet(files: list[Path]) -> str:
    shown = "".join(
        f"<figure><figcaption>{html.escape(path.stem)}</figcaption><img src='{path.as_uri()}'>"
        "</figure>"
        for path in files
    )
    return f"<!doctype html><meta charset=utf-8><style>{_STYLE}</style>{shown}"


async def _draw(figures: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        async with browsing(Path(work)) as page:
            for family in FAMILIES:
                names = {view.name for view in VIEWS if view.family == family}
                files = [
                    path
                    for path in sorted(figures.iterdir())
                    if path.stem.partition("-")[2] in names
                ]
                if not files:
                    continue
                sheet = Path(work) / f"{family}.html"
                sheet.write_text(_sheet(files), encoding="utf-8")
                await page.open(sheet.as_uri(), _WIDTH, 400)
                await page.wait(
                    f"location.href === '{sheet.as_uri()}' && document.readyState === 'complete'"
                )
                height = int(await page.ask("document.body.scrollHeight"))
                await page.size(_WIDTH, height)
                await page.picture(folder / f"{family}.png")


if __name__ == "__main__":
    asyncio.run(_draw(Path(sys.argv[1]).resolve(), Path(sys.argv[2])))
