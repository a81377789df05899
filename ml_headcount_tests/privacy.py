"""Marks in everything that belongs to a person, and a search for them where they must not be."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from pathlib import Path
from typing import Any

__all__ = ["MARK", "leaks", "marked_profile"]

#: No other text has this in it. Pieces of it are looked for too, in case something is cut.
MARK = "Zaphodia-Quuxworth"


def marked_profile(profile_id: str, company_id: str) -> dict[str, Any]:
    """Return a raw profile that has the mark wherever a vendor has something personal."""
    post = {"title": MARK, "company": MARK, "description": f"I am {MARK}.", "location": MARK}
    return {
        "linkedin_id": profile_id,
        "name": MARK,
        "first_name": MARK,
        "avatar": f"https://example.com/{MARK}.png",
        "city": MARK,
        "timestamp": "2025-01-01",
        "current_company": {
            "company_id": company_id,
            "name": MARK,
            "title": MARK,
            "location": MARK,
        },
        "position": f"{MARK}, ML research scientist",
        "about": f"About {MARK}",
        "experience": [post, {**post, "positions": [post]}],
        "education": [{"title": MARK, "degree": MARK, "field": MARK}],
        "certifications": [{"title": MARK, "subtitle": MARK}],
    }


def leaks(places: Iterable[Path | bytes | str]) -> list[str]:
    """Return what of some files, folders and texts has a mark in it, whatever the encoding."""
    found = []
    for place in places:
        if isinstance(place, Path):
            files = [place] if place.is_file() else [p for p in place.rglob("*") if p.is_file()]
            found += [str(file) for file in files if _is_marked(file.read_bytes())]
        else:
            data = place.encode() if isinstance(place, str) else place
            found += ["text"] if _is_marked(data) else []
    return found


def _is_marked(data: bytes) -> bool:
    if data.startswith(b"\x1f\x8b"):
        data = gzip.decompress(data)
    data = data.lower()
    pieces = {MARK, *MARK.split("-")}
    encodings = ("utf-8", "utf-16-le")
    return any(piece.lower().encode(name) in data for piece in pieces for name in encodings)
