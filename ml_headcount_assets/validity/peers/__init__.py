"""Other people's methods, as they ship, through the door that ours come through.

One thin adapter a package; packages are the optional dependencies `peers` and are imported when
asked. What a peer cannot say (an interval, a company without profiles) it does not say here
either: nothing is added to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from types import MappingProxyType

from ...errors import InputError
from ...worlds.simulation import SimulatedWorld
from ..answers import Answer

__all__ = ["PEERS", "Peer"]


@dataclass(frozen=True)
class Peer:
    """A method of somebody else.

    Attributes
    ----------
    module
        The adapter, in this package.
    needs
        What has to be importable; None if it is a formula.
    package
        Name under which it is installed.
    gives
        What it is asked for.
    cannot
        What it has no answer to.
    """

    module: str
    needs: str | None
    package: str | None
    gives: str
    cannot: str

    @property
    def is_installed(self) -> bool:
        """Whether the package is there."""
        return self.needs is None or find_spec(self.needs) is not None

    def __call__(self, world: SimulatedWorld, draws: int, seed: int) -> Answer:
        """Return what the peer says of a world.

        Raises
        ------
        InputError
            The package is not installed.
        """
        if not self.is_installed:
            raise InputError(
                f"{self.package} is not installed; install this package with its optional"
                " dependencies `peers`, or leave the method out."
            )
        return import_module(f".{self.module}", __name__).answer(world, draws, seed)


_NO_PROFILES = "companies without profiles"

PEERS: Mapping[str, Peer] = MappingProxyType(
    {
        "quapy_emq": Peer(
            "quapy_emq",
            "quapy",
            "quapy",
            "EMQ (prior-shift EM) on a logistic regression of all labels, with its bootstrap of"
            " the profiles",
            f"{_NO_PROFILES}; profiles with a missing label; the classifier's own uncertainty",
        ),
        "ppi_label_shift": Peer(
            "ppi_label_shift",
            "ppi_py",
            "ppi-python",
            "prediction-powered interval under label shift, from the majority of the LLMs",
            f"{_NO_PROFILES}; companies whose profiles are all voted alike",
        ),
        "truescore_ppi": Peer(
            "truescore_ppi",
            "truescore",
            "truescore",
            "ppi++ from the majority of the LLMs, rated CVs as the gold labels",
            f"{_NO_PROFILES}; companies with one profile",
        ),
        "judgy": Peer(
            "judgy_rate",
            "judgy",
            "judgy",
            "bootstrap of the corrected acceptance rate of the majority of the LLMs",
            _NO_PROFILES,
        ),
        "rogan_gladen": Peer(
            "rogan_gladen",
            None,
            None,
            "Rogan and Gladen (1978): corrected acceptance rate with the delta method",
            _NO_PROFILES,
        ),
        "dawid_skene": Peer(
            "dawid_skene",
            "crowdkit",
            "crowd-kit",
            "Dawid-Skene on all profiles and rated CVs, verdicts given as true labels",
            f"{_NO_PROFILES}; any interval",
        ),
    }
)
