"""Estimate how many machine-learning experts companies employ, with honest intervals.

Three doors for people in a notebook: `estimate_headcount` from data frames, `simulate_study` for
a world whose truth is known, `open_study` for the warehouse of a study that has been run. What is
behind a door is imported when somebody goes through it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .export.opened import open_study
    from .model.estimate import estimate_headcount
    from .worlds.simulation import simulate_study

__all__ = ["estimate_headcount", "open_study", "simulate_study"]

_DOORS = {
    "estimate_headcount": ".model.estimate",
    "open_study": ".export.opened",
    "simulate_study": ".worlds.simulation",
}


def __getattr__(name: str) -> Any:
    if name not in _DOORS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_DOORS[name], __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_DOORS})
