"""The page on which profiles are rated, as an ASGI application.

Who may talk to it, and where it listens, does not belong here: whoever serves it puts the guard
of `orchestration.guard` in front.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from ml_headcount_assets.errors import InputError

from .criteria import Criteria
from .sitting import Sitting

__all__ = ["rating_page"]

_FOLDER = Path(__file__).with_name("served")
_FILES = {"/": "page.html", "/page.js": "page.js", "/page.css": "page.css"}
_HEADERS = {
    # Nothing is loaded from elsewhere, and nothing of a text can run.
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self';"
    " connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


def rating_page(sitting: Sitting, criteria: Criteria, rater: str) -> Starlette:
    """Return the application.

    Parameters
    ----------
    sitting
        The rater at work. It is used in the thread of the server alone.
    criteria
        What stands beside the text.
    rater
        Whose sitting it is, for the page's head.
    """

    async def asked(_: Request) -> Response:
        content = {"rater": rater, **criteria.model_dump(mode="json")}
        return JSONResponse(content, headers=_HEADERS)

    async def state(_: Request) -> Response:
        return JSONResponse(sitting.state(), headers=_HEADERS)

    def after(act: Callable[[dict[str, Any]], None]) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            try:
                act(await request.json())
            except InputError as error:
                return JSONResponse({"error": str(error)}, 400, headers=_HEADERS)
            except (KeyError, TypeError, ValueError):
                return JSONResponse({"error": "The request has another form."}, 400)
            return JSONResponse(sitting.state(), headers=_HEADERS)

        return answer

    def rate(told: dict[str, Any]) -> None:
        sitting.rate(int(told["number"]), str(told["verdict"]), list(map(str, told["ticked"])))

    return Starlette(
        routes=[
            *(Route(path, _file(name)) for path, name in _FILES.items()),
            Route("/asked", asked),
            Route("/state", state),
            Route("/rate", after(rate), methods=["POST"]),
            Route("/skip", after(lambda told: sitting.skip(int(told["number"]))), methods=["POST"]),
            Route("/undo", after(lambda _: sitting.undo()), methods=["POST"]),
        ]
    )


def _file(name: str) -> Callable[[Request], Any]:
    async def serve(_: Request) -> Response:
        return FileResponse(_FOLDER / name, headers=_HEADERS)

    return serve
