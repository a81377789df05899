"""Ways of computing go by names."""

from __future__ import annotations

import numpy as np
import pytest

from ml_headcount_assets.cli.main import main
from ml_headcount_assets.compute.choice import COMPUTES, ENGINES, choose_compute
from ml_headcount_assets.compute.local import LocalCompute
from ml_headcount_assets.errors import ComputeError, InputError
from ml_headcount_assets.model import EstimatorSettings, fit_annotators
from ml_headcount_assets.model.annotators import infer_annotators
from ml_headcount_assets.model.estimate import estimate_headcount
from ml_headcount_assets.worlds.simulation import simulate_study


def test_names_that_there_are_not_are_refused_with_those_that_there_are() -> None:
    with pytest.raises(InputError, match="no engine 'jax'; there are auto, numpy, torch, cuda"):
        choose_compute("local", engine="jax")
    with pytest.raises(InputError, match="'cloud'; there are local and modal"):
        choose_compute("cloud")
    with pytest.raises(InputError, match="for --compute local"):
        choose_compute("modal", processes=2)
    with pytest.raises(InputError, match="torch beside a GPU only"):
        choose_compute("modal", engine="torch")


def test_the_command_line_knows_all_names() -> None:
    # It has them in words, since --help is not to wait for the libraries.
    options = {option.name: option.type for option in main.commands["run"].params}
    assert tuple(options["compute"].choices) == COMPUTES
    assert tuple(options["engine"].choices) == tuple(ENGINES)


def test_engines_agree_in_probabilities_and_in_what_they_estimate() -> None:
    world = simulate_study(companies=12, profiles=2_000, seed=5)
    annotators = infer_annotators(world.validation)
    fits, totals = [], []
    for engine in ("numpy", "torch"):
        compute = choose_compute("local", engine=engine)
        assert isinstance(compute, LocalCompute)
        assert compute.engine == ENGINES[engine]
        run = {"draws": 200, "seed": 3, "compute": compute}
        fits.append(fit_annotators(world.validation, annotators, EstimatorSettings(), **run))
        result = estimate_headcount(
            world.validation, world.profiles, world.companies, "five_layer", **run
        )
        totals.append(result.total())
    difference = fits[0].pattern_probabilities - fits[1].pattern_probabilities
    assert np.abs(difference).max() < 1e-9
    # Two samples of 200 draws with the same annotators: their means differ by no more than the
    # standard deviation of the binomials, of which the total's is an upper bound.
    error = totals[0]["sd"] / np.sqrt(200)
    assert abs(totals[0]["mean"] - totals[1]["mean"]) < 4 * error


def test_a_gpu_that_is_not_there_is_an_error_and_not_a_processor() -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    world = simulate_study(companies=3, profiles=200, seed=5)
    with pytest.raises(ComputeError, match="no GPU"):
        estimate_headcount(
            world.validation,
            world.profiles,
            world.companies,
            "five_layer",
            draws=50,
            compute=choose_compute("local", engine="cuda"),
        )
