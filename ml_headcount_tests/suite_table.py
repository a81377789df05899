"""The results of the validity suite as the table of docs/validity.md.

    python -m ml_headcount_tests.suite_table SCORES             prints it
    python -m ml_headcount_tests.suite_table SCORES --renew     writes it into the page

SCORES is a file that `ml-headcount calibrate --suite --keep` or `validity.suite --out` has written.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pandas as pd

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.validity.methods import METHODS
from ml_headcount_assets.validity.peers import PEERS
from ml_headcount_assets.validity.suite import SuitePlan, kept_scores

__all__ = ["PAGE", "renewed", "table"]

PAGE = Path(__file__).resolve().parents[1] / "docs" / "validity.md"

_SHOWN = "hierarchical"
_WRITTEN = re.compile(r"\| scenario \| worlds \|.*?\n\n", re.DOTALL)
_COLUMNS = (
    *("scenario", "worlds", "covered", "ranks", "score", "to oracle", "total", "totals covered"),
    *("`five_layer`", "`independent`", "`log_debias`", "best peer"),
)


def table(summary: pd.DataFrame, shown: str = _SHOWN) -> str:
    """Return the table in Markdown: a line a scenario, without those that `shown` has not answered.

    Parameters
    ----------
    summary
        Of `SuiteScores.summary`.
    shown
        The estimator whose scores are told in full; of others there is the ratio to the oracle's.

    Raises
    ------
    InputError
        It has answered nothing.
    """
    if summary.empty or shown not in set(summary["method"]):
        raise InputError(
            f"There is no score of {shown!r} by this suite and this version of the model; run "
            "`ml-headcount calibrate --suite --keep FILE`, and name that file."
        )
    rows = [
        _row(str(scenario), lines.set_index("method"), shown)
        for scenario, lines in summary.groupby("scenario", sort=False)
        if shown in set(lines["method"])
    ]
    rule = ["---", *["---:"] * (len(_COLUMNS) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [_COLUMNS, rule, *rows])


def _row(scenario: str, by_method: pd.DataFrame, shown: str) -> list[str]:
    own = by_method.loc[shown]
    error = own["ranks_error"]
    ratios = by_method["to_oracle"]
    peers = ratios[[name for name in ratios.index if name in PEERS]].dropna()
    best = f"{peers.min():.2f} (`{peers.idxmin()}`)" if len(peers) else "–"
    return [
        f"`{scenario}`",
        str(int(own["worlds"])),
        f"{own['coverage_80']:.2f}",
        f"{own['ranks']:.2f}" + ("" if pd.isna(error) else f" ± {error:.2f}"),
        f"{own['log_score']:.2f}",
        f"{own['to_oracle']:.2f}",
        f"{own['total_ratio']:.2f}",
        f"{own['total_80']:.0%}",
        *(
            f"{ratios[name]:.2f}" if name in ratios else "–"
            for name in ("five_layer", "independent", "log_debias")
        ),
        best,
    ]


def renewed(page: str, written: str) -> str:
    """Return the page with another table.

    Raises
    ------
    InputError
        The page has no such table.
    """
    if not _WRITTEN.search(page):
        raise InputError(f"There is no table of the suite in {PAGE.name}; put its first line back.")
    return _WRITTEN.sub(lambda _: f"{written}\n\n", page, count=1)


def main() -> None:
    """Print the table of a file of scores, or write it into the page."""
    plan = SuitePlan(methods=METHODS)
    written = table(kept_scores(plan, Path(sys.argv[1])).summary())
    if sys.argv[2:] == ["--renew"]:
        PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8"), written), encoding="utf-8")
        return
    print(written)


if __name__ == "__main__":
    main()
