"""The table of what verdicts have changed: it says of each row what it is of, on any terminal."""

import io

import pandas as pd
import pytest
from rich.console import Console

from ml_headcount_assets.cli.rating_tables import effect_table

_NARROW, _WIDE = 80, 120


def _row(quantity: str, subject: str, text: str, median: float) -> dict[str, object]:
    ends = {"low": median / 2, "median": median, "high": median * 1.4}
    return {
        **{"quantity": quantity, "subject": subject, "text": text},
        **{f"{when}_{end}": each for when in ("before", "after") for end, each in ends.items()},
        **{"narrowed": 0.6, "level": 0.8, "rated_profiles": 40},
    }


@pytest.mark.parametrize("width", [_NARROW, _WIDE])
def test_every_row_says_what_it_is_of(width: int) -> None:
    rows = [
        _row("experts", "all", "", 102),
        _row("near_miss_rate", "llm_gemini_2_5_flash", "profiles", 0.0153),
        _row("drift scale", "filter", "profiles", 0.12),
    ]
    console = Console(width=width, file=io.StringIO())
    console.print(effect_table(pd.DataFrame(rows)))
    shown = console.file.getvalue()
    for word in ("experts", "near miss", "drift scale", "of its width", "60 %", "1.5 %"):
        assert word in shown
    assert "…" not in shown
