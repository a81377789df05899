"""From rated CVs to keyword filters and an honest account of how good they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pandas as pd

from .embedding import EmbeddingCache, Encoder
from .result import KeywordDiscovery
from .settings import KeywordSettings

if TYPE_CHECKING:
    from ...model.compute import Compute

__all__ = ["discover_keywords"]

Progress = Callable[[str, int, int], None]


def discover_keywords(
    rated: pd.DataFrame,
    labels: pd.DataFrame,
    settings: KeywordSettings,
    *,
    embeddings: EmbeddingCache | None = None,
    compute: Compute | None = None,
    encoder: Encoder | None = None,
    progress: Progress | None = None,
) -> KeywordDiscovery:
    """Find keywords that tell experts' CVs from others, and filters made of them.

    Parameters
    ----------
    rated
        rated_id, text and is_expert (0 or 1), one row per rated CV.
    labels
        rated_id and one column (0, 1 or missing) per annotator that there is already; there
        may be none, and CVs without a row count as unlabelled.
    settings
        Every choice.
    embeddings
        Where embeddings are remembered; None remembers none.
    compute
        Where texts are embedded; None does it here.
    encoder
        What embeds them instead of the model that the settings name.
    progress
        Called as ``progress(stage, done, total)``; the stages are "embedding",
        "extraction" and "validation".

    Raises
    ------
    InputError
        Rated CVs that cannot be learned from, or a model that cannot be had.
    """
    raise NotImplementedError
