"""A service that answers for money: what it costs, and whether it is this machine."""

from __future__ import annotations

import ipaddress
from typing import Annotated

from pydantic import Field

from ..section import Section

__all__ = ["PricePerMillion", "is_this_machine"]

Price = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class PricePerMillion(Section):
    """What a million tokens cost, in the currency of the study's spending cap."""

    input: Price
    output: Price

    @property
    def is_free(self) -> bool:
        """Whether nothing is ever charged."""
        return self.input == self.output == 0


def is_this_machine(host: str) -> bool:
    """Whether a host name or address means the machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
