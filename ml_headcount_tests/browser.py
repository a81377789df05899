"""A headless browser that tests can drive: keys, sizes of the screen, and what is to be seen."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_SECONDS = 60.0


def found_browser() -> str | None:
    """Return the path of a browser; None if none is installed."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


class Page:
    """A page, spoken to over the Chrome DevTools Protocol."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket, self._number = socket, 0
        self.told: list[str] = []

    async def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command; return its result."""
        self._number += 1
        await self._socket.send_json({"id": self._number, "method": method, "params": parameters})
        while True:
            answer = await self._socket.receive_json(timeout=PATIENCE_SECONDS)
            if answer.get("id") == self._number:
                assert "error" not in answer, answer["error"]
                return answer["result"]
            if answer.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown"):
                self.told.append(json.dumps(answer["params"]))

    async def ask(self, expression: str) -> Any:
        """Return the value of an expression."""
        found = await self.send("Runtime.evaluate", expression=expression, returnByValue=True)
        return found["result"].get("value")

    async def wait(self, expression: str) -> None:
        """Wait until an expression is true."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not await self.ask(expression):
            assert time.monotonic() < deadline, f"never came true: {expression}"
            await asyncio.sleep(0.03)

    async def open(self, address: str, width: int, height: int) -> None:
        """Open an address on a screen of some size."""
        await self.send("Log.enable")
        await self.send("Runtime.enable")
        await self.size(width, height)
        await self.send("Page.navigate", url=address)

    async def size(self, width: int, height: int) -> None:
        """Change the size of the screen."""
        await self.send(
            "Emulation.setDeviceMetricsOverride",
            **{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600},
        )

    async def press(self, key: str) -> None:
        """Press a key and let it go."""
        for kind in ("keyDown", "keyUp"):
            await self.send("Input.dispatchKeyEvent", type=kind, key=key)

    async def picture(self, path: Path) -> None:
        """Store what is to be seen."""
        found = await self.send("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(found["data"]))


@asynccontextmanager
async def browsing(folder: Path) -> AsyncIterator[Page]:
    """Start a browser with an empty page; its files are in a folder."""
    profile = folder / "browser"
    command = [
        *(str(found_browser()), "--headless=new", "--no-sandbox", "--disable-gpu"),
        *("--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank"),
    ]
    browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        port = await _port(profile / "DevToolsActivePort")
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                targets = await answer.json()
            (address,) = [t["webSocketDebuggerUrl"] for t in targets if t["type"] == "page"]
            async with session.ws_connect(address, max_msg_size=0) as socket:
                yield Page(socket)
    finally:
        browser.terminate()
        browser.wait(30)


async def _port(told: Path) -> int:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (told.is_file() and "\n" in told.read_text()):
        assert time.monotonic() < deadline, "the browser does not start"
        await asyncio.sleep(0.05)
    return int(told.read_text().split("\n")[0])
