"""Ids that are nobody's in the study: how many there are, and whom they may mean."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches

import pandas as pd

from ml_headcount_assets.wording import how_many

from .rejects import Rejects

__all__ = ["strangers"]

#: Finding the likeliest match is slow; it is done for so many ids, among so many.
_MOST_MATCHED, _MOST_KNOWN = 3, 20_000


def strangers(
    source: str, ids: Collection[str], known: Collection[str], *, are_texts: bool = False
) -> pd.DataFrame:
    """Return a reject that counts the ids that are not known, as `Rejects.frame`; or none.

    Parameters
    ----------
    source
        What they stand in, for the message.
    ids
        The ids that were found.
    known
        Those that there are.
    are_texts
        Whether the ids are hashes of texts, which are like no other.
    """
    rejects = Rejects(source)
    everybody = set(known)
    lost = sorted(each for each in set(ids) if each not in everybody)
    if not lost:
        return rejects.frame()
    if are_texts:
        rejects.add_file(
            f"of {how_many(len(ids), 'result')} {how_many(len(lost), 'is', 'are')} of texts that"
            " the study does not have (any more); not used. Ask about the texts as they are now"
        )
        return rejects.frame()
    examples = ", ".join(map(repr, lost[:_MOST_MATCHED]))
    rejects.add_file(
        f"of {how_many(len(ids), 'id')} {how_many(len(lost), 'is', 'are')} of no profile and no"
        f" rated CV, such as {examples}{_likeliest(lost, everybody)}; not used"
    )
    return rejects.frame()


def _likeliest(lost: list[str], known: set[str]) -> str:
    if len(known) > _MOST_KNOWN:
        return ""
    for each in lost[:_MOST_MATCHED]:
        near = get_close_matches(each, known, n=1)
        if near:
            return f" (likeliest match of {each!r}: {near[0]!r})"
    return ""
