"""What people's verdicts have changed, as a reader sees it."""

import pandas as pd
import pytest

from ml_headcount_assets.figures import of_fit
from ml_headcount_assets.figures.catalogue import Found, NothingToDrawError

EFFECT = pd.DataFrame(
    [
        ("experts", "all", "", 900.0, 1000.0, 1200.0, 980.0, 1050.0, 1130.0, 0.5),
        ("sensitivity", "gpt", "profiles", 0.5, 0.6, 0.7, 0.55, 0.58, 0.61, 0.3),
        ("sensitivity", "broad", "profiles", 0.2, 0.3, 0.4, 0.25, 0.3, 0.35, 0.5),
        ("sensitivity", "broad", "search", 0.2, 0.3, 0.4, 0.2, 0.3, 0.4, 1.0),
        ("drift scale", "llm, profiles", "", 0.05, 0.1, 0.3, 0.08, 0.15, 0.3, 0.88),
    ],
    columns=[
        *("quantity", "subject", "text"),
        *("before_low", "before_median", "before_high", "after_low", "after_median", "after_high"),
        "narrowed",
    ],
).assign(level=0.8, rated_profiles=100)


def draw(rows):
    view = next(view for view in of_fit.VIEWS if view.name == "rating_effect")
    return view.draw(Found("hierarchical", 0.8, lambda name: rows))


def test_sensitivities_on_profiles_stand_without_and_with_the_verdicts():
    seen = draw(EFFECT)
    assert seen.title == "The verdicts leave 50 % of the width of the total's interval"
    points = {trace.name: trace for trace in seen.figure.data if trace.name}
    assert len(points["without the verdicts"].x) == 2  # broad and gpt; the search is another text
    assert list(points["without the verdicts"].x) == pytest.approx([30, 60])
    assert list(points["with them"].x) == pytest.approx([30, 58])
    assert len(seen.numbers) == len(EFFECT)


def test_a_total_without_width_has_no_share_of_it():
    seen = draw(EFFECT.assign(narrowed=float("nan")))
    assert seen.title == "What people's verdicts have told of the annotators"


def test_without_verdicts_there_is_no_such_figure():
    with pytest.raises(NothingToDrawError, match="no profiles were rated"):
        draw(EFFECT[:0])
    with pytest.raises(NothingToDrawError, match="no annotator that reads profiles"):
        draw(EFFECT[EFFECT["quantity"] == "experts"])
