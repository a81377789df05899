"""How a run ends on the terminal: with what speaks against the estimate, or that nothing does."""

import pandas as pd
import pytest

from ml_headcount_assets.cli.study import _show_trust
from ml_headcount_assets.cli.terminal import open_console
from ml_headcount_tests.export.conftest import read, study  # noqa: F401

CHECK = {"asset": "rejects", "check": "few_rows_are_rejected", "looks_for": "", "numbers": "{}"}
CHECK |= {"severity": "WARN", "description": "b.json is left out."}
NOTHING = "Nothing that was checked speaks against the estimate."


@pytest.mark.parametrize(
    ("passed", "said"), [(True, NOTHING), (False, "Warning: b.json is left out.")]
)
def test_it_is_said_whether_something_speaks_against_it(read, capsys, passed, said):  # noqa: F811
    results = read(checks=pd.DataFrame([CHECK | {"passed": passed}]))
    _show_trust(open_console(), results)
    assert capsys.readouterr().out.strip() == said
