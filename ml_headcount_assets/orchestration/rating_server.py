"""Serving the rating page to this machine alone, behind the guard of the web interface.

What the page shows does not belong here: see `labelling.ratings`.
"""

from __future__ import annotations

import contextlib

import uvicorn
from starlette.applications import Starlette

from .guard import RequestGuard
from .ui import HOST, refuse_taken

__all__ = ["serve_page"]


def serve_page(page: Starlette, port: int) -> None:
    """Serve a page on 127.0.0.1 until it is interrupted.

    Raises
    ------
    InputError
        The port is taken.
    """
    refuse_taken(port)
    hosts = {f"{name}:{port}" for name in (HOST, "localhost")}
    with contextlib.suppress(KeyboardInterrupt):  # the way to end it
        uvicorn.run(
            RequestGuard(page, hosts), host=HOST, port=port, log_level="warning", access_log=False
        )
