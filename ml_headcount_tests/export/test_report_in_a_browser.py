"""The report as a reader meets it: on a screen, on a phone, by search, by address, in print."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pandas as pd
import pytest

from ml_headcount_assets.export import StudyResults, write_report
from ml_headcount_assets.study import Study
from ml_headcount_assets.warehouse.schemas import TABLES
from ml_headcount_tests.browser import Page, browsing, found_browser

from .conftest import tables

pytestmark = pytest.mark.skipif(found_browser() is None, reason="needs Debian's chromium")

Look = Callable[[Page, str], Awaitable[None]]


#: Pixels between the margins of A4.
_PAPER = 703


def looked_at(results: StudyResults, study: Study, tmp_path: Path, look: Look, width: int) -> None:
    """Open the report on a screen of some width, and see what `look` wants to see."""
    report = tmp_path / "report.html"
    write_report(results, study, report)

    async def open_and_look() -> None:
        async with browsing(tmp_path) as page:
            await page.open(report.as_uri(), width, 900)
            await page.wait("document.readyState === 'complete'")
            await look(page, report.as_uri())
            assert page.told == [], "the console is empty"
            requests = await page.ask(
                "JSON.stringify(performance.getEntriesByType('resource').map(e => e.name))"
            )
            assert [r for r in json.loads(requests) if not r.startswith("blob:")] == []

    asyncio.run(open_and_look())


def test_a_reader_searches_narrows_sorts_and_opens_a_company(results, study, tmp_path) -> None:
    async def look(page: Page, address: str) -> None:
        shown = (
            "[...document.querySelectorAll('#table tbody tr')].filter(r => !r.hidden)"
            ".map(r => r.cells[0].textContent).join('|')"
        )
        assert await page.ask(shown) == "=Acme <b>& Sons</b>|core|Bits\x0bInc|Dusk"

        def typed(words: str) -> str:
            return (
                f"byId('search').value = {words!r};byId('search').dispatchEvent(new Event('input'))"
            )

        await page.ask(typed("few_profiles peru"))  # a flag and a country
        assert await page.ask(shown) == "Bits\x0bInc"
        await page.ask(typed("nobody"))
        assert "No company fits" in await page.ask("byId('found').textContent")
        await page.ask(typed(""))
        confidence = "document.querySelectorAll('#table th')[5]"
        await page.ask(f"{confidence}.querySelector('button').click()")
        assert await page.ask(f"{confidence}.getAttribute('aria-sort')") == "ascending"
        assert (await page.ask(shown)).endswith("Dusk"), "no evidence is the last confidence"

        await page.ask("location.hash = '#company=dusk'")
        await page.wait("!byId('one').hidden")
        said = await page.ask("byId('one').textContent")
        assert "nothing is known about this company" in said
        assert await page.ask("byId('headline').hidden")
        await page.ask("location.hash = '#company=acme'")
        await page.wait("document.querySelector('#one .main-svg') !== null")
        assert "<b>" not in await page.ask("byId('one').querySelector('h1').innerHTML")
        await page.ask("location.hash = '#companies'")
        await page.wait("byId('one').hidden && !byId('headline').hidden")
        for nobody in ("constructor", "%"):
            await page.ask(f"location.hash = '#company={nobody}'")
            await page.ask("route()")
            assert await page.ask("byId('one').hidden"), nobody
            assert await page.ask("document.title") != "undefined"

    looked_at(results, study, tmp_path, look, 1400)


def test_nothing_is_wider_than_a_phone_and_all_is_drawn_for_print(results, study, tmp_path) -> None:
    async def look(page: Page, address: str) -> None:
        assert await page.ask("document.documentElement.scrollWidth") <= 390
        await page.ask("dispatchEvent(new Event('beforeprint'))")
        await page.wait(
            "document.querySelectorAll('.plot').length > 10 &&"
            " [...document.querySelectorAll('.plot')].every(p => p.querySelector('.main-svg'))"
        )
        await page.ask("dispatchEvent(new Event('afterprint'))")
        assert await page.ask("document.documentElement.scrollWidth") <= 390

    looked_at(results, study, tmp_path, look, 390)


def test_on_paper_nothing_is_wider_than_the_page_which_would_shrink_all_of_it(
    read, study, tmp_path
) -> None:
    long = tables()["companies"].assign(name=["x" * 300, "y", "z", "w"])
    names = {"annotator": "filter_" + "a" * 60, "partner": "llm_" + "b" * 60, "verdict": "drifts"}
    row = dict.fromkeys(TABLES["annotator_drift"].columns, 0.123) | names
    drift = pd.DataFrame([row | {"cohort": "", "text": "profiles"}])

    async def look(page: Page, address: str) -> None:
        await page.ask("document.querySelectorAll('details').forEach(d => d.open = true)")
        await page.ask("dispatchEvent(new Event('beforeprint'))")
        await page.send("Emulation.setEmulatedMedia", media="print")
        await page.size(_PAPER, 1000)
        assert await page.ask("document.querySelectorAll('#trust table').length") > 0
        assert await page.ask("document.documentElement.scrollWidth") <= _PAPER
        sizes = "[...document.querySelectorAll('.plot .main-svg')].map(s => s.client"
        await page.wait(f"new Set({sizes}Width)).size === 1")
        assert await page.ask(f"{sizes}Width)[0]") <= _PAPER
        assert await page.ask(f"Math.max(...{sizes}Height))") <= 800
        await page.send("Emulation.setEmulatedMedia", media="")
        await page.size(1400, 900)
        await page.ask("dispatchEvent(new Event('afterprint'))")
        assert await page.ask(f"Math.max(...{sizes}Width))") > 900

    looked_at(read(companies=long, annotator_drift=drift), study, tmp_path, look, 1400)


def test_on_a_phone_the_estimate_stands_beside_the_name(results, study, tmp_path) -> None:
    async def look(page: Page, address: str) -> None:
        frame = "document.querySelector('.scroll.tall').getBoundingClientRect()"
        heads = "[...document.querySelectorAll('#table th')]"
        seen = f"{heads}.filter(h => h.getBoundingClientRect().right <= {frame}.right)"
        shown = await page.ask(f"{seen}.map(h => h.textContent).join('|')")
        assert shown.startswith("company|median|lower end|upper end")

    looked_at(results, study, tmp_path, look, 390)


def test_tables_of_a_company_can_be_scrolled_by_keys(results, study, tmp_path) -> None:
    async def look(page: Page, address: str) -> None:
        await page.ask("location.hash = '#company=acme'")
        await page.wait("document.querySelector('#one .scroll') !== null")
        frames = "[...document.querySelectorAll('.scroll')]"
        assert await page.ask(f"{frames}.every(frame => frame.tabIndex === 0)")

    looked_at(results, study, tmp_path, look, 390)


def test_names_of_any_length_and_direction_fit_a_phone_and_a_screen(read, study, tmp_path) -> None:
    names = ["x" * 300, "Gesellschaft zur Verarbeitung " * 9, "شركة الذكاء", "研究所" * 60]
    long = tables()["companies"].assign(name=names)

    async def look(page: Page, address: str) -> None:
        scroll = "document.documentElement.scrollWidth"
        table = "document.querySelector('.scroll.tall')"
        assert await page.ask(f"{table}.scrollWidth - {table}.clientWidth") < 200
        await page.size(390, 900)
        assert await page.ask(scroll) <= 390
        for company in ("acme", "bits", "core", "dusk"):
            await page.ask(f"location.hash = '#company={company}'")
            await page.wait(f"!byId('one').hidden && location.hash.endsWith('{company}')")
            await page.ask("document.body.offsetHeight")
            assert await page.ask(scroll) <= 390, company
        # In figures they are cut, and leave half of the width to what is drawn.
        await page.ask("location.hash = ''")
        await page.wait("byId('one').hidden")
        await page.ask("byId('figure-companies').scrollIntoView()")
        plot = "document.querySelector('#figure-companies .plot')"
        await page.wait(f"{plot}.querySelector('.ytick text > title') !== null")
        assert await page.ask(f"{plot}._fullLayout._size.w / {plot}.clientWidth") > 0.45
        told = f"[...{plot}.querySelectorAll('.ytick title')].map(t => t.textContent)"
        assert "x" * 300 in json.loads(await page.ask(f"JSON.stringify({told})"))

    looked_at(read(companies=long), study, tmp_path, look, 1400)


def test_of_thousands_the_first_few_hundred_are_shown_and_all_are_searched(
    read, study, tmp_path
) -> None:
    many = [f"c{number:04d}" for number in range(1_200)]
    first = tables()["headcount_intervals"].iloc[[0]]
    repeated = pd.concat([first] * len(many), ignore_index=True)
    intervals = repeated.assign(company=many, company_id=many)
    company = pd.concat([tables()["companies"].iloc[[0]]] * len(many), ignore_index=True)
    companies = company.assign(company=many, company_id=many, name=[f"Name {c}" for c in many])

    async def look(page: Page, address: str) -> None:
        shown = "[...document.querySelectorAll('#table tbody tr')].filter(r => !r.hidden).length"
        found = "byId('found').textContent"
        assert await page.ask(shown) == 300
        assert await page.ask(found) == "1,200 of 1,200 companies, of which the first 300 are shown"
        await page.ask("byId('search').value = 'c1107'")
        await page.ask("byId('search').dispatchEvent(new Event('input'))")
        assert await page.ask(shown) == 1
        assert await page.ask(found) == "1 of 1,200 companies"
        await page.ask("byId('search').value = ''; narrow()")
        first = "document.querySelector('#table tbody').rows[0]"
        await page.ask("document.querySelector('#table th button').click()")
        assert await page.ask(f"{first}.cells[0].textContent") == "Name c0000"
        await page.ask("document.querySelector('#table th button').click()")
        assert await page.ask(f"{first}.cells[0].textContent") == "Name c1199"
        assert await page.ask(f"{first}.hidden") is False
        assert await page.ask("fitting.size") == 1_200, "all of them are downloaded"
        await page.ask("byId('all').click()")
        assert await page.ask(shown) == 1_200

    looked_at(read(companies=companies, headcount_intervals=intervals), study, tmp_path, look, 1400)
