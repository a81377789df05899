"""Pattern tables against the package's orthants."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ml_headcount_assets.model.annotators import Annotator
from ml_headcount_assets.model.hierarchical.differentiable.label_tables import LabelTables
from ml_headcount_assets.model.hierarchical.instruments import Instruments
from ml_headcount_assets.model.orthants import orthant_probabilities

KINDS = {
    "two kinds": ("llm", "llm", "llm", "filter", "filter"),
    "one kind": ("llm", "llm"),
    "three kinds": ("llm", "llm", "filter", "survey"),
    "one annotator": ("filter",),
}


def _instruments(kinds) -> Instruments:
    annotators = [Annotator(f"a{number}", kind) for number, kind in enumerate(kinds)]
    return Instruments.of(annotators, six_dimensional=False)


def _parameters(instruments: Instruments, seed: int, size: int = 4):
    rng = np.random.default_rng(seed)
    count, kinds = len(instruments.names), len(instruments.kinds)
    return (
        rng.normal(-0.5, 1.0, (size, count)),
        rng.uniform(0.2, 1.4, (size, count)),
        rng.normal(0.5, 0.4, (size, kinds - 1)),
    )


def _correlations(instruments, loading, factor):
    """Write the factors out as correlation matrices."""
    slope = loading / np.sqrt(1 + loading**2)
    rho = np.concatenate([np.ones((len(factor), 1)), np.tanh(factor)], axis=1)
    kind = instruments.kind_of
    same = kind[:, None] == kind[None]
    across = np.where(same, 1.0, rho[:, kind][:, :, None] * rho[:, kind][:, None, :])
    matrix = slope[:, :, None] * slope[:, None, :] * across
    count = len(kind)
    matrix[:, np.arange(count), np.arange(count)] = 1.0
    return matrix


@pytest.mark.parametrize("kinds", KINDS.values(), ids=KINDS.keys())
def test_tables_are_those_of_the_orthants(kinds):
    instruments = _instruments(kinds)
    mean, loading, factor = _parameters(instruments, seed=1)
    table = LabelTables(instruments)(*map(torch.as_tensor, (mean, loading, factor))).numpy()
    exact = orthant_probabilities(mean, _correlations(instruments, loading, factor), tolerance=2e-6)
    order = instruments.patterns @ (1 << np.arange(len(kinds)))
    assert np.abs(table - exact[:, order]).max() < 1e-5
    assert np.abs(table.sum(axis=1) - 1).max() < 1e-12


def test_a_silent_kind_fires_on_fewer_people_and_llms_on_as_many():
    instruments = _instruments(KINDS["three kinds"])
    tables = LabelTables(instruments)
    before = tables(*map(torch.as_tensor, _parameters(instruments, seed=2)))
    audible = torch.tensor([[0.3, 1.0]], dtype=torch.float64).expand(4, 2)
    after = tables.silence(before, audible)
    fires = torch.as_tensor(instruments.patterns, dtype=torch.float64)
    share = ((after @ fires) / (before @ fires)).numpy()
    expected = np.ones(4)
    for kind, heard in zip(instruments.silenceable, (0.3, 1.0), strict=True):
        expected[instruments.kinds[kind]] = heard
    assert np.allclose(share, expected)
    assert np.allclose(after.sum(-1).numpy(), 1.0)
