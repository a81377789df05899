"""Views of keywords that were found in rated CVs, and of the filters made of them."""

from __future__ import annotations

from ..wording import count, decimal, how_many, share
from .catalogue import Drawn, Found, NothingToDrawError, View
from .keywords import (
    filter_optimism,
    keyword_reach,
    keyword_themes,
    list_precision_recall,
    phrase_map,
)

__all__ = ["VIEWS"]

_NONE = "no keywords have been discovered"


def _phrases(found: Found) -> Drawn:
    phrases = found.table("keyword_phrases", without=_NONE)
    themes = found.read("keyword_themes")
    top = phrases.loc[phrases["z"].idxmax()]
    return Drawn(
        f"“{top['phrase']}” speaks most for an expert: in {count(top['experts'])} experts' CVs and"
        f" {count(top['others'])} of others",
        "A map of phrases: those near each other occur together; colour tells the class.",
        phrases,
        phrase_map(phrases, phrases[:0] if themes is None else themes),
    )


def _themes(found: Found) -> Drawn:
    themes = found.table("keyword_themes", without=_NONE)
    top = themes.loc[themes["log_odds"].idxmax()]
    return Drawn(
        f"The theme of “{top['name']}” speaks most for experts",
        "Bars: mean log-odds ratio of the phrases of each theme.",
        themes,
        keyword_themes(themes),
    )


def _recall(found: Found) -> Drawn:
    curves = found.table("keyword_precision_recall", without=_NONE)
    if curves["precision"].isna().all():
        raise NothingToDrawError("no list has a phrase that a CV has")
    unseen = curves[curves["judged"] == "cross_validated"].dropna(subset=["precision"])
    best = unseen if len(unseen) else curves.dropna(subset=["precision"])
    top = best.loc[(best["precision"] * best["recall"]).idxmax()]
    return Drawn(
        f"With {how_many(top['threshold'], 'phrase')} of list {top['list']}: precision"
        f" {share(top['precision'])}, recall {share(top['recall'])}",
        "Curves of precision against recall for each list of phrases.",
        curves,
        list_precision_recall(curves),
    )


def _optimism(found: Found) -> Drawn:
    filters = found.table("keyword_filters_found", without=_NONE)
    made = set(
        filters[(filters["judged"] == "cross_validated") & (filters["yes_terms"].map(len) > 0)][
            "filter"
        ]
    )
    rows = found.table("keyword_optimism", without=_NONE)
    rows = rows[rows["filter"].isin(made)]
    if rows.empty:
        raise NothingToDrawError("no filter was made of the phrases")
    worst = rows.loc[rows["optimism"].idxmax()]
    return Drawn(
        f"Judged on the CVs it was learned on, {worst['filter']} looks better by"
        f" {decimal(worst['optimism'], 2)} in {worst['measure']}",
        "For each filter: measures on CVs it was learned on, and on others.",
        rows,
        filter_optimism(rows),
    )


def _reach(found: Found) -> Drawn:
    reach = found.table("keyword_reach", without="no texts of profiles are at hand")
    top = reach.loc[reach["share"].idxmax()]
    return Drawn(
        f"{top['name']} fires on most profiles: {share(top['share'])}",
        "Bars: share of profiles on which each phrase or filter fires.",
        reach,
        keyword_reach(reach, found.table("keyword_phrases", without=_NONE)),
    )


VIEWS = (
    View("phrases", "keywords", _phrases),
    View("themes", "keywords", _themes),
    View("recall", "keywords", _recall),
    View("optimism", "keywords", _optimism),
    View("reach", "keywords", _reach),
)
