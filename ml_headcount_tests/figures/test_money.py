"""What asking has cost, as a reader sees it."""

from __future__ import annotations

import pandas as pd
import pytest

from ml_headcount_assets.figures import of_money
from ml_headcount_assets.figures.catalogue import Drawn, Found, NothingToDrawError

SPENT = pd.DataFrame(
    {
        "model": ["small", "small", "large"],
        "prompt": "1",
        "recipe": "1",
        "day": ["2026-05-01", "2026-05-02", "2026-05-02"],
        "requests": [600, 500, 400],
        "cost": [1.0, 0.5, 6.0],
        "at_most": [0.0, 0.0, 0.5],
        "labels": [550, 450, 390],
        "no_label": [10, 0, 2],
        "input_tokens": [300_000, 200_000, 250_000],
        "output_tokens": [3_000, 2_000, 45_000],
    }
)


def drawn(rows: pd.DataFrame) -> dict[str, Drawn]:
    found = Found("five_layer", 0.8, lambda name: rows if name == "llm_spending" else None)
    return {view.name: view.draw(found) for view in of_money.VIEWS}


def test_money_and_tokens_are_sums_over_days() -> None:
    seen = drawn(SPENT)
    assert seen["cost"].title == "Labels have cost 8.00, 5.76 a thousand"
    assert seen["cost"].numbers["model"].tolist() == ["large", "small"]
    assert seen["cost"].numbers["spent"].tolist() == [6.5, 1.5]
    assert seen["tokens"].title == "800,000 tokens for 1,402 answers: 571 each"
    assert seen["requests"].title == "93 % of 1,500 requests gave a label"
    assert seen["spent_by_day"].numbers["spent"].tolist() == [1.0, 8.0]
    assert "2026-05-02" in seen["spent_by_day"].title


def test_what_is_free_or_was_not_asked_has_no_figure() -> None:
    for rows, why in (
        (SPENT[:0], "labels come from files"),
        (SPENT.assign(cost=0.0, at_most=0.0), "cost nothing"),
    ):
        with pytest.raises(NothingToDrawError, match=why):
            drawn(rows)
