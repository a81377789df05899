"""The level of intervals: one for all of them, everywhere it is shown."""

import pandas as pd
import pytest
import yaml
from click.testing import CliRunner

from ml_headcount_assets.cli.main import main
from ml_headcount_assets.errors import InputError
from ml_headcount_assets.export import read_results
from ml_headcount_assets.warehouse.beside import keep_study, report_path
from ml_headcount_assets.warehouse.schemas import TABLES
from ml_headcount_assets.warehouse.store import TableStore
from ml_headcount_tests.orchestration.test_session import profiled, tables

WITH_INTERVALS = (
    *("annotator_summary", "annotator_correlations", "predictive_checks"),
    *("synthetic_counts", "headcount_intervals", "portfolio_intervals"),
)


def choose(place, **content) -> None:
    path = place.directory / "study.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **content}))


def widths(warehouse) -> pd.Series:
    summary = TableStore(warehouse).read("annotator_summary")
    return (summary["sensitivity_high"] - summary["sensitivity_low"])[
        summary["estimator"] == "five_layer"
    ]


def test_every_table_with_an_interval_says_its_level():
    for name, spec in TABLES.items():
        if name == "companies":
            continue  # bands of headcounts are given, and no intervals
        if name in ("uncertainty_budget", "rating_proposal"):
            assert "level" in spec.columns  # of the intervals whose widths it has
            continue
        ends = [column for column in spec.columns if column == "low" or column.endswith("_low")]
        assert bool(ends) == ("level" in spec.columns), name


@pytest.mark.whole_report
def test_a_changed_level_reaches_everything_and_draws_nothing_anew(place):
    before, narrow = tables(place.warehouse), widths(place.warehouse)
    choose(place, level=0.95)
    summary = place.run()
    after = tables(place.warehouse)
    assert summary.unchanged["headcount_draws"] == 12
    for name in ("annotator_fit", "cohort_fit", "headcount_draws"):
        assert after[name] == before[name]
    store = TableStore(place.warehouse)
    for name in WITH_INTERVALS:
        assert (store.read(name)["level"] == 0.95).all(), name
    assert (widths(place.warehouse) > narrow).all()
    page = report_path(place.warehouse).read_text()
    assert page.count("95 % interval") > 5
    # The published run before this one is told by its own level, where it stands beside this one.
    for what in ("interval", "intervals", "prediction", "band"):
        assert f"80 % {what}" not in page
    assert "(five_layer, 80 %)" in page


def test_one_company_at_another_level_is_refused(place):
    company, *_ = profiled(place.warehouse)
    before = tables(place.warehouse)
    choose(place, level=0.95)
    with pytest.raises(InputError, match=r"other settings.*run the whole study"):
        place.run(companies=[company])
    assert tables(place.warehouse) == before


def test_a_run_that_has_not_come_to_its_end_changes_no_words(place, tmp_path):
    """The configuration is kept before anything is computed; what is stored has its own level."""
    choose(place, level=0.95, estimators=["independent", "log_debias"])
    keep_study(place.study, place.warehouse)
    out = tmp_path / "out"
    arguments = ["export", "--to", str(out), "--warehouse", str(place.warehouse)]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    page = (out / "report.html").read_text()
    assert "80 % interval" in page
    for what in ("interval", "intervals", "prediction", "band"):  # a share may be 95 %
        assert f"95 % {what}" not in page
    found = read_results(TableStore(place.warehouse), place.study.estimators)
    assert found.level == 0.8
    assert found.estimators == ["log_debias", "five_layer"]


def test_too_few_draws_for_a_level_are_told_before_anything_is_made(place):
    choose(place, level=0.99)
    with pytest.raises(InputError, match=r"60 draws cannot tell.*level 0.99"):
        place.run()
