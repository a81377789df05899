"""The estimator that learns, from a study's files to the report, beside five_layer."""

from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
import pytest
import yaml
from click.testing import CliRunner

from ml_headcount_assets.cli.main import main
from ml_headcount_assets.errors import ComputeError
from ml_headcount_assets.model import LAYERS, EstimatorSettings, estimate_headcount
from ml_headcount_assets.orchestration.session import materialize_study
from ml_headcount_assets.study import load_study
from ml_headcount_assets.warehouse.beside import report_path
from ml_headcount_assets.warehouse.ratings import RatingStore, Verdict, imported_verdicts
from ml_headcount_assets.warehouse.store import TableStore
from ml_headcount_tests.little_effort import AS_SETTING
from ml_headcount_tests.orchestration.conftest import ANNOTATORS, Place, write_study

#: Enough to see that everything runs, and far too little to believe.
DRAWS = 60


def configure(directory, **content) -> None:
    path = directory / "study.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **content}))


@pytest.fixture(scope="module")
def learned(tmp_path_factory) -> Place:
    """A study that has been estimated by both, with all that can be told of it."""
    root = tmp_path_factory.mktemp("learned")
    write_study(root / "study")
    choices = {"estimators": ["hierarchical", "five_layer"], "effort": AS_SETTING}
    configure(root / "study", **choices)
    place = Place(root)
    place.summary = materialize_study(place.study, place.warehouse, sensitivity=True)
    return place


def read(place: Place, table: str) -> pd.DataFrame:
    return TableStore(place.warehouse).read(table)


def test_the_numbers_are_those_of_the_model(learned):
    directory = learned.directory
    validation = pd.read_csv(directory / "validation.csv")[["is_expert", *ANNOTATORS]]
    profiles = pd.read_csv(directory / "profile_labels.csv.gz")[["company_id", *ANNOTATORS]]
    settings = load_study(directory).settings()
    assert settings != EstimatorSettings.default()
    expected = estimate_headcount(
        validation,
        profiles,
        pd.read_csv(directory / "companies.csv"),
        "hierarchical",
        settings,
        draws=DRAWS,
    ).intervals()
    stored = read(learned, "headcount_intervals")
    stored = stored[stored["estimator"] == "hierarchical"].set_index("company_id")
    columns = ["mean", "low", "median", "high"]
    wanted = expected.set_index("company_id").loc[stored.index, columns]
    np.testing.assert_array_equal(stored[columns], wanted)


def test_a_second_run_makes_nothing_anew(learned):
    summary = materialize_study(learned.study, learned.warehouse, sensitivity=True)
    kept = {"hierarchical_fit": 1, "headcount_draws": 12, "diagnostics": 1, "annotator_drift": 1}
    assert kept.items() <= summary.unchanged.items()
    assert summary.unchanged["prior_sensitivity"] == 1


def test_one_company_alone_has_the_numbers_of_the_whole(learned):
    store = TableStore(learned.warehouse)
    before = store.read("headcount_draws")
    company = before["company"].iloc[0]
    with store.transaction() as transaction:
        transaction.replace("headcount_draws", before.iloc[:0], [company])
        transaction.forget("headcount_draws")
    learned.run(companies=[company])
    after = store.read("headcount_draws")
    assert [list(draws) for draws in after["draws"]] == [list(draws) for draws in before["draws"]]


def test_both_estimators_tell_the_annotators_rates(learned):
    summary = read(learned, "annotator_summary").set_index(["estimator", "annotator"])
    apart = (
        summary.loc["hierarchical", "sensitivity_mean"]
        - summary.loc["five_layer", "sensitivity_mean"]
    )
    # 153 rated experts know a rate to 0.04, and both have the same.
    assert apart.abs().max() < 0.15
    pairs = read(learned, "annotator_correlations")
    assert pairs["estimator"].value_counts().to_dict() == {"hierarchical": 6, "five_layer": 6}
    checks = read(learned, "predictive_checks")
    assert set(checks["estimator"]) == {"hierarchical", "five_layer"}
    observed = checks.groupby(["estimator", "is_expert"])["observed"].sum()
    assert (observed.loc["hierarchical"] - observed.loc["five_layer"]).abs().max() <= 3


def test_what_the_fit_says_is_stored(learned):
    rates = read(learned, "deployed_rates")
    assert set(rates["text"]) >= {"rated", "profiles"}
    assert set(read(learned, "prior_posterior")["band"]) <= set(
        read(learned, "companies")["size_band"]
    )
    prevalences = read(learned, "company_prevalences")
    draws = read(learned, "headcount_draws")
    known = draws[(draws["estimator"] == "hierarchical") & (draws["evidence"] != "none")]
    assert set(prevalences["company_id"]) == set(known["company_id"])
    assert prevalences["overlap"].between(0, 1).all()
    assert read(learned, "cohort_patterns")["people"].gt(0).all()
    for table in ("deployed_rates", "prior_posterior", "company_prevalences", "cohort_patterns"):
        assert (read(learned, table)["level"] == 0.8).all(), table


def test_every_measure_has_a_verdict_and_doubts_a_sentence(learned):
    rows = read(learned, "diagnostics")
    assert {"largest R-hat", "rated CVs"} <= set(rows["measure"])
    doubtful = rows["verdict"] == "doubtful"
    assert (rows["because"].notna() == doubtful).all()
    assert (rows["would_help"].notna() == doubtful).all()
    # So little effort cannot do.
    assert doubtful.any()
    warned = [w for w in learned.summary.warnings if w.check == "estimate_can_be_trusted"]
    assert len(warned) == 1
    assert rows.loc[doubtful, "because"].iloc[0] in warned[0].message


def test_the_budget_and_the_sensitivity_are_those_of_both(learned):
    budget = read(learned, "uncertainty_budget")
    for estimator in ("hierarchical", "five_layer"):
        total = budget[(budget["estimator"] == estimator) & (budget["company_id"] == "")]
        assert set(total["layer"]) == {*LAYERS, "all"}
        assert total.set_index("layer")["share"].drop("all").sum() == pytest.approx(1)
    moved = (
        read(learned, "prior_sensitivity")
        .set_index(["estimator", "group_name", "variant"])
        .sort_index()
    )
    five, own = moved.loc["five_layer", "all"], moved.loc["hierarchical", "all"]
    # Prevalence is drawn from its prior there, and learned here.
    assert five.loc["doubled priors", "ratio"] > 1.4
    assert own.loc["doubled priors", "ratio"] < five.loc["doubled priors", "ratio"]
    assert {"without filters", "without counts"} <= set(five.index)
    assert set(own.index) - set(five.index) == {"without drift"}


@pytest.mark.whole_report
def test_the_command_ends_with_what_speaks_against_it(learned):
    arguments = ["run", "--study", str(learned.directory), "--warehouse", str(learned.warehouse)]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    sentences = read(learned, "diagnostics")["because"].dropna()
    flat = " ".join(result.output.split())
    for sentence in sentences:
        assert f"Doubt: {' '.join(sentence.split())}" in flat
    assert "Where the uncertainty of the total comes from" in flat
    assert "How far the total moves" in flat
    page = report_path(learned.warehouse).read_text()
    assert "Whether to believe it" in page
    assert "doubled priors" in page


def drifting_study(root, **keys) -> Place:
    """A study in which one filter has gone silent on the companies' profiles."""
    write_study(root / "study", companies=20)
    place = Place(root)
    path = place.directory / "profile_labels.csv.gz"
    labels = pd.read_csv(path, dtype="str", keep_default_na=False)
    labels["filter_broad_yes"] = "0"
    labels.to_csv(path, index=False)
    content = yaml.safe_load((place.directory / "study.yaml").read_text())
    annotators = [
        {**entry, **(keys if entry["name"] == "filter_broad_yes" else {})}
        for entry in content["annotators"]
    ]
    configure(place.directory, annotators=annotators, estimators=["five_layer"])
    return place


def test_an_annotator_that_drifts_is_kept_and_told(tmp_path):
    place = drifting_study(tmp_path)
    summary = place.run()
    use = read(place, "annotator_use").set_index("annotator")
    assert use["drifts"].to_dict() == {name: name == "filter_broad_yes" for name in ANNOTATORS}
    assert not use["left_out"].any()
    told = next(w.message for w in summary.warnings if w.check == "annotators_do_not_drift")
    assert "filter_broad_yes is kept in the estimates" in told


def test_an_annotator_that_drifts_is_dropped_if_so_wished(tmp_path):
    place = drifting_study(tmp_path, when_drifting="drop")
    place.run(draws=DRAWS)
    summary = read(place, "annotator_summary")
    assert sorted(summary["annotator"]) == sorted(set(ANNOTATORS) - {"filter_broad_yes"})
    validation = pd.read_csv(place.directory / "validation.csv")
    profiles = pd.read_csv(place.directory / "profile_labels.csv.gz")
    others = [name for name in ANNOTATORS if name != "filter_broad_yes"]
    expected = estimate_headcount(
        validation[["is_expert", *others]],
        profiles[["company_id", *others]],
        pd.read_csv(place.directory / "companies.csv"),
        "five_layer",
        draws=DRAWS,
    )
    total = TableStore(place.warehouse).query(
        "SELECT low, median, high FROM portfolio_intervals WHERE grouping = 'all'"
    )
    assert total.iloc[0].to_dict() == {
        name: expected.total()[name] for name in ("low", "median", "high")
    }


def test_an_annotator_that_drifts_stops_the_study_if_so_wished(tmp_path):
    place = drifting_study(tmp_path, when_drifting="stop")
    with pytest.raises(ComputeError, match=r"annotator_use: filter_broad_yes drifts"):
        place.run()
    with TableStore(place.warehouse).snapshot() as snapshot:
        assert not snapshot.has("headcount_draws")


@pytest.fixture(scope="module")
def rated(learned, tmp_path_factory) -> Place:
    """The same study after a third of its profiles have texts and a few have been rated."""
    root = tmp_path_factory.mktemp("rated")
    shutil.copytree(learned.directory, root / "study")
    shutil.copytree(learned.warehouse, root / "warehouse")
    place = Place(root)
    store = TableStore(place.warehouse)
    people = store.query(
        "SELECT DISTINCT company, company_id, profile_id FROM profile_labels ORDER BY ALL"
    )
    verdicts = [
        Verdict("ann", row.company, row.profile_id, "yes" if n % 4 else "no", (), "", "2026-01-01")
        for n, row in enumerate(people.iloc[::20].itertuples())
    ]
    with RatingStore(place.warehouse) as ratings:
        ratings.add(verdicts, imported=True)
    place.summary = materialize_study(place.study, place.warehouse)
    texts = people.iloc[::3].assign(text="A text.", text_hash="h", snapshot=None, recipe="2")
    with store.transaction() as transaction:
        transaction.replace("profiles", texts)
    return place


def test_verdicts_reach_the_fit_and_the_companies(learned, rated):
    known = read(rated, "deployed_ratings")
    assert known["n_profiles"].sum() > 10
    scales = read(rated, "learned_scales")
    errors = scales[scales["quantity"] == "share of wrong verdicts"]
    assert set(errors["subject"]) >= {"experts, profiles", "others, rated CVs"}
    assert not (read(learned, "learned_scales")["quantity"] == "share of wrong verdicts").any()
    draws = (read(place, "headcount_draws").set_index("estimator") for place in (learned, rated))
    before, after = (rows.loc["hierarchical"].reset_index(drop=True) for rows in draws)
    assert not before.equals(after)
    # Whoever does not learn from ratings is as before.
    five = (
        read(place, "headcount_intervals").query("estimator == 'five_layer'")
        for place in (learned, rated)
    )
    pd.testing.assert_frame_equal(*five)


def test_a_round_is_proposed_and_listed_for_its_owner_only(rated, tmp_path):
    out = tmp_path / "round.csv"
    arguments = ["--n", "20", "--out", str(out), "--warehouse", str(rated.warehouse)]
    result = CliRunner().invoke(main, ["ratings", "propose", *arguments])
    assert result.exit_code == 0, result.output
    said = " ".join(result.output.split())
    assert "of its width; as many drawn by chance" in said
    rows = pd.read_csv(out, dtype=str)
    assert 0 < len(rows) <= 20
    assert ("Only" in said) == (len(rows) < 20)
    assert rows["inclusion"].astype(float).between(0, 1).all()
    assert out.stat().st_mode & 0o777 == 0o600
    texts = set(read(rated, "profiles")["profile_id"])
    assert set(rows["profile_id"]) <= texts
    has_been = {each.profile_id for each in imported_verdicts(rated.warehouse)}
    assert not set(rows["profile_id"]) & has_been


def test_a_proposal_for_nobody_is_refused(rated):
    arguments = ["--for", "cohort=nowhere", "--warehouse", str(rated.warehouse)]
    result = CliRunner().invoke(main, ["ratings", "propose", *arguments])
    assert result.exit_code != 0
    assert "No company with evidence belongs to 'cohort=nowhere'" in " ".join(result.output.split())


def test_the_proposal_is_kept_without_anybodys_id(learned):
    plan = read(learned, "rating_proposal")
    assert plan["n_ratings"].sum() == 100
    assert not any("profile_id" in column for column in plan)


def test_what_verdicts_have_changed_is_shown(rated):
    arguments = ["ratings", "effect", "--warehouse", str(rated.warehouse)]
    result = CliRunner().invoke(main, arguments, terminal_width=200)
    assert result.exit_code == 0, result.output
    said = " ".join(result.output.split())
    assert "Without and with people's verdicts" in said
    known = read(rated, "deployed_ratings")["n_profiles"].sum()
    assert f"{known} profiles have been rated" in said
    assert "sensitivity" in said
    assert "drift scale" in said


def test_without_verdicts_their_effect_is_refused(learned):
    assert read(learned, "rating_effect").empty
    arguments = ["ratings", "effect", "--warehouse", str(learned.warehouse)]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code != 0
    assert "knew of no verdicts that count" in " ".join(result.output.split())
