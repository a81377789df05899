"""From rated CVs to keyword filters and an honest account of how good they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ...errors import InputError
from .embedding import embed
from .embedding_cache import EmbeddingCache
from .encoder import Encoder, SentenceEncoder
from .lists import Corpus, Learned, learn, list_hits
from .phrases import candidate_phrases, tf_idf
from .result import FRAMES, LISTS, KeywordDiscovery
from .settings import KeywordSettings
from .themes import phrase_map, phrase_themes, theme_table
from .validation import cross_validate, filter_tables

if TYPE_CHECKING:
    from ...compute.protocol import Compute

__all__ = ["discover_keywords"]

Progress = Callable[[int, int], None]


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
        Called as ``progress(done, total)``, in per cent of the expected time.

    Raises
    ------
    InputError
        Rated CVs that cannot be learned from, or a model that cannot be had.
    ComputeError
        The model's vectors cannot be used, or the file of embeddings is in use.
    """
    is_expert = _truth(rated, settings)
    others = _other_labels(labels, rated["rated_id"])
    texts = rated["text"].tolist()
    table = candidate_phrases(texts, settings.longest, settings.min_documents)
    if not table.phrases:
        raise InputError(
            f"No phrase occurs in {settings.min_documents} of the {len(texts)} rated CVs. Check"
            " that their texts are there, or lower min_documents."
        )
    vectors = embed(
        [*texts, *table.phrases],
        encoder or SentenceEncoder(settings.model),
        cache=embeddings,
        compute=compute,
        progress=_part(progress, 0, 90),
    )
    corpus = Corpus(table, is_expert, vectors[: len(texts)], vectors[len(texts) :])
    learned = learn(corpus, np.arange(len(texts)), settings)
    judged = cross_validate(corpus, settings, _part(progress, 90, 100))
    same = list_hits(table.presence, learned.lists)
    told = filter_tables(rated["rated_id"], is_expert, others, judged, learned, same, settings.seed)
    phrases, themes = _phrase_tables(corpus, learned, settings)
    return KeywordDiscovery(
        phrases=_typed("phrases", phrases),
        themes=_typed("themes", themes),
        filters=_typed("filters", told.filters),
        optimism=_typed("optimism", told.optimism),
        precision_recall=_typed("precision_recall", told.precision_recall),
        folds=_typed("folds", told.folds),
        lists={name: tuple(table.phrases[i] for i in learned.lists[name]) for name in LISTS},
    )


def _truth(rated: pd.DataFrame, settings: KeywordSettings) -> np.ndarray:
    """Return the truth as booleans, or say why nothing can be learned from these CVs."""
    if rated["rated_id"].duplicated().any():
        raise InputError("Rated CVs: a rated_id occurs twice; keywords need one row per CV.")
    if not rated["is_expert"].isin([0, 1]).all():
        raise InputError("Rated CVs: is_expert has to be 0 or 1 in every row.")
    if rated["text"].isna().any():
        raise InputError(
            f"Rated CVs: {int(rated['text'].isna().sum())} have no text. Leave them out, or give"
            " the texts; a keyword filter cannot label what it cannot read."
        )
    is_expert = rated["is_expert"].to_numpy(dtype=bool)
    fewest = min(is_expert.sum(), (~is_expert).sum())
    if fewest < 2 * settings.folds:
        raise InputError(
            f"Rated CVs: {int(is_expert.sum())} of experts and {int((~is_expert).sum())} of others."
            f" Cross-validation in {settings.folds} folds needs at least {2 * settings.folds} of"
            " each."
        )
    return is_expert


def _other_labels(labels: pd.DataFrame, rated_id: pd.Series) -> pd.DataFrame:
    """Return the other annotators' labels in the order of the CVs."""
    if labels["rated_id"].duplicated().any():
        raise InputError("Labels of rated CVs: a rated_id occurs twice.")
    ordered = labels.set_index("rated_id").reindex(rated_id)
    for name in ordered:
        if not ordered[name].dropna().isin([0, 1]).all():
            raise InputError(f"Labels of rated CVs: {name} has values besides 0, 1 and missing.")
    return ordered


def _phrase_tables(
    corpus: Corpus, learned: Learned, settings: KeywordSettings
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the tables of phrases and of themes; without the phrases that are nested."""
    shown = np.flatnonzero(learned.candidates)
    shown = shown[np.argsort(-learned.odds.z[shown], kind="stable")]
    names = [corpus.table.phrases[number] for number in shown]
    vectors, odds = corpus.phrases[shown], learned.odds
    weights = tf_idf(corpus.table.counts[:, shown])
    themes = phrase_themes(vectors, np.abs(odds.z[shown]) >= settings.broad.z)
    place = phrase_map(vectors)
    table = pd.DataFrame(
        {
            "phrase": names,
            "n_words": [name.count(" ") + 1 for name in names],
            "experts": learned.experts[shown],
            "others": learned.others[shown],
            "tf_idf_experts": np.asarray(weights[corpus.is_expert].mean(axis=0)).ravel(),
            "tf_idf_others": np.asarray(weights[~corpus.is_expert].mean(axis=0)).ravel(),
            "keybert_experts": learned.named_experts[shown],
            "keybert_others": learned.named_others[shown],
            "keybert_relevance": learned.relevance[shown],
            "log_odds": odds.ratio[shown],
            "log_odds_sd": odds.sd[shown],
            "z": odds.z[shown],
            "theme": pd.Series(themes, dtype="Int64").where(themes >= 0),
            "x": place[:, 0],
            "y": place[:, 1],
            **{name: np.isin(shown, learned.lists[name]) for name in LISTS},
        }
    )
    return table, theme_table(names, vectors, themes, odds.ratio[shown])


def _typed(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table with the columns and types that it is declared to have."""
    return frame[list(FRAMES[name])].astype(dict(FRAMES[name]))


@dataclass(frozen=True)
class _Part:
    """Progress of one part of the work, told as progress of the whole."""

    tell: Progress
    start: int
    stop: int

    def __call__(self, done: int, total: int) -> None:
        self.tell(round(self.start + (self.stop - self.start) * done / total), 100)


def _part(progress: Progress | None, start: int, stop: int) -> Progress | None:
    return None if progress is None else _Part(progress, start, stop)
