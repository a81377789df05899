"""The people of a simulated world as raw profiles and CVs, and the LLMs' answers about them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from ..model.streams import stream
from .label_model import FILTERS, LLMS
from .profiles import simulated_cvs
from .simulation import SimulatedWorld

__all__ = ["RAW_FILES", "write_raw_people"]

#: Where the people are, by role.
RAW_FILES: Mapping[str, str] = {
    "validation": "validation.jsonl.gz",
    "profiles": "profiles",
    "labels": "labels",
}

_SNAPSHOT = "2025-06-30T00:00:00Z"
_PROFILES_PER_FILE = 50_000
_ANSWERS_PER_LINE = 100
_WRITTEN_AT_ONCE = 1_000
#: Share of the profiles whose company has to be found in their experience.
_NO_CURRENT_COMPANY = 0.1
_PAGE = "https://www.linkedin.com/company/"


def write_raw_people(world: SimulatedWorld, directory: Path) -> Mapping[str, str]:
    """Write the people into a directory and return where they are, by role."""
    _write_lines(directory / RAW_FILES["validation"], _rated_cvs(world))
    ids = [f"person-{number:07d}" for number in range(1, len(world.profiles) + 1)]
    for start in range(0, len(ids), _PROFILES_PER_FILE):
        number = start // _PROFILES_PER_FILE + 1
        path = directory / RAW_FILES["profiles"] / f"part-{number:03d}.jsonl.gz"
        _write_lines(path, _profiles(world, ids, start, start + _PROFILES_PER_FILE))
    for name in LLMS:
        path = directory / RAW_FILES["labels"] / name / "batch.jsonl.gz"
        _write_lines(path, _answers(world.profiles[name], ids))
    return RAW_FILES


def _rated_cvs(world: SimulatedWorld) -> Iterator[str]:
    rated = world.validation
    rng = stream(world.seed, "simulate", "texts of rated CVs")
    employers = ['"company":"An employer"'] * len(rated)
    columns = ["is_expert", *LLMS]
    verdicts = rated[columns].astype(object).where(rated[columns].notna(), None)
    cvs = simulated_cvs(rated[[*FILTERS, *LLMS]], employers, rng)
    for number, (verdict, cv) in enumerate(zip(verdicts.to_dict("records"), cvs, strict=True), 1):
        leading = json.dumps({"rated_id": f"cv-{number:04d}", **verdict})
        yield f"{leading[:-1]},{cv}}}"


def _profiles(world: SimulatedWorld, ids: list[str], start: int, stop: int) -> Iterator[str]:
    """Yield profiles of a world; each file has a random stream of its own."""
    rng = stream(world.seed, "simulate", f"texts of profiles from {start}")
    rows = world.profiles.iloc[start:stop]
    posts, currents = _employers(rows["company_id"], world.companies, rng)
    cvs = simulated_cvs(rows[[*FILTERS, *LLMS]], posts, rng)
    for person, current, cv in zip(ids[start:stop], currents, cvs, strict=True):
        yield (
            f'{{"linkedin_id":"{person}","timestamp":"{_SNAPSHOT}","current_company":{current},{cv}}}'
        )


def _employers(
    company_id: pd.Series, companies: pd.DataFrame, rng: np.random.Generator
) -> tuple[list[str], list[str]]:
    """Return JSON of each profile's company: members of its current post, and the company itself.

    Companies go by their ids, these in capitals, or the addresses of their pages.
    """
    known = companies.set_index("company_id")
    spelled = [company_id, company_id.str.upper(), f"{_PAGE}" + company_id + "/?trk=x"]
    spelling = rng.choice(len(spelled), size=len(company_id), p=[0.8, 0.1, 0.1])
    written = np.choose(spelling, [each.to_numpy(dtype=object) for each in spelled])
    names = known["name"].loc[company_id]
    places = known["headquarters"].loc[company_id]
    posts, currents = [], []
    absent = rng.random(len(company_id)) < _NO_CURRENT_COMPANY
    for spelling_of, name, place, gone in zip(written, names, places, absent, strict=True):
        identity = f'"company_id":"{spelling_of}"'
        posts.append(f'"company":"{name}"' + (f",{identity}" if gone else ""))
        whole = f'{{{identity},"name":"{name}","location":"{place}"}}'
        currents.append("null" if gone else whole)
    return posts, currents


def _answers(labels: pd.Series, ids: list[str]) -> Iterator[str]:
    """Yield lines of a batch job's results; labels that are missing are left out."""
    verdicts = labels.map({0: "REJECT", 1: "ACCEPT"})
    results = [
        f'{{"linkedin_id":"{person}","evaluation":"{verdict}"}}'
        for person, verdict in zip(ids, verdicts, strict=True)
        if isinstance(verdict, str)
    ]
    for start in range(0, len(results), _ANSWERS_PER_LINE):
        yield f'{{"results":[{",".join(results[start : start + _ANSWERS_PER_LINE])}]}}'


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # No time stamp and no name: equal worlds give equal bytes.
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 1, raw, mtime=0) as file:
        some: list[str] = []
        for line in lines:
            some.append(line)
            if len(some) == _WRITTEN_AT_ONCE:
                file.write("\n".join([*some, ""]).encode())
                some = []
        file.write("\n".join([*some, ""]).encode() if some else b"")
