"""Which key may go to whom: a study names both, and may come from anybody.

A study's configuration says which environment variable holds a key, and to which address the key
is sent. So the user is asked about each pair of a variable and a host, once; what was agreed to is
kept with the user's own files, where no study can bring it along. What is sent with the key does
not belong here.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from ..compute.user_files import read_private, write_private
from ..errors import InputError
from ..study.annotators import AnnotatorEntry

__all__ = ["ALLOWED_VARIABLE", "KeyUse", "allow_key", "is_allowed", "unallowed_keys"]

ALLOWED_VARIABLE = "ML_HEADCOUNT_ALLOW_KEYS"
_FILE = "allowed-keys"


@dataclass(frozen=True, order=True)
class KeyUse:
    """That the key in an environment variable is sent to a host.

    Attributes
    ----------
    variable
        Name of the environment variable.
    host
        Host, with its port if that is not the usual one.
    """

    variable: str
    host: str

    def __str__(self) -> str:
        return f"{self.variable}={self.host}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``VARIABLE=HOST``.

        Raises
        ------
        InputError
            It is not of this form.
        """
        variable, equals, host = text.strip().partition("=")
        if not (variable and equals and host) or "/" in host or not text.isprintable():
            raise InputError(
                f"{text!r} does not say which key may go to whom. Write VARIABLE=HOST, such as"
                " OPENAI_API_KEY=api.openai.com"
            )
        return cls(variable.strip(), host.strip().lower())

    @classmethod
    def of(cls, entry: AnnotatorEntry) -> Self | None:
        """Return what an annotator's entry would have done with a key; None if it has none."""
        if entry.api_key_env is None or entry.endpoint is None:
            return None
        return cls(entry.api_key_env, urlsplit(entry.endpoint).netloc.rpartition("@")[2].lower())


def is_allowed(use: KeyUse, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the user has agreed, here before or by `ALLOWED_VARIABLE`."""
    named = environment.get(ALLOWED_VARIABLE, "").replace(",", " ").split()
    return use in map(KeyUse.parse, named) or use in _kept()


def allow_key(use: KeyUse) -> None:
    """Note for good that the user agrees."""
    lines = sorted({*_kept(), use})
    write_private(_FILE, "".join(f"{each}\n" for each in lines))


def unallowed_keys(
    entries: Iterable[AnnotatorEntry], environment: Mapping[str, str] = os.environ
) -> list[KeyUse]:
    """Return what the user has to be asked about before these can be asked for labels."""
    uses = {use for entry in entries if (use := KeyUse.of(entry)) is not None}
    return sorted(use for use in uses if not is_allowed(use, environment))


def _kept() -> Iterator[KeyUse]:
    return map(KeyUse.parse, read_private(_FILE).split())
