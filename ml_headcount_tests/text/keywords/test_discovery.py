"""Discovery as a whole: planted words are found, and nothing is claimed where there is nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow
import pytest

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.text.filters import KeywordFilters, keyword_labels
from ml_headcount_assets.text.keywords import (
    FILTERS,
    FRAMES,
    LISTS,
    EmbeddingCache,
    KeywordDiscovery,
    KeywordSettings,
    Threshold,
    discover_keywords,
)

from .worlds import OTHERS, SECURITY, WordEncoder, lies_in, noise_cvs, planted_cvs

SETTINGS = KeywordSettings()


def _discover(rated: pd.DataFrame, labels: pd.DataFrame | None = None, **more) -> KeywordDiscovery:
    labels = rated[["rated_id"]] if labels is None else labels
    return discover_keywords(rated, labels, SETTINGS, **{"encoder": WordEncoder()} | more)


@pytest.fixture(scope="module")
def rated() -> pd.DataFrame:
    return planted_cvs(60, 120, seed=0)


@pytest.fixture(scope="module")
def found(rated: pd.DataFrame) -> KeywordDiscovery:
    return _discover(rated)


def _honest(found: KeywordDiscovery, name: str) -> pd.Series:
    filters = found.filters[found.filters["judged"] == "cross_validated"]
    return filters.set_index("filter").loc[name]


def test_tables_are_as_declared(found: KeywordDiscovery) -> None:
    for name, columns in FRAMES.items():
        table = getattr(found, name)
        assert {column: str(kind) for column, kind in table.dtypes.items()} == dict(columns)
        assert len(table) > 0
    assert found.phrases["phrase"].is_unique
    assert found.themes["name"].isin(found.phrases["phrase"]).all()
    assert found.themes["n_phrases"].sum() == found.phrases["theme"].notna().sum()
    assert len(found.filters) == 2 * len(FILTERS)
    assert len(found.optimism) == 4 * len(FILTERS)
    for name in LISTS:
        assert set(found.phrases.loc[found.phrases[name], "phrase"]) == set(found.lists[name])


def test_counts_are_those_of_the_texts(rated: pd.DataFrame, found: KeywordDiscovery) -> None:
    for row in found.phrases.iloc[::25].itertuples():
        has = rated["text"].map(lambda text, phrase=row.phrase: lies_in(phrase, [text]))
        assert row.experts == (has & (rated["is_expert"] == 1)).sum()
        assert row.others == (has & (rated["is_expert"] == 0)).sum()


def test_rules_give_the_labels_that_were_judged(
    rated: pd.DataFrame, found: KeywordDiscovery
) -> None:
    rules = found.filters_as_rules()
    assert set(rules["rules"]) == set(FILTERS)
    labels = keyword_labels(pyarrow.array(rated["text"]), KeywordFilters(**rules))
    is_expert = rated["is_expert"].to_numpy(dtype=bool)
    same = found.filters[found.filters["judged"] == "same_cvs"].set_index("filter")
    for name, fires in labels.items():
        assert same.loc[name, "sensitivity"] == pytest.approx(fires[is_expert].mean())
        assert same.loc[name, "specificity"] == pytest.approx(1 - fires[~is_expert].mean())


def test_cross_validated_rates_are_those_of_the_labels_of_the_folds(
    rated: pd.DataFrame, found: KeywordDiscovery
) -> None:
    labels = found.folds.merge(rated[["rated_id", "is_expert"]])
    assert not found.folds.duplicated(["rated_id", "filter"]).any()
    for name, group in labels.groupby("filter"):
        honest = _honest(found, name)
        shares = group.groupby("is_expert")["label"].mean()
        assert honest["sensitivity"] == pytest.approx(shares[1])
        assert honest["specificity"] == pytest.approx(1 - shares[0])
        assert honest["sensitivity_low"] < shares[1] < honest["sensitivity_high"]


def test_planted_words_of_another_field_are_found(found: KeywordDiscovery) -> None:
    named = found.phrases[found.phrases["keybert_experts"] > 0]
    best = named.head(20)["phrase"]
    assert np.mean([lies_in(phrase, SECURITY) for phrase in best]) >= 0.8
    for name in ("yes_strict", "yes_broad"):
        assert np.mean([lies_in(phrase, SECURITY) for phrase in found.lists[name]]) >= 0.8
    assert np.mean([lies_in(phrase, OTHERS) for phrase in found.lists["no_strict"]]) >= 0.8


def test_the_filter_with_the_most_information_is_proposed(found: KeywordDiscovery) -> None:
    proposed = found.filters[found.filters["proposed"]]
    assert len(proposed) == 1
    assert proposed["judged"].item() == "cross_validated"
    honest = found.filters[found.filters["judged"] == "cross_validated"]
    assert proposed["information"].item() == honest["information"].max()
    assert found.proposed == proposed["filter"].item()
    # A filter that fires on all planted sentences has a sensitivity of .99 and a specificity of
    # .81 (two sentences, each of the wrong side with probability .1), which is 0.45 bits. From
    # 48 experts a fold, a third of that should be had.
    assert proposed["information"].item() > 0.15
    assert proposed["sensitivity"].item() + proposed["specificity"].item() > 1.4


def test_nothing_is_proposed_that_others_know_already(rated: pd.DataFrame) -> None:
    known = rated[["rated_id"]].assign(llm_all_knowing=rated["is_expert"].astype("Int8"))
    known.loc[::10, "llm_all_knowing"] = pd.NA
    found = _discover(rated, known)
    alone = _discover(rated)
    # What is left is about the tenth of the CVs that the other annotator has no label for.
    name = alone.proposed
    assert name is not None
    assert _honest(found, name)["information"] < 0.3 * _honest(alone, name)["information"]
    everything = known.assign(llm_all_knowing=rated["is_expert"].astype("Int8"))
    assert _discover(rated, everything).proposed is None


def test_without_any_signal_the_filters_are_at_chance_and_only_the_same_cvs_flatter_them() -> None:
    honest, same, proposed = [], [], 0
    seeds, experts, others = range(6), 60, 120
    for seed in seeds:
        found = _discover(noise_cvs(experts, others, seed=seed))
        rows = found.optimism[found.optimism["measure"] == "youden"].set_index("filter")
        honest.append(rows["cross_validated"].reindex(FILTERS))
        same.append(rows["same_cvs"].reindex(FILTERS))
        proposed += found.proposed is not None
    # A filter that fires on a share p of CVs has a Youden index with variance p (1 − p) (1/60 +
    # 1/120), and p (1 − p) is at most 1/4. Four standard errors of the mean of the seeds.
    error = np.sqrt(0.25 * (1 / experts + 1 / others) / len(seeds))
    for name in FILTERS:
        assert abs(np.mean([each[name] for each in honest])) < 4 * error
    for name in ("discovered_broad_yes", "discovered_broad_yes_broad_no"):
        assert np.mean([each[name] for each in same]) > 0.2
        assert min(each[name] for each in same) > 0.1
    # Six filters a seed, each beyond two standard deviations in 2.3 % of cases.
    assert proposed <= 3


def test_cvs_that_are_all_alike_give_empty_lists_and_no_rules() -> None:
    rated = planted_cvs(20, 20, seed=0, sentences=0).assign(text="Planned the budget of the tour.")
    found = _discover(rated)
    assert found.filters_as_rules() == {"terms": {}, "rules": {}}
    assert found.proposed is None
    honest = _honest(found, "discovered_broad_yes")
    assert (honest["sensitivity"], honest["specificity"]) == (0.0, 1.0)
    assert np.isnan(honest["precision"])


def test_it_is_the_same_every_time_and_in_any_order(
    rated: pd.DataFrame, found: KeywordDiscovery, tmp_path
) -> None:
    cache, encoder = EmbeddingCache(tmp_path / "vectors.sqlite"), WordEncoder()
    again = _discover(rated, embeddings=cache, encoder=encoder)
    embedded = encoder.texts
    once_more = _discover(rated, embeddings=cache, encoder=encoder)
    assert encoder.texts == embedded  # nothing was embedded anew
    for name in FRAMES:
        pd.testing.assert_frame_equal(getattr(again, name), getattr(found, name))
        pd.testing.assert_frame_equal(getattr(once_more, name), getattr(found, name))
    shuffled = _discover(rated.sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(
        shuffled.phrases[["phrase", "experts", "others"]],
        found.phrases[["phrase", "experts", "others"]],
    )


def test_progress_is_told_from_0_to_100(rated: pd.DataFrame) -> None:
    told: list[tuple[int, int]] = []
    _discover(rated, progress=lambda *each: told.append(each))
    assert told == sorted(told)
    assert told[-1] == (100, 100)
    assert len(told) >= 6


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rated: rated.assign(is_expert=1), "Cross-validation in 5 folds needs"),
        (lambda rated: rated.assign(is_expert=2), "is_expert has to be 0 or 1"),
        (lambda rated: rated.assign(rated_id="one"), "occurs twice"),
        (lambda rated: rated.assign(text=None), "have no text"),
        (lambda rated: rated.assign(text=""), "No phrase occurs in 5"),
    ],
)
def test_cvs_that_cannot_be_learned_from_are_told(rated: pd.DataFrame, change, message) -> None:
    with pytest.raises(InputError, match=message):
        _discover(change(rated))


def test_labels_that_are_none_are_told(rated: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="llm_x has values besides 0, 1 and missing"):
        _discover(rated, rated[["rated_id"]].assign(llm_x=3))


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"longest": 0}, "longest is 0"),
        ({"folds": 1}, "folds is 1"),
        ({"diversity": 1.5}, "diversity is 1.5"),
        ({"prior_documents": -1.0}, "prior_documents is -1.0"),
        ({"strict": Threshold(1.0, 5, 0.05, 100)}, "strict threshold is looser"),
        ({"broad": Threshold(2.0, 5, 1.5, 100)}, "false_share between 0 and 1"),
    ],
)
def test_choices_that_make_no_sense_are_told(choices, message) -> None:
    with pytest.raises(InputError, match=message):
        KeywordSettings(**choices)


def test_a_fingerprint_is_of_every_choice() -> None:
    prints = {
        KeywordSettings().fingerprint(),
        KeywordSettings(seed=1).fingerprint(),
        KeywordSettings(broad=Threshold(2.0, 3, 0.21, 200)).fingerprint(),
    }
    assert len(prints) == 3
    assert KeywordSettings().fingerprint() == KeywordSettings().fingerprint()
