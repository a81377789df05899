"""Which library does the arithmetic of the kernels, and on which device."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Engine"]


@dataclass(frozen=True)
class Engine:
    """A choice of array library and device.

    Attributes
    ----------
    library
        ``"numpy"``, ``"torch"``, or ``"auto"``.
    device
        ``"cpu"``, ``"cuda"``, or ``"auto"``.
    """

    library: str = "auto"
    device: str = "auto"
