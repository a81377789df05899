"""Real keywords from real embeddings, on CVs whose vocabulary was planted."""

from __future__ import annotations

import numpy as np

from ml_headcount_assets.text.keywords import EmbeddingCache, KeywordSettings, discover_keywords

from .worlds import SECURITY, lies_in, planted_cvs


def test_the_planted_words_of_security_experts_are_recovered(tmp_path) -> None:
    rated = planted_cvs(60, 100, seed=1)
    cache = EmbeddingCache(tmp_path / "vectors.sqlite")
    found = discover_keywords(rated, rated[["rated_id"]], KeywordSettings(), embeddings=cache)
    named = found.phrases[found.phrases["keybert_experts"] > 0].head(20)
    assert len(named) == 20
    assert np.mean([lies_in(phrase, SECURITY) for phrase in named["phrase"]]) >= 0.8
    assert np.mean([lies_in(phrase, SECURITY) for phrase in found.lists["yes_broad"]]) >= 0.8
    assert found.proposed is not None
    theme = found.themes.loc[found.themes["log_odds"].idxmax(), "phrases"]
    assert np.mean([lies_in(phrase, SECURITY) for phrase in theme]) >= 0.5
