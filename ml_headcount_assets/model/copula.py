"""Companies with keyword counts only: label patterns from margins and a Gaussian copula."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from ..compute.engine import Engine
from .annotators import Annotator
from .evidence import CompanyEvidence
from .headcount_band import draw_headcounts_in_band
from .labels import MISSING
from .orthants import orthant_probabilities
from .settings import EstimatorSettings
from .streams import DRAW_BLOCK, stream

__all__ = ["base_filters", "cell_labels", "cell_probabilities", "draw_cells"]

_POINTS = 512
# A filter without a hit still needs a finite threshold.
_SMALLEST_SHARE = 1e-12


def base_filters(annotators: Sequence[Annotator]) -> tuple[str, ...]:
    """Return the keyword filters that are not derived from others, sorted by name."""
    return tuple(sorted(a.name for a in annotators if a.kind == "filter" and not a.derived))


def cell_labels(filters: Sequence[str], annotators: Sequence[Annotator]) -> NDArray[np.int8]:
    """Return the labels that employees in each cell carry; shape (2**F, J).

    Cell ``sum(y_j << j)`` has label y_j of filter j. Derived annotators follow their
    definition, so the nesting of the third filter holds; the others are missing.
    """
    cells = np.arange(2 ** len(filters))
    known = {name: (cells >> j) & 1 for j, name in enumerate(filters)}
    labels = np.full((len(cells), len(annotators)), MISSING, dtype=np.int8)
    for column, annotator in enumerate(annotators):
        if annotator.name in known:
            labels[:, column] = known[annotator.name]
        elif annotator.derived and set(annotator.derived) <= set(known):
            labels[:, column] = np.all([known[name] for name in annotator.derived], axis=0)
    return labels


def cell_probabilities(
    company: CompanyEvidence,
    filters: Sequence[str],
    correlations: NDArray[np.float64],
    headcounts: NDArray[np.int64],
    *,
    engine: Engine | None = None,
) -> NDArray[np.float64]:
    """Return the probability of each combination of filter hits; shape (D, 2**F).

    Parameters
    ----------
    company
        With ``hits`` of all `filters`: the margins are hits / headcount.
    correlations
        Latent correlations of the filters, shape (D, F, F).
    headcounts
        The company's employees in each draw, shape (D,).
    engine
        See `orthant_probabilities`.
    """
    shares = np.array([company.hits[name] for name in filters]) / headcounts[:, None]
    means = ndtri(np.clip(shares, _SMALLEST_SHARE, 1 - _SMALLEST_SHARE))
    return orthant_probabilities(means, correlations, points=_POINTS, engine=engine)


def draw_cells(
    company: CompanyEvidence,
    filters: Sequence[str],
    correlations: NDArray[np.float64],
    settings: EstimatorSettings,
    seed: int,
    *,
    first_block: int = 0,
    engine: Engine | None = None,
) -> NDArray[np.int64]:
    """Draw how many employees fall into each cell (layer 3); shape (D, 2**F).

    The margins are the company's hits, the association between filters the cohort's: one
    multinomial per draw stands for a row of labels per employee.

    Parameters
    ----------
    company, filters, correlations
        As for `cell_probabilities`; D a whole number of blocks.
    first_block
        Number of the block that the D draws begin with.
    engine
        See `orthant_probabilities`; the counts are drawn by NumPy.
    """
    blocks = len(correlations) // DRAW_BLOCK
    headcounts = draw_headcounts_in_band(company, settings, seed, blocks, first_block=first_block)
    probabilities = cell_probabilities(company, filters, correlations, headcounts, engine=engine)
    if not settings.has("employees"):
        return _expected_cells(company.headcount, probabilities)
    drawn = np.empty(probabilities.shape, dtype=np.int64)
    shares = probabilities / probabilities.sum(axis=1, keepdims=True)
    for start in range(0, len(shares), DRAW_BLOCK):
        rng = stream(seed, "employees", company.company_id, first_block + start // DRAW_BLOCK)
        part = slice(start, start + DRAW_BLOCK)
        drawn[part] = rng.multinomial(headcounts[part], shares[part])
    return drawn


def _expected_cells(headcount: int, probabilities: NDArray[np.float64]) -> NDArray[np.int64]:
    """Round expected counts; the remainder goes to the cell without hits, the largest."""
    counts = np.rint(headcount * probabilities).astype(np.int64)
    counts[:, 0] = headcount - counts[:, 1:].sum(axis=1)
    return np.maximum(counts, 0)
