"""The rating page in a browser, on a phone's and a desk's screen, and before strangers."""

import asyncio
import threading
import time
from pathlib import Path

import pytest
import uvicorn

from ml_headcount_assets.labelling.ratings.criteria import read_criteria
from ml_headcount_assets.labelling.ratings.page import rating_page
from ml_headcount_assets.labelling.ratings.rounds import Subject
from ml_headcount_assets.labelling.ratings.sitting import Sitting
from ml_headcount_assets.orchestration.guard import RequestGuard
from ml_headcount_assets.warehouse.ratings import RatingStore
from ml_headcount_tests.browser import Page, browsing, found_browser
from ml_headcount_tests.orchestration.test_ui import unused_port

#: A text that would do something if it were taken for more than text.
HOSTILE = "Engineer | builds <img src=x onerror=\"document.title='run'\"> models\n|\n" + "wide" * 60
SUBJECTS = [
    Subject("acme", "p1", "h1", HOSTILE),
    *(Subject("acme", f"p{n}", f"h{n}", f"Researcher number {n}") for n in (2, 3)),
]
SHOWN = "document.getElementById('which').textContent"
COUNT = "document.getElementById('count').textContent"


@pytest.fixture
def served(tmp_path):
    """Serve a sitting of three profiles behind the guard; yield its address."""
    port = unused_port()
    server = uvicorn.Server(uvicorn.Config(lambda *_: None, port=port, log_level="error"))

    def serve() -> None:
        # SQLite's connections belong to the thread that opens them.
        with RatingStore(tmp_path) as store:
            sitting = Sitting(SUBJECTS, "ann", read_criteria(), store)
            page = rating_page(sitting, read_criteria(), "ann")
            server.config.app = RequestGuard(page, {f"127.0.0.1:{port}"})
            server.run()

    thread = threading.Thread(target=serve)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}/"
    server.should_exit = True
    thread.join(30)


async def _rate(page: Page, address: str, folder: Path) -> None:
    await page.open(address, 1400, 900)
    await page.wait(f"{SHOWN} === 'Profile 1'")
    assert "<img" in await page.ask("document.getElementById('text').textContent")
    for width, height in ((1400, 900), (390, 844)):
        await page.size(width, height)
        assert await page.ask("document.documentElement.scrollWidth") <= width
        await page.picture(folder / f"{width}.png")
    for key in "13y":
        await page.press(key)
    await page.wait(f"{COUNT}.startsWith('1 of 3') && {SHOWN} === 'Profile 2'")
    await page.press("s")
    await page.wait(f"{SHOWN} === 'Profile 3'")
    await page.press("n")
    await page.wait(f"{COUNT}.startsWith('2 of 3')")
    await page.press("z")
    await page.wait(f"{SHOWN} === 'Profile 3' && {COUNT}.startsWith('1 of 3')")
    for key, done in (("u", 2), ("n", 3)):
        await page.press(key)
        await page.wait(f"{COUNT}.startsWith('{done} of 3')")
    assert "Thank you" in await page.ask(SHOWN)
    # Undo shows the last again with its ticks; nothing of a text has run, nothing was blocked.
    await page.press("z")
    await page.wait(f"{SHOWN} === 'Profile 2'")
    assert await page.ask("document.title") == "Rate profiles"
    assert page.told == []


@pytest.mark.skipif(found_browser() is None, reason="no browser is installed")
def test_a_round_is_rated_by_keys_on_both_screens(served, tmp_path):
    async def drive() -> None:
        async with browsing(tmp_path) as page:
            await _rate(page, served, tmp_path)

    asyncio.run(drive())
    criteria = read_criteria().criteria
    with RatingStore(tmp_path) as store:
        said = {each.profile_id: (each.verdict, each.criteria) for each in store.of_rater("ann")}
    assert said == {"p1": ("yes", (criteria[0], criteria[2])), "p3": ("unsure", ())}


def test_strangers_neither_read_nor_write(served, tmp_path):
    import http.client

    def ask(method: str, path: str, **headers: str) -> int:
        host = served.removeprefix("http://").rstrip("/")
        connection = http.client.HTTPConnection(host, timeout=30)
        body = '{"number": 1, "verdict": "yes", "ticked": []}' if method == "POST" else None
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, given)
        return connection.getresponse().status

    kind = {"Content_Type": "application/json"}
    assert ask("GET", "/state", Host="evil.example") == 403
    assert ask("GET", "/state", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="cors") == 403
    assert ask("POST", "/rate", Origin="http://evil.example", **kind) == 403
    assert ask("POST", "/rate", Content_Type="text/plain") == 403
    with RatingStore(tmp_path) as store:
        assert store.of_rater("ann") == []
    assert ask("POST", "/undo", **kind) == 200
    assert ask("POST", "/rate", **kind) == 200
