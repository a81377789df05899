"""QuaPy: EMQ (Saerens, Latinne & Decaestecker 2002) with the package's bootstrap."""

from __future__ import annotations

import numpy as np

from ...worlds.simulation import SimulatedWorld
from ..answers import DrawnAnswer
from .votes import employees

__all__ = ["answer"]

# It ships with 500; 100 move the ends of an 80 % interval by a tenth of its width.
_RESAMPLES = 100


def answer(world: SimulatedWorld, draws: int, seed: int) -> DrawnAnswer:
    """Quantify each company's complete profiles; draws are the bootstrap's resamples.

    The classifier is fitted once, so that companies do not share its uncertainty.
    """
    import joblib
    from quapy.method.aggregative import EMQ
    from quapy.method.confidence import AggregativeBootstrap
    from sklearn.linear_model import LogisticRegression

    names = list(world.parameters.names)
    complete = world.profiles.dropna(subset=names)
    groups = {c: g[names].to_numpy(float) for c, g in complete.groupby("company_id")}
    # Its bootstrap wants all cores; a task of the suite has one.
    with joblib.parallel_config(backend="sequential"):
        emq = AggregativeBootstrap(
            EMQ(LogisticRegression()), n_test_samples=_RESAMPLES, random_state=seed % 2**32
        )
        emq.fit(
            world.validation[names].to_numpy(float), world.validation["is_expert"].to_numpy(int)
        )
        shares = np.zeros((len(world.companies), _RESAMPLES))
        for row, company in enumerate(world.companies["company_id"]):
            if company in groups:
                _, region = emq.predict_conf(groups[company])
                shares[row] = region.samples[:, 1]
    known = world.companies["company_id"].isin(groups).to_numpy()
    return DrawnAnswer(np.rint(shares * employees(world)[:, None]).astype(np.int64), known)
