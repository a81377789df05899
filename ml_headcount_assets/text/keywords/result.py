"""What a discovery returns: documented tables, the lists, and the filters made of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

import pandas as pd

__all__ = ["FILTERS", "FRAMES", "LISTS", "FilterParts", "KeywordDiscovery", "LearnedFilter"]

#: The lists, by name: which class they speak for, and at which threshold.
LISTS = ("yes_strict", "yes_broad", "no_strict", "no_broad")


class FilterParts(NamedTuple):
    """The lists of a filter: it fires on a text with a phrase of `yes` and none of `no`.

    Attributes
    ----------
    yes
        "strict" or "broad".
    no
        "strict", "broad", or None for a filter without a no list.
    """

    yes: str
    no: str | None


#: The filters, by name.
FILTERS: Mapping[str, FilterParts] = MappingProxyType(
    {
        f"discovered_{yes}_yes" + (f"_{no}_no" if no else ""): FilterParts(yes, no)
        for yes in ("strict", "broad")
        for no in (None, "strict", "broad")
    }
)

#: Columns of every table and their pandas types, in order.
FRAMES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "phrases": {
            "phrase": "object",
            "n_words": "int64",
            "experts": "int64",
            "others": "int64",
            "tf_idf_experts": "float64",
            "tf_idf_others": "float64",
            "keybert_experts": "int64",
            "keybert_others": "int64",
            "keybert_relevance": "float64",
            "log_odds": "float64",
            "log_odds_sd": "float64",
            "z": "float64",
            "theme": "Int64",
            "x": "float64",
            "y": "float64",
            "yes_strict": "bool",
            "yes_broad": "bool",
            "no_strict": "bool",
            "no_broad": "bool",
        },
        "themes": {
            "theme": "int64",
            "name": "object",
            "n_phrases": "int64",
            "phrases": "object",
            "log_odds": "float64",
        },
        "filters": {
            "filter": "object",
            "yes": "object",
            "no": "object",
            "judged": "object",
            "n": "int64",
            "sensitivity": "float64",
            "sensitivity_low": "float64",
            "sensitivity_high": "float64",
            "specificity": "float64",
            "specificity_low": "float64",
            "specificity_high": "float64",
            "level": "float64",
            "precision": "float64",
            "recall": "float64",
            "information": "float64",
            "information_sd": "float64",
            "proposed": "bool",
        },
        "optimism": {
            "filter": "object",
            "measure": "object",
            "same_cvs": "float64",
            "cross_validated": "float64",
            "optimism": "float64",
        },
        "precision_recall": {
            "list": "object",
            "judged": "object",
            "threshold": "int64",
            "precision": "float64",
            "recall": "float64",
        },
        "folds": {
            "rated_id": "object",
            "filter": "object",
            "fold": "int64",
            "label": "int64",
        },
    }
)


@dataclass(frozen=True)
class KeywordDiscovery:
    """Phrases, themes, lists and filters, and how good the filters are.

    The columns and types of the tables are those of `FRAMES`; nulls are None in columns of
    type object and NaN in those of type float64.

    Attributes
    ----------
    phrases
        One row per candidate phrase, the one that speaks most clearly for experts first.
        experts, others: CVs of the class that have it. tf_idf_*: mean TF-IDF over the CVs of
        the class. keybert_*: CVs of the class in which KeyBERT names it; keybert_relevance:
        mean cosine to these CVs, NaN if it is never named. log_odds, log_odds_sd, z: shrunken
        log-odds ratio of experts against others (`log_odds`). theme: missing for phrases that
        belong to none. x, y: map of the embeddings. yes_strict to no_broad: membership of the
        lists learned on all rated CVs.
    themes
        One row per theme. name: its most central phrase. phrases: list of all, most central
        first. log_odds: their mean.
    filters
        One row per filter and way of judging ("cross_validated", "same_cvs"). yes, no: lists of
        the filter ("strict", "broad" or None). n: rated CVs. *_low, *_high: interval
        (Wilson) of the content level. precision: NaN if the filter never fires. recall: the
        sensitivity. information: bits per CV about the truth, given the labels of the others.
        proposed: true for at most one filter, on its cross-validated row.
    optimism
        One row per filter and measure ("sensitivity", "specificity", "youden",
        "information"): judged on the CVs that it was learned on, cross-validated, and the
        difference.
    precision_recall
        One row per list, way of judging and threshold: precision and recall, for the class
        that the list speaks for, of saying so of CVs with at least `threshold` of its phrases.
    folds
        One row per rated CV and filter: the label (0 or 1) that the filter gives this CV when
        it is learned without the fold that holds the CV.
    lists
        Phrases of each list of `LISTS`, the clearest first; a list may be empty.
    """

    phrases: pd.DataFrame
    themes: pd.DataFrame
    filters: pd.DataFrame
    optimism: pd.DataFrame
    precision_recall: pd.DataFrame
    folds: pd.DataFrame
    lists: Mapping[str, tuple[str, ...]] = field(hash=False)

    @property
    def proposed(self) -> str | None:
        """Name of the proposed filter; None if no filter tells more than its noise."""
        names = self.filters.loc[self.filters["proposed"], "filter"]
        return None if names.empty else str(names.iloc[0])

    def filters_as_rules(self) -> dict[str, Any]:
        """Return the filters as a study's configuration has them.

        Filters that have an empty list are left out: without a yes list they never fire, and
        without a no list they are the same as the filter of the yes list alone.

        Returns
        -------
        dict
            ``{"terms": {list: [phrase, ...]}, "rules": {filter: {"all_of": [list], "none_of":
            [list]}}}``; terms only has lists that a rule names.
        """
        rules = {}
        for name, parts in FILTERS.items():
            yes, no = f"yes_{parts.yes}", f"no_{parts.no}" if parts.no else None
            if self.lists[yes] and (no is None or self.lists[no]):
                rules[name] = {"all_of": [yes]} | ({"none_of": [no]} if no else {})
        used = {each for rule in rules.values() for names in rule.values() for each in names}
        terms = {each: list(self.lists[each]) for each in LISTS if each in used}
        return {"terms": terms, "rules": rules}


@dataclass(frozen=True)
class LearnedFilter:
    """A filter as it was learned on the rated CVs.

    Attributes
    ----------
    yes, no
        It fires on a text that has one of the first and none of the second phrases.
    labels
        rated_id, label (0 or 1, learned without this CV) and text_hash.
    """

    yes: tuple[str, ...]
    no: tuple[str, ...]
    labels: pd.DataFrame
