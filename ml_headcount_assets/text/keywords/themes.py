"""Themes: phrases that mean nearly the same, and a map of all phrases.

Clusters are found by HDBSCAN (Campello, Moulavi & Sander 2013) among phrases that speak for a
class; the others, most of the vocabulary, would only blur them. Distances in hundreds of
dimensions are all alike, so both the clusters and the map are taken from the first principal
components.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["phrase_map", "phrase_themes", "theme_table"]

FloatArray = NDArray[np.float64]

_COMPONENTS = 15
_SMALLEST = 3


def principal_components(vectors: NDArray[np.float32], count: int) -> FloatArray:
    """Return the first principal components (n, count) of vectors (n, d); the same every time."""
    from sklearn.decomposition import PCA

    n = min(count, *vectors.shape)
    if len(vectors) == 0:
        return np.zeros((0, count))
    found = PCA(n, svd_solver="randomized", random_state=0).fit_transform(
        np.asarray(vectors, dtype=float)
    )
    # A component's sign is arbitrary: its farthest phrase is put on the positive side.
    farthest = found[np.abs(found).argmax(axis=0), np.arange(n)]
    return np.hstack([found * np.where(farthest < 0, -1, 1), np.zeros((len(vectors), count - n))])


def phrase_map(vectors: NDArray[np.float32]) -> FloatArray:
    """Return a place (n, 2) for each of the vectors (n, d): two principal components."""
    return principal_components(vectors, 2)


def phrase_themes(vectors: NDArray[np.float32], telling: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the theme (n,) of each phrase, numbered from 0; −1 for none.

    Parameters
    ----------
    vectors
        (n, d) of length 1.
    telling
        (n,) phrases that speak for a class; the others have no theme.
    """
    from sklearn.cluster import HDBSCAN

    themes = np.full(len(vectors), -1, dtype=np.int64)
    if telling.sum() > _SMALLEST:
        reduced = principal_components(vectors[telling], _COMPONENTS)
        clusters = HDBSCAN(min_cluster_size=_SMALLEST, cluster_selection_method="leaf", copy=True)
        themes[telling] = clusters.fit_predict(reduced)
    return themes


def theme_table(
    phrases: Sequence[str],
    vectors: NDArray[np.float32],
    themes: NDArray[np.int64],
    log_odds: FloatArray,
) -> pd.DataFrame:
    """Return a row per theme; phrases are sorted by their cosine with the theme's mean vector."""
    rows = []
    for theme in range(int(themes.max(initial=-1)) + 1):
        members = np.flatnonzero(themes == theme)
        central = vectors[members] @ vectors[members].mean(axis=0)
        order = members[np.argsort(-central, kind="stable")]
        names = [phrases[number] for number in order]
        rows.append((theme, names[0], len(names), names, float(log_odds[members].mean())))
    return pd.DataFrame(rows, columns=["theme", "name", "n_phrases", "phrases", "log_odds"])
