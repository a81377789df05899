"""A study brought up to date in one call: the right numbers, and nothing made in vain."""

import base64
import gzip
import os
import re
import subprocess
import sys
from pathlib import Path

import dagster as dg
import numpy as np
import pandas as pd
import pytest
import yaml
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest

from ml_headcount_assets.compute.engine import Engine
from ml_headcount_assets.compute.protocol import Compute
from ml_headcount_assets.errors import ComputeError, InputError
from ml_headcount_assets.model import estimate_headcount
from ml_headcount_assets.orchestration.assets import annotate, calibrate, estimate
from ml_headcount_assets.orchestration.build import build_definitions
from ml_headcount_assets.orchestration.instance import open_instance
from ml_headcount_assets.orchestration.resources import StudyResource, WarehouseResource
from ml_headcount_assets.orchestration.run_lock import only_run
from ml_headcount_assets.orchestration.session import materialize_study
from ml_headcount_assets.orchestration.sources import observations
from ml_headcount_assets.study import load_study
from ml_headcount_assets.warehouse.beside import home_of, report_path
from ml_headcount_assets.warehouse.schemas import KEYWORD_TABLES, SENSITIVITY_TABLES, TABLES
from ml_headcount_assets.warehouse.store import TableStore
from ml_headcount_tests.orchestration.conftest import ANNOTATORS, DRAWS

#: Tables that are made when somebody asks for them.
WHEN_ASKED = {*KEYWORD_TABLES, *SENSITIVITY_TABLES, "keyword_results"}
COMPANY_TABLES = ("pattern_counts", "headcount_draws", "synthetic_counts", "headcount_intervals")


def tables(warehouse: Path) -> dict[str, dict[str, str]]:
    """A digest of every part of every table."""
    with TableStore(warehouse).snapshot() as snapshot:
        return {name: snapshot.digests(name) for name in TABLES if snapshot.has(name)}


def staleness(place) -> dict[str, set[StaleStatus]]:
    """What the UI says of each asset; of keywords, if they have been discovered."""
    graph = build_definitions().resolve_asset_graph()
    with open_instance(place.warehouse) as instance:
        for observation in observations(place.study):
            instance.report_runless_asset_event(observation)
        resolver = CachingStaleStatusResolver(instance, graph, LoadingContextForTest(instance))
        companies = instance.get_dynamic_partitions("company")
        return {
            key.to_user_string(): {
                resolver.get_status(key, company)
                for company in (companies if graph.get(key).is_partitioned else [None])
            }
            for key in graph.materializable_asset_keys
            if key.path[-1] not in WHEN_ASKED or instance.has_asset_key(key)
        }


def edit_labels(place, change) -> None:
    """Change the table of profile labels."""
    path = place.directory / "profile_labels.csv.gz"
    frame = pd.read_csv(path, dtype="str", keep_default_na=False)
    path.write_bytes(gzip.compress(change(frame).to_csv(index=False).encode()))


def edit_companies(place, change) -> None:
    path = place.directory / "companies.csv"
    frame = pd.read_csv(path, dtype="str", keep_default_na=False)
    change(frame).to_csv(path, index=False)


def flip_first_label(company: str):
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        row = frame.index[frame["company_id"] == company][0]
        frame.loc[row, "llm_sonnet_4"] = "0" if frame.loc[row, "llm_sonnet_4"] == "1" else "1"
        return frame

    return change


def profiled(warehouse: Path) -> list[str]:
    return sorted(TableStore(warehouse).read("pattern_counts")["company"].unique())


def test_the_numbers_are_those_of_the_model(pristine):
    directory, warehouse, _ = pristine
    validation = pd.read_csv(directory / "validation.csv")[["is_expert", *ANNOTATORS]]
    profiles = pd.read_csv(directory / "profile_labels.csv.gz")[["company_id", *ANNOTATORS]]
    companies = pd.read_csv(directory / "companies.csv")
    expected = estimate_headcount(
        validation, profiles, companies, "five_layer", draws=DRAWS, seed=0
    )
    stored = TableStore(warehouse).read("headcount_intervals")
    stored = stored[stored["estimator"] == "five_layer"].set_index("company_id")
    wanted = expected.intervals().set_index("company_id")
    columns = ["mean", "sd", "low", "median", "high", "share"]
    np.testing.assert_array_equal(stored.loc[wanted.index, columns], wanted[columns])
    assert stored.loc[wanted.index, "confidence"].tolist() == wanted["confidence"].tolist()
    total = TableStore(warehouse).query(
        "SELECT mean, sd, low, median, high, level, companies, companies_without_evidence"
        " FROM portfolio_intervals WHERE estimator = 'five_layer' AND grouping = 'all'"
    )
    assert total.to_dict("records") == [expected.total()]


def test_everything_is_stored_and_shown(pristine):
    _, warehouse, summary = pristine
    counts = {name: sum(1 for _ in parts) for name, parts in tables(warehouse).items()}
    assert set(counts) == set(TABLES) - WHEN_ASKED
    assert len(summary.companies) == 12
    assert len(summary.run_ids) == 1
    assert summary.warehouse == warehouse
    assert report_path(warehouse).is_file()
    with open_instance(warehouse) as instance:
        run = instance.get_run_by_id(summary.run_ids[0])
        assert run.status == dg.DagsterRunStatus.SUCCESS
        assert run.job_name == "whole_study"
        for name in COMPANY_TABLES:
            found = instance.get_materialized_partitions(dg.AssetKey(name))
            assert found == set(summary.companies)


def test_metadata_hold_no_text_and_no_company(pristine):
    """They are copied to every event, and shown to everybody who sees the UI."""
    _, warehouse, summary = pristine
    secrets = TableStore(warehouse).read("companies")
    secrets = {*secrets["name"], *secrets["company_id"]}
    with open_instance(warehouse) as instance:
        records = instance.event_log_storage.get_records_for_run(
            summary.run_ids[0], of_type=dg.DagsterEventType.ASSET_MATERIALIZATION
        ).records
        shown = {str(r.event_log_entry.asset_materialization.metadata) for r in records}
    shown |= {
        base64.b64decode(image).decode()
        for text in shown
        for image in re.findall(r"base64,([A-Za-z0-9+/=]+)", text)
    }
    assert any(text.startswith("<svg") for text in shown)
    assert not [text for text in shown for secret in secrets if secret in text]


def test_a_second_run_makes_nothing_anew(place, monkeypatch):
    before = tables(place.warehouse)

    def in_vain(*_, **__):
        raise AssertionError("made in vain")

    for module, name in [
        (annotate, "count_patterns"),
        (calibrate, "fit_annotators"),
        (calibrate, "predictive_checks"),
        (estimate, "draw_headcounts"),
        (estimate, "synthetic_counts"),
        (estimate, "result_of"),
    ]:
        monkeypatch.setattr(module, name, in_vain)
    summary = place.run()
    assert summary.unchanged["headcount_draws"] == 12
    assert summary.unchanged["cohort_fit"] == 1
    assert tables(place.warehouse) == before
    assert set.union(*staleness(place).values()) == {StaleStatus.FRESH}


def test_a_file_that_is_only_touched_changes_nothing(place):
    for path in place.directory.iterdir():
        os.utime(path, (1, 1))
    assert place.run().unchanged["profile_labels"] == 12


def test_other_labels_of_one_company(place):
    company, *others = profiled(place.warehouse)
    before = tables(place.warehouse)
    edit_labels(place, flip_first_label(company))
    assert StaleStatus.STALE in staleness(place)["profile_labels"]
    summary = place.run()
    after = tables(place.warehouse)
    assert summary.unchanged["pattern_counts"] == 11
    assert after["pattern_counts"][company] != before["pattern_counts"][company]
    for other in others:
        assert after["pattern_counts"][other] == before["pattern_counts"][other]
    assert after["annotator_fit"] == before["annotator_fit"]
    assert set.union(*staleness(place).values()) == {StaleStatus.FRESH}


def test_one_company_alone_has_the_numbers_of_the_whole(fresh, pristine):
    expected = tables(pristine[1])
    first, *_, last = profiled(pristine[1])
    summary = fresh.run(companies=[last.upper(), first])
    found = tables(fresh.warehouse)
    assert set(summary.companies) == {first, last}
    for name in COMPANY_TABLES[1:]:
        assert set(found[name]) == {first, last}
        for company in (first, last):
            assert found[name][company] == expected[name][company]
    assert [w.check for w in summary.warnings if w.asset == "portfolio_intervals"] == [
        "size_bands_cover_all_companies"
    ]
    fresh.run()
    assert tables(fresh.warehouse) == expected


def test_one_partition_key_is_one_company(place, pristine):
    """As the UI launches it: by key, without the tags of a range."""
    company, *_ = profiled(pristine[1])
    with TableStore(place.warehouse).transaction() as transaction:
        transaction.replace("headcount_draws", transaction.read("headcount_draws", []), [company])
        transaction.forget("headcount_draws")
    definitions = build_definitions(
        resources={
            "study": StudyResource(directory=str(place.directory)),
            "warehouse": WarehouseResource(path=str(place.warehouse)),
        }
    )
    with open_instance(place.warehouse) as instance:
        job = definitions.resolve_job_def("refresh_company")
        assert job.execute_in_process(instance=instance, partition_key=company).success
    assert tables(place.warehouse) == tables(pristine[1])


def test_refreshing_one_company_leaves_the_others_and_the_cohort(place):
    company, *_ = profiled(place.warehouse)
    before = tables(place.warehouse)
    edit_labels(place, flip_first_label(company))
    summary = place.run(companies=[company])
    after = tables(place.warehouse)
    assert summary.companies == (company,)
    assert summary.unchanged["headcount_draws"] == 0
    assert after["cohort_fit"] == before["cohort_fit"]
    for name in COMPANY_TABLES:
        changed = {c for c in before[name] if before[name][c] != after[name][c]}
        assert changed <= {company}
    assert staleness(place)["cohort_fit"] == {StaleStatus.STALE}


def test_a_refresh_that_changes_nothing_makes_nothing_stale(place):
    company, *_ = profiled(place.warehouse)
    assert place.run(companies=[company]).unchanged["headcount_draws"] == 1
    assert set.union(*staleness(place).values()) == {StaleStatus.FRESH}


def test_one_company_is_made_anew_on_what_all_share(place):
    company, *_ = profiled(place.warehouse)
    before = tables(place.warehouse)
    assert place.run(companies=[company], again=True).unchanged["headcount_draws"] == 0
    assert tables(place.warehouse) == before
    assert place.run().unchanged["cohort_fit"] == 1


def test_one_company_with_other_settings_is_refused(place):
    before = tables(place.warehouse)
    with pytest.raises(InputError, match=r"calibrated with other settings.*run the whole study"):
        place.run(companies=profiled(place.warehouse)[:1], draws=80)
    assert tables(place.warehouse) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"companies": ["company-00001"]}, "'company-00001' is not in .* Is it 'company-00"),
        ({"estimators": ["six_layer"]}, "'six_layer' is unknown; there are hierarchical"),
        ({"estimators": []}, "at least 1 item"),
        ({"draws": 1}, "greater than or equal to 2"),
    ],
)
def test_wrong_arguments_are_told(place, arguments, message):
    with pytest.raises(InputError, match=message):
        place.run(**arguments)


def test_settings_are_part_of_what_is_compared(place):
    summary = place.run(estimators=["log_debias"])
    assert summary.unchanged["headcount_draws"] == 0
    assert summary.unchanged["pattern_counts"] == 12
    intervals = TableStore(place.warehouse).read("headcount_intervals")
    assert intervals["estimator"].unique().tolist() == ["log_debias"]


def test_what_kind_an_annotator_is_of_is_part_of_what_is_compared(place, tmp_path):
    """Draws of `log_debias` go by the kinds, and its annotators' rates do not."""
    config = place.directory / "study.yaml"
    content = {**yaml.safe_load(config.read_text()), "estimators": ["log_debias"]}
    config.write_text(yaml.safe_dump(content))
    place.run()
    for annotator in content["annotators"]:
        if annotator["name"] == "llm_sonnet_4":
            annotator["kind"] = "filter"
    config.write_text(yaml.safe_dump(content))
    place.run()
    anew = tmp_path / "anew"
    materialize_study(place.study, anew)
    assert tables(place.warehouse) == tables(anew)


def test_a_company_that_leaves_takes_its_rows_along(place):
    company, *_ = profiled(place.warehouse)
    edit_companies(place, lambda frame: frame[frame["company_id"] != company])
    assert company not in place.run().companies
    for name, parts in tables(place.warehouse).items():
        assert company not in parts, name
    with open_instance(place.warehouse) as instance:
        assert not instance.has_dynamic_partition("company", company)


def test_a_company_that_joins_is_estimated(place):
    edit_companies(
        place,
        lambda frame: pd.concat(
            [frame, frame.iloc[[0]].assign(company_id="a newcomer", name="Newcomer")]
        ),
    )
    summary = place.run()
    joined = next(c for c in summary.companies if c.startswith("a-newcomer"))
    assert joined in tables(place.warehouse)["headcount_intervals"]


def test_bad_input_is_told_in_the_words_of_the_stage(place):
    before = tables(place.warehouse)
    good = (place.directory / "validation.csv").read_text()
    header = good.splitlines()[0]
    (place.directory / "validation.csv").write_text(header + "\n")
    with pytest.raises(InputError, match=r"validation\.csv: the file has no rows"):
        place.run()
    after = tables(place.warehouse)
    assert after["rated_cvs"] == before["rated_cvs"]
    assert after["headcount_intervals"] == before["headcount_intervals"]
    (place.directory / "validation.csv").write_text(good)
    place.run()
    assert tables(place.warehouse) == before


def test_a_blocking_check_ends_the_run_with_what_it_found(place):
    path = place.directory / "validation.csv"
    rated = pd.read_csv(path, dtype="Int64")
    rated["llm_sonnet_4"] = 1 - rated["llm_sonnet_4"]
    rated.to_csv(path, index=False)
    before = tables(place.warehouse)
    with pytest.raises(
        ComputeError, match=r"annotator_summary: llm_sonnet_4 accepts rated experts"
    ):
        place.run()
    assert tables(place.warehouse)["headcount_draws"] == before["headcount_draws"]


def test_a_defect_is_not_dressed_up_as_the_users_fault(place, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr(calibrate, "fit_annotators", broken)
    with pytest.raises(ZeroDivisionError, match="a defect"):
        place.run(draws=80)


def test_progress_is_told_by_stage(pristine, heard):
    stages = list(dict.fromkeys(stage for stage, _, _ in heard))
    assert stages[0] in ("companies", "rated_cvs")
    assert stages[-1] == "results"
    for stage in stages:
        own = [(done, total) for name, done, total in heard if name == stage]
        assert own[0] == (0, 1)
        assert own[-1] == (1, 1)
        assert all(0 <= done <= total for done, total in own)
        shares = [done / total for done, total in own]
        assert shares == sorted(shares), stage


def test_the_given_compute_is_used(fresh):
    class Counting(Compute):
        tasks = 0
        engine = Engine()

        def map(self, function, tasks, progress=None, *, worker="cpu"):
            Counting.tasks += len(tasks)
            return [function(task) for task in tasks]

    fresh.run(compute=Counting(), estimators=["log_debias"])
    assert Counting.tasks > 12


def test_one_run_at_a_time(place):
    with only_run(place.warehouse), only_run(place.warehouse):  # within a run it may nest
        pass
    code = (
        "import sys; from pathlib import Path;"
        "from ml_headcount_assets.orchestration.run_lock import only_run\n"
        "with only_run(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(place.warehouse)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(ComputeError, match=rf"Another run is at work.*process {holder.pid}"):
            place.run()
        holder.stdin.close()
    place.run()


def test_the_kept_configuration_is_the_study(place):
    """The UI loads it: same files, same settings, also after the directory has moved on."""
    kept = load_study(home_of(place.warehouse))
    study = load_study(place.directory)
    assert kept.settings() == study.settings()
    assert kept.annotators == study.annotators
    place.run(draws=80)
    kept = load_study(home_of(place.warehouse))
    assert kept.draws == 80
    assert kept.files == study.files
    assert yaml.safe_load((place.directory / "study.yaml").read_text())["draws"] == DRAWS
