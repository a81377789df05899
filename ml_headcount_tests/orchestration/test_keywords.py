"""From rated CVs to an accepted filter, which is judged on CVs that it was not learned on."""

import shutil
from functools import partial
from pathlib import Path

import dagster as dg
import numpy as np
import pandas as pd
import pyarrow
import pytest
from click.testing import CliRunner
from dagster._core.definitions.data_version import StaleStatus

from ml_headcount_assets.cli.main import main
from ml_headcount_assets.orchestration.assets import keywords
from ml_headcount_assets.orchestration.build import build_definitions
from ml_headcount_assets.orchestration.instance import open_instance
from ml_headcount_assets.orchestration.session import discover_study_keywords, materialize_study
from ml_headcount_assets.study import load_study
from ml_headcount_assets.text.filters import keyword_labels
from ml_headcount_assets.text.keywords import LISTS, discover_keywords
from ml_headcount_assets.warehouse.beside import (
    embeddings_path,
    extracts_path,
    kept_study,
    people_path,
)
from ml_headcount_assets.warehouse.discoveries import stored_filters
from ml_headcount_assets.warehouse.schemas import KEYWORD_TABLES
from ml_headcount_assets.warehouse.store import TableStore
from ml_headcount_assets.wording import share
from ml_headcount_assets.worlds.simulation import simulate_study
from ml_headcount_assets.worlds.writing import write_world
from ml_headcount_tests.orchestration.conftest import Place
from ml_headcount_tests.orchestration.test_session import staleness
from ml_headcount_tests.privacy import MARK, leaks
from ml_headcount_tests.security_study import CONFIG, write_security_study
from ml_headcount_tests.text.keywords.worlds import WordEncoder

#: A quick one: these tests are about what becomes of what is found, not about what is found.
quick = partial(discover_keywords, encoder=WordEncoder())
FOUND = "discovered_broad_yes"


@pytest.fixture(scope="module")
def discovered(tmp_path_factory) -> Path:
    """A folder with the study and its warehouse, after a run and a discovery."""
    root = tmp_path_factory.mktemp("security")
    study = load_study(write_security_study(root / "study"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keywords, "discover_keywords", quick)
        materialize_study(study, root / "warehouse")
        summary = discover_study_keywords(study, root / "warehouse")
    assert summary.unchanged["profiles"] == 4
    return root


@pytest.fixture
def place(discovered, tmp_path, monkeypatch) -> Place:
    """A copy that a test may change."""
    monkeypatch.setattr(keywords, "discover_keywords", quick)
    place = Place(tmp_path)
    shutil.copytree(discovered / "study", place.directory)
    shutil.copytree(discovered / "warehouse", place.warehouse)
    return place


def command(place: Place, *arguments: object, code: int = 0) -> str:
    stored = ["--warehouse", str(place.warehouse)]
    result = CliRunner(env={"COLUMNS": "200"}).invoke(
        main, ["keywords", *map(str, arguments), *stored]
    )
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result.output


def read(place: Place, table: str) -> pd.DataFrame:
    return TableStore(place.warehouse).read(table)


def accept(place: Place, *arguments: str, code: int = 0) -> str:
    return command(place, "accept", *arguments, "--study", place.directory, code=code)


# --- tables ------------------------------------------------------------------------------------


def test_reach_is_what_a_loop_over_the_texts_counts(discovered):
    store = TableStore(discovered / "warehouse")
    profiles, reach = store.read("profiles"), store.read("keyword_reach")
    filters = stored_filters(store.read("keyword_filters_found"))
    texts = profiles["text"].to_numpy(dtype=object)
    labels = keyword_labels(pyarrow.array(texts, pyarrow.string()), filters)
    found = reach[reach["kind"] == "filter"].set_index("name")
    assert set(found.index) == set(filters.rules)
    for name, fired in labels.items():
        counts = profiles[fired].groupby("company_id").size().sort_values(ascending=False)
        row = found.loc[name]
        assert row["profiles"] == fired.sum() > 0
        assert row["share"] == fired.mean()
        assert row["companies"] == len(counts)
        assert sorted(row["top_profiles"], reverse=True) == counts.tolist()
        assert dict(zip(row["top_companies"], row["top_profiles"], strict=True)) == dict(counts)
    phrases = store.read("keyword_phrases")
    listed = phrases.loc[phrases[list(LISTS)].any(axis=1), "phrase"]
    assert set(reach.loc[reach["kind"] == "phrase", "name"]) == set(listed)


def test_a_second_discovery_makes_nothing_anew(place, monkeypatch):
    def in_vain(*_, **__):
        raise AssertionError("made in vain")

    monkeypatch.setattr(keywords, "discover_keywords", in_vain)
    monkeypatch.setattr(keywords, "keyword_reach", in_vain)
    unchanged = place.discover().unchanged
    assert {unchanged[name] for name in KEYWORD_TABLES} == {1}


def test_discovery_leaves_the_estimates_and_their_settings_alone(discovered, tmp_path):
    kept = kept_study(discovered / "warehouse")
    assert kept.draws == 60
    assert kept.estimators == ("five_layer",)
    copied = shutil.copytree(discovered, tmp_path / "copy")
    other = CONFIG.replace("draws: 60", "draws: 90")
    (copied / "study" / "study.yaml").write_text(other)
    discover_study_keywords(load_study(copied / "study"), copied / "warehouse")
    assert kept_study(copied / "warehouse").draws == 60


def test_a_run_does_not_discover(discovered):
    definitions = build_definitions()
    graph = definitions.resolve_asset_graph()
    jobs = {
        name: {
            key.to_user_string()
            for key in definitions.resolve_job_def(name).asset_layer.selected_asset_keys
        }
        for name in ("whole_study", "refresh_company", "calibration", "keyword_discovery")
    }
    assert set(KEYWORD_TABLES) <= jobs.pop("keyword_discovery")
    for name, assets in jobs.items():
        assert not assets & set(KEYWORD_TABLES), name
    parents = graph.get(dg.AssetKey("keyword_phrases")).parent_keys
    assert {"rated_cvs", "rated_labels", "keyword_settings"} <= {
        key.to_user_string() for key in parents
    }


def test_the_ui_calls_stale_what_a_discovery_would_make_anew(place):
    place.run()  # the report has the keywords now
    found = staleness(place)
    stale = {name for name, statuses in found.items() if statuses != {StaleStatus.FRESH}}
    assert stale == set()
    config = place.directory / "study.yaml"
    config.write_text(config.read_text().replace("folds: 3", "folds: 4"))
    found = staleness(place)
    stale = {name for name, statuses in found.items() if statuses != {StaleStatus.FRESH}}
    assert stale == set(KEYWORD_TABLES) - {"keyword_reach"}  # which the lineage tells


def test_metadata_hold_counts_and_phrases_only(discovered):
    with open_instance(discovered / "warehouse") as instance:
        (run,) = instance.get_runs(dg.RunsFilter(job_name="keyword_discovery"))
        records = instance.event_log_storage.get_records_for_run(
            run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION
        ).records
    shown = "".join(str(r.event_log_entry.asset_materialization.metadata) for r in records)
    assert FOUND in shown
    for text in TableStore(discovered / "warehouse").read("profiles")["text"]:
        assert not [part for part in text.split(". ") if len(part) > 40 and part in shown]


def test_a_study_without_texts_has_no_keywords_and_is_told_so(tmp_path):
    write_world(simulate_study("matched", 5, 100, seed=1), tmp_path / "study")
    place = Place(tmp_path)
    place.discover()
    assert all(read(place, table).empty for table in KEYWORD_TABLES)
    assert "have no texts" in command(place, "show")
    with open_instance(place.warehouse) as instance:
        made = instance.get_latest_materialization_event(dg.AssetKey("keyword_phrases"))
    assert "no texts" in str(made.asset_materialization.metadata["note"].value)


# --- accepting ---------------------------------------------------------------------------------


def test_an_accepted_filter_is_judged_on_cvs_it_was_not_learned_on(place):
    found = read(place, "keyword_filters_found").set_index(["filter", "judged"])
    honest = found.loc[(FOUND, "cross_validated"), "specificity"]
    flattering = found.loc[(FOUND, "same_cvs"), "specificity"]
    assert abs(honest - flattering) > 0.02  # else this test could not tell them apart
    accept(place, FOUND)
    summary = place.run()
    assert summary.unchanged["profiles"] == 4
    table = read(place, "annotator_summary").set_index("annotator")
    assert set(table.index) == {"llm_a", "filter_net", FOUND}
    # The bootstrap's mean over 60 draws lies within a fraction of a standard error, 0.03 here.
    assert table.loc[FOUND, "specificity_mean"] == pytest.approx(honest, abs=0.015)
    labels = read(place, "rated_labels")
    labels = labels[labels["annotator"] == FOUND].set_index("rated_id")["label"]
    folds = read(place, "keyword_folds")
    folds = folds[folds["filter"] == FOUND].set_index("rated_id")["label"]
    assert labels.to_dict() == folds.to_dict()
    # The rule itself labels the profiles.
    deployed = read(place, "keyword_labels")
    fired = deployed.loc[deployed["annotator"] == FOUND, "label"].sum()
    reach = read(place, "keyword_reach").set_index("name")
    assert fired == reach.loc[FOUND, "profiles"]


def test_who_accepts_a_filter_that_tells_nothing_new_is_warned(place):
    found = read(place, "keyword_filters_found")
    found = found[(found["judged"] == "cross_validated") & (found["yes_terms"].map(len) > 0)]
    tells = (found["information"] > 2 * found["information_sd"]).to_numpy()
    assert tells.any()
    assert not tells.all()  # else this test would see one kind only
    for name, new in zip(found["filter"], tells, strict=True):
        output = accept(place, name, "--as", f"{name}_too")
        assert ("nothing beyond its noise" in output) != new


def test_the_configuration_keeps_every_line(place):
    config = place.directory / "study.yaml"
    before = config.read_text()
    output = accept(place, FOUND, "--as", "filter_security")
    assert "filter_security is now an annotator of security" in output
    after = config.read_text().splitlines()
    place_of_line = -1
    for line in before.splitlines():  # all are there, in their order
        place_of_line = after.index(line, place_of_line + 1)
    study = load_study(place.directory)
    assert [entry.name for entry in study.annotators] == ["llm_a", "filter_net", "filter_security"]
    assert study.held_out == {
        "filter_security": place.directory / "keywords" / "filter_security.csv"
    }
    assert study.filters.terms["net"] == ("network", "browser")
    assert study.filters.terms["filter_security_yes"]


def test_what_was_implicit_is_written_out_first(place):
    """Otherwise naming one filter would silently replace those that a study goes by."""
    config = place.directory / "study.yaml"
    config.write_text("name: security  # no more\n")
    before = load_study(place.directory)
    place.discover()
    accept(place, FOUND)
    after = load_study(place.directory)
    names = [entry.name for entry in after.annotators]
    assert names == [*sorted([*before.keyword_filters.rules, "llm_a"]), FOUND]
    for name in before.keyword_filters.rules:
        assert after.filters.fingerprint(name) == before.keyword_filters.fingerprint(name)
    assert config.read_text().startswith("name: security  # no more\n")


def test_unknown_repeated_and_unfit_names_are_refused(place):
    untouched = (place.directory / "study.yaml").read_text()
    output = accept(place, "filter_unheard_of", code=2)
    assert "is not a discovered filter" in output
    assert FOUND in output
    assert "letters, digits" in accept(place, FOUND, "--as", "../escape", code=2)
    assert "already has an annotator" in accept(place, FOUND, "--as", "llm_a", code=2)
    assert (place.directory / "study.yaml").read_text() == untouched
    assert not (place.directory / "keywords").exists()
    accept(place, FOUND)
    written = (place.directory / "study.yaml").read_text()
    assert "already has an annotator" in accept(place, FOUND, code=2)
    assert (place.directory / "study.yaml").read_text() == written


def test_without_a_configuration_there_is_a_way_out(place):
    # Without a configuration, a study goes by the name of its directory.
    place.directory = place.directory.rename(place.directory.with_name("security"))
    (place.directory / "study.yaml").unlink()
    place.discover()
    output = accept(place, FOUND, code=2)
    assert "there is no study.yaml" in output
    (place.directory / "study.yaml").write_text("name: security\n")
    accept(place, FOUND)


def test_other_cvs_than_those_learned_on_are_refused(place):
    rated = place.directory / "validation.jsonl"
    lines = rated.read_text().splitlines(keepends=True)
    rated.write_text("".join(lines[1:]))
    assert "ml-headcount keywords discover" in accept(place, FOUND, code=2)
    assert not (place.directory / "keywords").exists()


def test_nothing_is_half_written(place, monkeypatch):
    before = (place.directory / "study.yaml").read_bytes()
    replace = Path.replace

    def fails_at_the_end(path, target):
        if Path(target).name == "study.yaml":
            raise PermissionError(13, "Permission denied")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", fails_at_the_end)
    assert "Nothing has been changed" in " ".join(accept(place, FOUND, code=2).split())
    assert (place.directory / "study.yaml").read_bytes() == before
    assert [path.name for path in place.directory.rglob("*") if "discovered" in path.name] == []
    assert not list(place.directory.glob("*unfinished*"))


def test_the_commands_show_both_ways_of_judging(place):
    found = read(place, "keyword_filters_found")
    shown = command(place, "show")
    discovered = command(place, "discover", "--study", place.directory)
    for output in (shown, discovered):
        assert "Themes" in output
        assert "Phrases that speak most clearly" in output
        lines = output.splitlines()
        first = next(number for number, line in enumerate(lines) if f" {FOUND} " in line)
        assert "on the same CVs" in lines[first + 1]
        both = zip(("cross_validated", "same_cvs"), lines[first : first + 2], strict=True)
        for judged, line in both:
            row = found[(found["filter"] == FOUND) & (found["judged"] == judged)].iloc[0]
            assert share(row["sensitivity"]) in line
            assert share(row["specificity"]) in line
        assert ("Proposed" in output) == bool(found["proposed"].any())
    assert "keyword_reach" in discovered


def test_exports_and_the_report_have_the_keywords(place, tmp_path):
    out = tmp_path / "out"
    arguments = ["export", "--to", str(out), "--warehouse", str(place.warehouse)]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    page = (out / "report.html").read_text()
    assert 'id="keywords-figures"' in page
    for figure in ("phrases", "recall", "optimism", "reach"):
        assert f'id="figure-{figure}"' in page
    assert FOUND in page
    csv = pd.read_csv(out / "keyword_filters_found.csv")
    terms = csv.loc[csv["filter"] == FOUND, "yes_terms"].iloc[0]
    stored = read(place, "keyword_filters_found").set_index("filter").loc[FOUND, "yes_terms"]
    assert terms.split("; ") == list(stored.iloc[0])
    assert not (out / "keyword_folds.csv").exists()
    assert np.isfinite(csv["sensitivity"]).all()


# --- privacy -----------------------------------------------------------------------------------


def test_words_of_single_people_are_nowhere_but_in_the_warehouse_of_texts(place, tmp_path):
    """A phrase needs several CVs to be one; what a few have is theirs."""
    rated = place.directory / "validation.jsonl"
    lines = rated.read_text().splitlines()
    marked = [line.replace('"text": "', f'"text": "{MARK} ') for line in lines[:4]]
    rated.write_text("\n".join([*marked, *lines[4:]]) + "\n")
    profiles = place.directory / "profiles" / "all.jsonl"
    profiles.write_text(profiles.read_text().replace('"text": "', f'"text": "{MARK} ', 3))
    output = command(place, "discover", "--study", place.directory)
    output += accept(place, FOUND)
    place.run()
    result = CliRunner().invoke(
        main, ["export", "--to", str(tmp_path / "out"), "--warehouse", str(place.warehouse)]
    )
    assert result.exit_code == 0
    assert embeddings_path(place.warehouse).is_file()
    people = people_path(place.warehouse)
    originals = {rated, profiles, people, *extracts_path(place.warehouse).rglob("*")}
    files = {path for path in tmp_path.rglob("*") if path.is_file()} - originals
    assert len(files) > 20
    assert not leaks([*files, output, result.output])
    assert leaks([people])  # the search does find it where it is
    phrases = " ".join(read(place, "keyword_phrases")["phrase"])
    assert not leaks([phrases])
