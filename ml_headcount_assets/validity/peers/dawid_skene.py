"""crowd-kit: Dawid-Skene, told the verdicts on the rated CVs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...worlds.simulation import SimulatedWorld
from ..answers import IntervalAnswer
from .votes import employees

__all__ = ["answer"]

_ITERATIONS = 100


def answer(world: SimulatedWorld, draws: int, seed: int) -> IntervalAnswer:
    """Sum the probabilities of each company's profiles, scaled up to its employees."""
    from crowdkit.aggregation import DawidSkene

    names = list(world.parameters.names)
    both = pd.concat([world.validation[names], world.profiles[names]], ignore_index=True)
    answers = (
        both.rename_axis("task")
        .reset_index()
        .melt("task", var_name="worker", value_name="label")
        .dropna()
        .astype({"label": int})
    )
    verdicts = world.validation["is_expert"].astype(int).rename_axis("task")
    fitted = DawidSkene(_ITERATIONS).fit(answers, true_labels=verdicts)
    expert = fitted.probas_[1].reindex(both.index).to_numpy()[len(world.validation) :]
    share = pd.Series(expert).groupby(world.profiles["company_id"].to_numpy()).mean()
    shares = share.reindex(world.companies["company_id"]).to_numpy()
    return IntervalAnswer(~np.isnan(shares), shares * employees(world))
