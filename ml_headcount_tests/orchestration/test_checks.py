"""Every check passes on a study in order, and finds what it is there to find."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
import duckdb
import pytest

import ml_headcount_assets as mh
from ml_headcount_assets.orchestration import checks
from ml_headcount_assets.orchestration.checks.findings import findings
from ml_headcount_assets.orchestration.resources import StudyResource, WarehouseResource
from ml_headcount_assets.warehouse.beside import people_path, work_path

BREAK = {
    "headcounts_are_known": "UPDATE companies SET headcount = NULL",
    "both_classes_are_rated": "UPDATE rated_cvs SET is_expert = 0",
    "few_rows_are_rejected": "INSERT INTO rejects SELECT 'rated_cvs', 'validation.csv', unnest("
    "range(2, 80)), 'is_expert', 'no verdict', NULL",
    "every_annotator_has_labels": "UPDATE profile_labels SET label = NULL"
    " WHERE annotator = 'llm_sonnet_4'",
    "few_labels_are_missing": "UPDATE profile_labels SET label = NULL"
    " WHERE annotator = 'llm_sonnet_4' AND profile_id::BIGINT % 3 = 0",
    "every_profile_is_counted_once": "UPDATE pattern_counts SET n_profiles = n_profiles + 1"
    " WHERE company = (SELECT min(company) FROM pattern_counts)",
    "verdicts_stand": "INSERT INTO rated_profiles SELECT company, company_id, 'p', 'ann', 'no', [],"
    " 'x', '2026-01-01', 'text has changed' FROM companies",
    "raters_agree": "INSERT INTO rater_agreement VALUES ('A B', '', 20, 2, 8, 8, 2, 0.2, -0.6,"
    " -0.8, -0.3, 0.8)",
    "annotators_beat_chance": "UPDATE annotator_summary SET specificity_mean = 0.1"
    " WHERE annotator = 'llm_sonnet_4'",
    "rated_patterns_are_predicted": "UPDATE predictive_checks SET within = false",
    "annotators_behave_as_on_rated_cvs": "UPDATE profile_labels SET label = 0"
    " WHERE annotator = 'filter_broad_yes'",
    "annotators_do_not_drift": "UPDATE annotator_use SET drifts = true",
    "no_annotator_stops_the_study": "UPDATE annotator_use SET drifts = true,"
    " when_drifting = 'stop'",
    "estimate_can_be_trusted": "INSERT INTO diagnostics VALUES ('five_layer', 'made up', 'x', 2,"
    " 1, 'doubtful', 'Do not trust x.', 'nothing')",
    "keyword_counts_can_be_scaled": "UPDATE cohort_fit SET scale = 9",
    "draws_are_possible": "UPDATE headcount_draws SET draws = list_append(draws[:-2], 10_000_000)",
    "draws_are_joint": "UPDATE headcount_draws SET draws = draws[:-2]"
    " WHERE company = (SELECT min(company) FROM headcount_draws)",
    "intervals_are_ordered": "UPDATE headcount_intervals SET low = high + 1 WHERE high IS NOT NULL",
    "intervals_have_one_level": "UPDATE headcount_intervals SET level = 0.99"
    " WHERE company = (SELECT min(company) FROM headcount_intervals)",
    "most_companies_have_evidence": "UPDATE headcount_intervals SET evidence = 'none'",
    "totals_are_of_one_cast": "UPDATE _cache SET input_hash = 'old'"
    " WHERE asset = 'headcount_draws' AND company = (SELECT max(company) FROM companies)",
    "size_bands_cover_all_companies": "DELETE FROM companies"
    " WHERE company = (SELECT max(company) FROM companies)",
}
IMPOSSIBLE = {
    "few_rows_are_rejected": [
        "INSERT INTO rejects VALUES ('profiles', 'profiles/b.docx', NULL, '(file)',"
        " 'the whole file is left out: files of this kind are not read', NULL)",
        "INSERT INTO profiles SELECT company, company_id, '1', NULL, '', '', '1' FROM companies",
    ],
    "draws_are_possible": [
        "UPDATE headcount_draws SET draws = list_prepend(-1, draws[2:]) WHERE evidence <> 'none'",
        "UPDATE headcount_draws SET evidence = 'none' WHERE list_max(draws) >= 0",
    ],
    "intervals_are_ordered": [
        "UPDATE headcount_intervals SET evidence = 'none' WHERE mean IS NOT NULL",
        "UPDATE headcount_intervals SET median = NULL WHERE evidence <> 'none'",
    ],
}
BLOCKING = {
    "every_annotator_has_labels",
    "every_profile_is_counted_once",
    "annotators_beat_chance",
    "draws_are_possible",
    "draws_are_joint",
    "intervals_are_ordered",
    "intervals_have_one_level",
    "no_annotator_stops_the_study",
}


CHECKS = {
    check.check_key.name: check
    for check in dg.load_asset_checks_from_package_module(checks)
    if isinstance(check, dg.AssetChecksDefinition)
}


@contextmanager
def opened(place) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open both files of a warehouse for changes that no run would make."""
    with duckdb.connect(str(work_path(place.warehouse))) as connection:
        connection.execute(f"ATTACH '{people_path(place.warehouse)}' AS people")
        connection.execute("SET search_path = 'work.main,people.main'")
        yield connection


def evaluate(name: str, place):
    check = CHECKS[name]
    resources = {"warehouse": WarehouseResource(path=str(place.warehouse))}
    if "study" in check.required_resource_keys:
        resources["study"] = StudyResource(directory=str(place.directory))
    return check(**resources)


def test_every_check_is_tried_here():
    assert set(CHECKS) == set(BREAK)


@pytest.mark.parametrize("name", BREAK)
def test_a_check_passes_and_finds(name, place):
    intact = evaluate(name, place)
    assert intact.passed, intact.description
    with opened(place) as connection:
        connection.execute(BREAK[name])
    broken = evaluate(name, place)
    assert not broken.passed
    assert broken.description
    assert (broken.severity.value == "ERROR") == (name in BLOCKING)


@pytest.mark.parametrize(
    ("name", "change"), [(name, change) for name in IMPOSSIBLE for change in IMPOSSIBLE[name]]
)
def test_what_must_never_be_is_found(name, change, place):
    with opened(place) as connection:
        connection.execute(change)
    assert not evaluate(name, place).passed


def test_what_is_published_says_what_the_checks_found(place):
    rows = mh.open_study(place.warehouse).table("checks").set_index("check")
    assert set(rows.index) == set(CHECKS)
    assert rows.loc[list(BLOCKING), "passed"].all()
    assert set(rows.loc[list(BLOCKING), "severity"]) == {"ERROR"}
    assert rows["description"].isna().tolist() == rows["passed"].tolist()
    assert rows.loc["raters_agree", "looks_for"].startswith("Any two raters agree")
    assert rows.loc["most_companies_have_evidence", "numbers"].startswith('{"companies": 12,')


def test_findings_tell_the_rows_they_rest_on(place):
    with opened(place) as connection:
        connection.execute(BREAK["few_labels_are_missing"])
    rows = findings(place.warehouse, place.study).set_index("check")
    row = rows.loc["few_labels_are_missing"]
    (found,) = json.loads(row["numbers"])["found"]
    assert found["annotator"] == "llm_sonnet_4"
    assert found["missing"] > 0.2
    assert not row["passed"]
    assert "llm_sonnet_4" in row["description"]
