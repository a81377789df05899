"""What is learned from the rated CVs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtri

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.model import (
    ESTIMATORS,
    LAYERS,
    AnnotatorFit,
    EstimatorSettings,
    fit_annotators,
    infer_annotators,
    orthant_probabilities,
    predictive_checks,
)
from ml_headcount_assets.model.calibration import bootstrap_patterns

DEFAULT = EstimatorSettings.default()


def test_published_sensitivities_and_specificities(rated):
    """The rates that the study reports for the six classifiers (three decimals)."""
    settings = EstimatorSettings.preset("paper-2026").with_layers([])
    fit = fit_annotators(rated, infer_annotators(rated), settings, draws=1, seed=0)
    published = {
        "filter_broad_yes": (0.562, 0.910),
        "filter_strict_no": (0.412, 0.891),
        "filter_broad_yes_strict_no": (0.301, 0.981),
        "llm_gemini_2_5_flash": (0.712, 0.829),
        "llm_gpt_5_mini": (0.725, 0.868),
        "llm_sonnet_4": (0.588, 0.975),
    }
    for name, sensitivity, specificity in zip(
        fit.names, fit.sensitivity[0], fit.specificity[0], strict=True
    ):
        assert (sensitivity, specificity) == pytest.approx(published[name], abs=6e-4), name


def test_bootstrap_spread_is_the_binomial_one(world):
    fit = fit_annotators(
        world.validation, infer_annotators(world.validation), DEFAULT, draws=2000, seed=1
    )
    share = fit.sensitivity.mean(axis=0)
    expected = np.sqrt(share * (1 - share) / fit.rated[1])
    # 2,000 draws know a standard deviation to 1.6 %; five of them, so 4 sigma.
    np.testing.assert_allclose(fit.sensitivity.std(axis=0), expected, rtol=0.065)


def test_names_rule_and_order_does_not(world):
    annotators = infer_annotators(world.validation)
    fit = fit_annotators(world.validation, annotators, DEFAULT, draws=50, seed=2)
    shuffled = world.validation.sample(frac=1, random_state=0)
    shuffled = shuffled[sorted(shuffled.columns, reverse=True)]
    other = fit_annotators(shuffled, annotators[::-1], DEFAULT, draws=50, seed=2)
    np.testing.assert_array_equal(fit.pattern_probabilities, other.pattern_probabilities)
    assert fit.names == other.names


def test_more_draws_begin_with_the_same_draws(world):
    annotators = infer_annotators(world.validation)
    few = fit_annotators(world.validation, annotators, DEFAULT, draws=60, seed=2)
    many = fit_annotators(world.validation, annotators, DEFAULT, draws=200, seed=2)
    assert len(few.positive_rates) == 100  # whole blocks
    np.testing.assert_array_equal(few.correlations, many.correlations[:100])
    np.testing.assert_array_equal(few.pattern_probabilities, many.pattern_probabilities[:100])


def test_layers_are_switched_off_by_name(world):
    annotators = infer_annotators(world.validation)
    only_rates = DEFAULT.with_layers(["rated_cvs"])
    fit = fit_annotators(world.validation, annotators, only_rates, draws=50, seed=0)
    assert np.ptp(fit.positive_rates, axis=0).min() > 0
    assert np.ptp(fit.correlations, axis=0).max() == 0
    only_matrices = DEFAULT.with_layers(["correlations"])
    fit = fit_annotators(world.validation, annotators, only_matrices, draws=50, seed=0)
    assert np.ptp(fit.positive_rates, axis=0).max() == 0
    assert np.ptp(fit.correlations, axis=0).max() > 0


def test_independent_has_no_correlation_and_multiplies_rates(world):
    annotators = infer_annotators(world.validation)
    fit = fit_annotators(
        world.validation,
        annotators,
        DEFAULT,
        draws=50,
        seed=0,
        errors=ESTIMATORS["independent"].errors,
    )
    assert (fit.correlations == np.eye(5)).all()
    # Only the second annotator says 1: pattern 2.
    rates = fit.sensitivity
    only_second = rates[:, 1] * (1 - np.delete(rates, 1, axis=1)).prod(axis=1)
    np.testing.assert_allclose(fit.pattern_probabilities[:, 1, 2], only_second, rtol=1e-12)
    # The closed form and the general integral are one: Sobol error of 512 points is 1e-4.
    table = orthant_probabilities(ndtri(fit.positive_rates), fit.correlations, points=512)
    np.testing.assert_allclose(fit.pattern_probabilities, table, atol=3e-4)


@pytest.mark.parametrize("estimator", ["five_layer", "log_debias"])
def test_storing_a_fit_loses_nothing(world, estimator):
    annotators = infer_annotators(world.validation)
    fit = fit_annotators(
        world.validation, annotators, DEFAULT, draws=50, seed=0, errors=ESTIMATORS[estimator].errors
    )
    again = AnnotatorFit.from_frame(fit.to_frame().sample(frac=1, random_state=1), annotators)
    assert again.annotators == fit.annotators
    for name in ("rated", "positive_rates", "correlations", "pattern_probabilities"):
        np.testing.assert_array_equal(getattr(again, name), getattr(fit, name))


def test_real_class_zero_matrices_need_repair_and_it_is_recorded(rated):
    """MODEL: smallest eigenvalue of the raw six-dimensional matrix is about -0.6."""
    annotators = infer_annotators(rated)
    published = EstimatorSettings.preset("paper-2026")
    fit = fit_annotators(rated, annotators, published, draws=50, seed=0)
    assert (fit.repair_distance[:, 0] > 0.1).all()
    ours = fit_annotators(rated, annotators, DEFAULT, draws=50, seed=0)
    assert ours.repair_distance.mean() < 0.05 * fit.repair_distance[:, 0].mean()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.assign(is_expert=0), "no expert"),
        (lambda f: f.assign(is_expert=1), "no non-expert"),
        (lambda f: f.drop(columns="is_expert"), "is_expert"),
        (lambda f: f.assign(llm_sonnet_4=2), "0, 1 or missing"),
        (lambda f: f.assign(llm_sonnet_4=pd.NA), "has not labelled any"),
        (lambda f: f.drop(columns="llm_sonnet_4"), "'llm_sonnet_4' is missing"),
    ],
)
def test_unusable_rated_cvs(world, change, message):
    annotators = infer_annotators(world.validation)
    with pytest.raises(InputError, match=message):
        fit_annotators(change(world.validation), annotators, DEFAULT, draws=10, seed=0)


def test_predictive_check_covers_what_the_model_generated(world):
    """On CVs simulated from the model itself, 80 % intervals hold most held-out patterns."""
    checks = predictive_checks(
        world.validation,
        infer_annotators(world.validation),
        DEFAULT,
        seed=0,
        predict=bootstrap_patterns,
    )
    assert set(checks["is_expert"]) == {0, 1}
    # Whole-number intervals hold at least 80 %; about 50 patterns, so 3 sigma below.
    assert checks["within"].mean() > 0.65
    per_class = checks.groupby("is_expert")["observed"].sum()
    assert per_class.le([432, 153]).all()
    assert per_class.ge([0.95 * 432, 0.95 * 153]).all()


def test_predictive_check_sees_annotators_that_do_not_fit(world):
    """Independence is wrong for correlated annotators, and the check says so."""
    checks = {
        estimator: predictive_checks(
            world.validation,
            infer_annotators(world.validation),
            DEFAULT,
            seed=0,
            predict=ESTIMATORS[estimator].predict,
        )
        for estimator in ("five_layer", "independent")
    }
    agree = {
        name: table.query("pattern == '00000' and is_expert == 1").iloc[0]
        for name, table in checks.items()
    }
    # Correlated annotators miss the same experts; independent ones would not.
    assert agree["five_layer"]["within"]
    assert not agree["independent"]["within"]
    assert agree["independent"]["observed"] > agree["independent"]["high"]


def test_settings_name_what_is_unknown():
    with pytest.raises(InputError, match="Unknown layer 'prevalance'"):
        DEFAULT.with_layers(["prevalance"])
    with pytest.raises(InputError, match="paper-2026"):
        EstimatorSettings.preset("paper-2027")
    assert DEFAULT.fingerprint() == EstimatorSettings(layers=LAYERS[::-1]).fingerprint()
    assert DEFAULT.fingerprint() != DEFAULT.with_layers([]).fingerprint()
