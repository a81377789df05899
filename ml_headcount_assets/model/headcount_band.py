"""Headcounts that are known as a band only, drawn anew in each draw."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .evidence import CompanyEvidence
from .settings import EstimatorSettings
from .streams import DRAW_BLOCK, stream

__all__ = ["draw_headcounts_in_band"]


def draw_headcounts_in_band(
    company: CompanyEvidence,
    settings: EstimatorSettings,
    seed: int,
    blocks: int,
    *,
    first_block: int = 0,
) -> NDArray[np.int64]:
    """Draw the number of employees of a company (part of layer 3); shape (D,).

    Of a band, log-uniformly within it: sizes of firms follow Zipf's law (Axtell, Science 293,
    2001), under which the expected number of employees per octave is constant. A number that is
    known is repeated; so is the middle of the band if the layer is off. The stream is the
    company's own, so that all estimators see the same headcounts.

    D are the draws of `blocks` blocks from `first_block` on.
    """
    if company.headcount_band is None or not settings.has("employees"):
        return np.full(blocks * DRAW_BLOCK, company.headcount, dtype=np.int64)
    low, high = company.headcount_band
    # Half a person on either side, so that each end is as likely as its neighbours.
    least, most = float(np.log(low - 0.5)), float(np.log(high + 0.5))
    drawn = [
        stream(seed, "headcount", company.company_id, block).uniform(least, most, DRAW_BLOCK)
        for block in range(first_block, first_block + blocks)
    ]
    return np.clip(np.rint(np.exp(np.concatenate(drawn))), low, high).astype(np.int64)
