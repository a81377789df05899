"""How good the filters are: on CVs that they were not learned on, and on their own.

Whatever is learned (which phrases are frequent, what KeyBERT names, log-odds ratios, lists) is
learned inside each outer fold, from the other folds. The embeddings are the same throughout; no
truth enters them. The thresholds are settings and not tuned, so there are no inner folds.

Judging a filter on the CVs that it was learned on is done too, to show what that would claim.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...model.intervals import half_width
from ...model.streams import stream
from .information import Information, OtherAnnotators, stratified_folds
from .lists import Corpus, Learned, learn, list_hits
from .result import FILTERS, LISTS
from .settings import KeywordSettings

__all__ = [
    "BEYOND_NOISE",
    "CrossValidated",
    "cross_validate",
    "filter_labels",
    "filter_tables",
    "wilson_interval",
]

BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

#: Probability content of the intervals of a filter's rates.
LEVEL = 0.95
#: Standard deviations by which a proposal's information has to exceed 0.
BEYOND_NOISE = 2.0
_MEASURES = ("sensitivity", "specificity", "youden", "information")


@dataclass(frozen=True)
class CrossValidated:
    """Hits of lists that were learned without the CV.

    Attributes
    ----------
    hits
        (repeats, n, 4): how many phrases of each list of `LISTS` a CV has.
    folds
        (repeats, n): the fold that held it.
    """

    hits: IntArray
    folds: IntArray


def cross_validate(
    corpus: Corpus, settings: KeywordSettings, progress: Callable[[int, int], None] | None = None
) -> CrossValidated:
    """Learn without each fold in turn, and look for the lists in that fold's CVs."""
    n = len(corpus.is_expert)
    hits = np.zeros((settings.repeats, n, len(LISTS)), dtype=np.int64)
    folds = np.stack(
        [
            stratified_folds(
                corpus.is_expert, settings.folds, stream(settings.seed, "keywords", "folds", repeat)
            )
            for repeat in range(settings.repeats)
        ]
    )
    presence = corpus.table.presence
    for repeat in range(settings.repeats):
        for fold in range(settings.folds):
            held_out = folds[repeat] == fold
            learned = learn(corpus, np.flatnonzero(~held_out), settings)
            hits[repeat, held_out] = list_hits(presence[held_out], learned.lists)
            if progress is not None:
                progress(repeat * settings.folds + fold + 1, settings.repeats * settings.folds)
    return CrossValidated(hits, folds)


def filter_labels(hits: IntArray, name: str) -> BoolArray:
    """Return where a filter fires, by the hits (..., 4) of the lists."""
    yes, no = FILTERS[name]
    fires = hits[..., LISTS.index(f"yes_{yes}")] > 0
    return fires if no is None else fires & (hits[..., LISTS.index(f"no_{no}")] == 0)


def wilson_interval(successes: float, trials: int) -> tuple[float, float]:
    """Return the interval (`LEVEL`) of a share by Wilson (1927); (0, 1) without trials."""
    if trials == 0:
        return 0.0, 1.0
    share, z = successes / trials, half_width(LEVEL)
    scale = 1 + z**2 / trials
    centre = (share + z**2 / (2 * trials)) / scale
    half = z * np.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2)) / scale
    return max(0.0, float(centre - half)), min(1.0, float(centre + half))


@dataclass(frozen=True)
class FilterTables:
    """The tables of `KeywordDiscovery` about filters."""

    filters: pd.DataFrame
    optimism: pd.DataFrame
    precision_recall: pd.DataFrame
    folds: pd.DataFrame


def filter_tables(
    rated_id: pd.Series,
    is_expert: BoolArray,
    labels: pd.DataFrame,
    judged: CrossValidated,
    learned: Learned,
    same: IntArray,
    seed: int,
) -> FilterTables:
    """Return how good the filters are.

    Parameters
    ----------
    rated_id, is_expert, labels
        (n,) ids and truth, and (n, J) labels of the other annotators, in the same order.
    judged
        Hits of lists learned without the CV.
    learned, same
        What was learned on all CVs, and the hits (n, 4) of these lists.
    seed
        Of the splits that the information is measured with.
    """
    others = OtherAnnotators(is_expert, labels, seed)
    rows = [
        _judge(name, how, filter_labels(hits, name), is_expert, others)
        for name in FILTERS
        for how, hits in (("cross_validated", judged.hits), ("same_cvs", same[None]))
    ]
    filters = pd.DataFrame(rows)
    usable = [
        len(learned.lists[f"yes_{yes}"]) > 0 and (no is None or len(learned.lists[f"no_{no}"]) > 0)
        for yes, no in FILTERS.values()
    ]
    filters["proposed"] = _proposed(filters, np.repeat(usable, 2))
    return FilterTables(
        filters=filters.drop(columns="youden"),
        optimism=_optimism(filters),
        precision_recall=_precision_recall(is_expert, judged.hits, same[None]),
        folds=_folds(rated_id, judged),
    )


def _judge(
    name: str, how: str, fires: BoolArray, is_expert: BoolArray, others: OtherAnnotators
) -> dict[str, object]:
    """Return a row of the table of filters from the labels (repeats, n); repeats are averaged."""
    yes, no = FILTERS[name]
    experts, rest = int(is_expert.sum()), int((~is_expert).sum())
    true = fires[:, is_expert].sum() / len(fires)
    false = fires[:, ~is_expert].sum() / len(fires)
    told: list[Information] = [others.information(each) for each in fires]
    sensitivity, specificity = true / experts, 1 - false / rest
    sensitivity_low, sensitivity_high = wilson_interval(true, experts)
    specificity_low, specificity_high = wilson_interval(rest - false, rest)
    return {
        "filter": name,
        "yes": yes,
        "no": no,
        "judged": how,
        "n": len(is_expert),
        "sensitivity": sensitivity,
        "sensitivity_low": sensitivity_low,
        "sensitivity_high": sensitivity_high,
        "specificity": specificity,
        "specificity_low": specificity_low,
        "specificity_high": specificity_high,
        "level": LEVEL,
        "precision": true / (true + false) if true + false else np.nan,
        "recall": sensitivity,
        "information": float(np.mean([each.bits for each in told])),
        # Repeats see the same CVs, so they do not make the estimate more certain.
        "information_sd": float(np.mean([each.sd for each in told])),
        "youden": sensitivity + specificity - 1,
    }


def _proposed(filters: pd.DataFrame, usable: BoolArray) -> BoolArray:
    """Mark the filter with the most information, if that is more than its noise.

    A filter that fires rather on others than on experts is none, whatever could be read from
    it.
    """
    beyond = filters["information"] > BEYOND_NOISE * filters["information_sd"]
    honest = filters["judged"] == "cross_validated"
    worth = (honest & beyond & (filters["youden"] > 0)).to_numpy() & usable
    proposed = np.zeros(len(filters), dtype=bool)
    if worth.any():
        proposed[np.argmax(np.where(worth, filters["information"], -np.inf))] = True
    return proposed


def _optimism(filters: pd.DataFrame) -> pd.DataFrame:
    """Return same-CV and cross-validated figures side by side."""
    long = filters.melt(["filter", "judged"], list(_MEASURES), "measure")
    wide = long.pivot(index=["filter", "measure"], columns="judged", values="value")
    wide = wide.reindex(pd.MultiIndex.from_product([list(FILTERS), _MEASURES])).astype(float)
    wide.index.names = ["filter", "measure"]
    wide["optimism"] = wide["same_cvs"] - wide["cross_validated"]
    return wide.reset_index()[["filter", "measure", "same_cvs", "cross_validated", "optimism"]]


def _precision_recall(is_expert: BoolArray, judged: IntArray, same: IntArray) -> pd.DataFrame:
    """Return precision and recall of saying so of CVs with at least so many of the phrases."""
    rows = []
    for place, name in enumerate(LISTS):
        own = is_expert if name.startswith("yes") else ~is_expert
        for how, hits in (("cross_validated", judged[..., place]), ("same_cvs", same[..., place])):
            for threshold in range(1, int(hits.max(initial=0)) + 1):
                found = hits >= threshold
                right = (found & own).sum()
                rows.append(
                    (name, how, threshold, right / found.sum(), right / (own.sum() * len(hits)))
                )
    columns = ["list", "judged", "threshold", "precision", "recall"]
    return pd.DataFrame(rows, columns=columns)


def _folds(rated_id: pd.Series, judged: CrossValidated) -> pd.DataFrame:
    """Return the labels of the first repeat."""
    frames = [
        pd.DataFrame(
            {
                "rated_id": rated_id.to_numpy(),
                "filter": name,
                "fold": judged.folds[0],
                "label": filter_labels(judged.hits[0], name).astype(np.int64),
            }
        )
        for name in FILTERS
    ]
    return pd.concat(frames, ignore_index=True)
