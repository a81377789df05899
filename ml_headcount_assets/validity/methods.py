"""All that can answer a world, by name: the oracle, our estimators and peers, as equals."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..compute.engine import Engine
from ..compute.local import LocalCompute
from ..errors import InputError
from ..model import ESTIMATORS, estimate_headcount
from ..model.evidence import NONE
from ..worlds.simulation import SimulatedWorld
from .answers import Answer, DrawnAnswer
from .oracle import oracle
from .peers import PEERS

__all__ = ["METHODS", "ORACLE", "Method", "estimated", "method", "methods_here"]

Method = Callable[[SimulatedWorld, int, int], Answer]

ORACLE = "oracle"
METHODS = (ORACLE, *ESTIMATORS, *PEERS)


def method(name: str) -> Method:
    """Return what answers by that name: a function of a world, a number of draws and a seed.

    Raises
    ------
    InputError
        There is no such method.
    """
    if name == ORACLE:
        return oracle
    if name in PEERS:
        return PEERS[name]
    if name in ESTIMATORS:
        return _Estimator(name)
    raise InputError(f"Unknown method {name!r}; there are {', '.join(METHODS)}.")


def methods_here() -> tuple[str, ...]:
    """Names of the methods whose packages are installed."""
    return tuple(name for name in METHODS if name not in PEERS or PEERS[name].is_installed)


class _Estimator:
    """One of the estimators of `model`."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, world: SimulatedWorld, draws: int, seed: int) -> DrawnAnswer:
        return estimated(world, self.name, draws, seed)


def estimated(world: SimulatedWorld, estimator: str, draws: int, seed: int) -> DrawnAnswer:
    """Let an estimator see the tables of a world, on one core."""
    result = estimate_headcount(
        world.validation,
        world.profiles,
        world.companies,
        estimator,
        draws=draws,
        seed=seed,
        # Worlds already keep the cores busy.
        compute=LocalCompute(workers=1, engine=Engine()),
    )
    return DrawnAnswer(result.draws.data.astype(np.int64), result.evidence != NONE)
