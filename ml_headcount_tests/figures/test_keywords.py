"""The figures of discovered keywords show what the tables hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ml_headcount_assets.figures import (
    filter_optimism,
    keyword_reach,
    keyword_themes,
    list_precision_recall,
    phrase_map,
)
from ml_headcount_assets.figures.keywords import _MAP_HEIGHT, _MAP_WIDTH
from ml_headcount_assets.text.keywords import FILTERS, LISTS


@pytest.fixture
def phrases() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    number = 60
    return pd.DataFrame(
        {
            "phrase": [f"phrase number {n}" for n in range(number - 1)] + ["<b>bold</b>"],
            "experts": rng.integers(5, 50, number),
            "others": rng.integers(5, 50, number),
            "log_odds": rng.normal(size=number),
            "z": 3 * rng.normal(size=number),
            "theme": pd.array([0] * 20 + [1] * 20 + [None] * 20, "Int32"),
            # All in a heap, so that not every name can find room.
            "x": 0.3 * rng.normal(size=number),
            "y": rng.normal(size=number),
            **{name: (np.arange(number) % 4) == place for place, name in enumerate(LISTS)},
        }
    )


@pytest.fixture
def themes() -> pd.DataFrame:
    rows = [
        (0, "phrase number 0", 20, [f"phrase number {n}" for n in range(20)], 1.5),
        (1, "phrase number 21", 20, [f"phrase number {n}" for n in range(20, 40)], -0.5),
    ]
    return pd.DataFrame(rows, columns=["theme", "name", "n_phrases", "phrases", "log_odds"])


def test_the_map_has_every_phrase_once_where_it_lies(phrases, themes) -> None:
    figure = phrase_map(phrases, themes)
    drawn = {
        text: (x, y)
        for trace in figure.data
        for text, x, y in zip(trace.text, trace.x, trace.y, strict=True)
    }
    assert len(drawn) == len(phrases)
    assert "&lt;b&gt;bold&lt;/b&gt;" in drawn
    first = phrases.iloc[0]
    assert drawn[first["phrase"]] == (first["x"], first["y"])
    listed = phrases[list(LISTS)].any(axis=1).sum()
    assert [len(trace.x) for trace in figure.data] == [len(phrases) - listed, listed]


def test_no_two_names_on_the_map_overlap(phrases, themes) -> None:
    names = phrase_map(phrases, themes).layout.annotations
    texts = [name.text for name in names]
    assert "<b>phrase number 0</b>" in texts
    assert 2 < len(texts) < 22
    span = [np.ptp(phrases[axis]) for axis in "xy"]
    for number, one in enumerate(names):
        for other in names[:number]:
            apart_x = abs(one.x - other.x) / span[0] * _MAP_WIDTH
            apart_y = abs(one.y - other.y) / span[1] * _MAP_HEIGHT
            letters = [
                len(each.text.replace("<b>", "").replace("</b>", "")) for each in (one, other)
            ]
            # Plain letters of this size are about 6 pixels wide and 15 high.
            assert apart_x >= 6 * sum(letters) / 2 or apart_y >= 15, (one.text, other.text)


def test_themes_are_bars_with_their_phrases(themes) -> None:
    (bars,) = keyword_themes(themes).data
    assert list(bars.x) == [-0.5, 1.5]
    assert "phrase number 21" in bars.y[0]
    assert "phrase number 22" not in bars.y[1]
    assert bars.text[0] == "20 phrases"


def test_curves_are_drawn_for_both_ways_of_judging() -> None:
    rows = [
        (name, judged, threshold, 0.5 + 0.1 * threshold, 1 / threshold)
        for name in LISTS
        for judged in ("cross_validated", "same_cvs")
        for threshold in (1, 2, 3)
    ]
    columns = ["list", "judged", "threshold", "precision", "recall"]
    figure = list_precision_recall(pd.DataFrame(rows, columns=columns))
    assert len(figure.data) == 2 * len(LISTS)
    assert {trace.line.dash for trace in figure.data} == {"solid", "dot"}
    np.testing.assert_allclose(figure.data[0].x, [100, 50, 100 / 3])
    np.testing.assert_allclose(figure.data[0].y, [60, 70, 80])
    assert sum(bool(trace.showlegend) for trace in figure.data) == 4


def test_optimism_is_the_distance_between_two_marks() -> None:
    rows = [
        (name, measure, 0.9, 0.7, 0.2)
        for name in FILTERS
        for measure in ("sensitivity", "specificity", "youden", "information")
    ]
    columns = ["filter", "measure", "same_cvs", "cross_validated", "optimism"]
    figure = filter_optimism(pd.DataFrame(rows, columns=columns))
    lines, same, honest = figure.data[:3]
    assert list(lines.x[:2]) == [90, 70]
    assert set(same.x) == {90}
    assert set(honest.x) == {70}
    assert set(figure.data[-1].x) == {0.7}  # bits are no per cent
    assert list(same.y)[-1] == "strict yes"


def test_reach_is_drawn_with_numbers_of_profiles_and_companies(phrases) -> None:
    rows = [
        ("phrase", name, n + 1, 100, (n + 1) / 100, 2, 4, ["acme", "b<c"], [n, 1])
        for n, name in enumerate(phrases["phrase"])
    ]
    rows.append(("filter", "discovered_broad_yes", 50, 100, 0.5, 3, 4, ["acme"], [50]))
    columns = ["kind", "name", "profiles", "of_profiles", "share", "companies", "of_companies"]
    reach = pd.DataFrame(rows, columns=[*columns, "top_companies", "top_profiles"])
    figure = keyword_reach(reach, phrases)
    filters = [trace for trace in figure.data if trace.name == "filter"]
    assert [list(trace.x) for trace in filters] == [[50], [75]]
    assert filters[0].text == ("50",)
    assert filters[0].customdata[0] == "most in acme (50)"
    shown = sum(len(trace.x) for trace in figure.data[::2])
    assert shown == 26  # the 25 phrases with most profiles, and the filter
    assert "60 phrases" in figure.layout.title.subtitle.text
    assert "b&lt;c" in figure.data[0].customdata[0]
