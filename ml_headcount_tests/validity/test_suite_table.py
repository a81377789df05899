"""The table of the suite's results in the docs: made from scores, and put into the page."""

import pandas as pd
import pytest

from ml_headcount_assets.errors import InputError
from ml_headcount_tests.suite_table import PAGE, renewed, table


def _summary(*lines: tuple[str, str, float]) -> pd.DataFrame:
    rows = [
        {
            "scenario": scenario,
            "method": method,
            "worlds": 8,
            "coverage_80": 0.9,
            "ranks": 0.8,
            "ranks_error": 0.01,
            "log_score": 1.5,
            "to_oracle": ratio,
            "total_ratio": 1.02,
            "total_80": 0.75,
        }
        for scenario, method, ratio in lines
    ]
    return pd.DataFrame(rows)


def test_a_line_has_the_estimator_the_others_and_the_best_peer():
    summary = _summary(
        ("matched", "oracle", 1.0),
        ("matched", "mine", 1.05),
        ("matched", "five_layer", 1.3),
        ("matched", "judgy", 5.0),
        ("matched", "quapy_emq", 2.5),
        ("ml_labs", "five_layer", 6.0),
    )
    head, _, *lines = table(summary, shown="mine").splitlines()
    assert len(lines) == 1
    cells = dict(zip(head.split(" | "), lines[0].split(" | "), strict=True))
    assert cells["| scenario"] == "| `matched`"
    assert cells["to oracle"] == "1.05"
    assert cells["ranks"] == "0.80 ± 0.01"
    assert cells["`five_layer`"] == "1.30"
    assert cells["`log_debias`"] == "–"


def test_best_peer_is_none_of_ours():
    summary = _summary(("matched", "five_layer", 1.3), ("matched", "judgy", 5.0))
    assert "5.00 (`judgy`)" in table(summary, shown="five_layer")


def test_ranks_of_one_world_have_no_error():
    summary = _summary(("matched", "five_layer", 1.3)).assign(ranks_error=float("nan"))
    assert "| 0.80 |" in table(summary, shown="five_layer")


@pytest.mark.parametrize("summary", [pd.DataFrame(), _summary(("matched", "judgy", 5.0))])
def test_scores_without_the_estimator_are_refused(summary):
    with pytest.raises(InputError, match="no score of 'five_layer'"):
        table(summary, shown="five_layer")


def test_the_page_has_a_table_to_be_renewed():
    written = table(_summary(("matched", "five_layer", 1.3)), shown="five_layer")
    page = renewed(PAGE.read_text(encoding="utf-8"), written)
    assert written in page
    assert page.count("| scenario | worlds |") == 1


def test_a_page_without_the_table_is_refused():
    with pytest.raises(InputError, match=r"no table of the suite in validity\.md"):
        renewed("Nothing here.\n", "| a |")
