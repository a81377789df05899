"""The density in coordinates in which effects do not depend on their scale.

An effect is kept as scale times a standard normal. Where the data say what the effect is, scale
and standard normal are bound to each other in a bent ridge, and where they do not, scale and effect
are: a funnel. Sampled is effect times scale**(a - 1), with a from how much the data say of
each (Papaspiliopoulos, Roberts and Skoeld 2007; Gorinova, Moore and Hoffman 2020).
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..parameters import Layout
from .density import Density
from .mode import Mode, laplace_metric

__all__ = ["Recentred"]


class Recentred:
    """A density of phi, which is theta but for effects, and the same as theta at the mode.

    Parameters
    ----------
    density
        Of theta.
    mode
        Its mode, and the curvature there, which tells how well effects are known.
    """

    def __init__(self, density: Density, mode: Mode) -> None:
        self.density = density
        self.effect, self.scale = (torch.as_tensor(v) for v in _effects(density.layout))
        self.middle = torch.as_tensor(mode.theta)[self.scale]
        self.share = torch.as_tensor(_known(mode, density.root, self.effect, self.scale))
        self.theta_at_mode = torch.as_tensor(mode.theta)

    @property
    def size(self) -> int:
        """D."""
        return self.density.size

    def theta(self, phi: Tensor) -> Tensor:
        """Return parameters, (B, D)."""
        return phi.index_copy(-1, self.effect, phi[..., self.effect] * torch.exp(-self._bend(phi)))

    def phi(self, theta: Tensor) -> Tensor:
        """Return coordinates, (B, D)."""
        back = theta[..., self.effect] * torch.exp(self._bend(theta))
        return theta.index_copy(-1, self.effect, back)

    @property
    def slopes(self) -> NDArray[np.float64]:
        """Derivatives of phi with regard to theta at the mode, (D, D)."""
        slopes = np.eye(self.size)
        moved = self.share * self.theta_at_mode[self.effect]
        slopes[self.effect.numpy(), self.scale.numpy()] = moved.numpy()
        return slopes

    def value(self, phi: Tensor) -> NDArray[np.float64]:
        """Return the log density of many places, (B,)."""
        return self.density.value(self.theta(phi)) - self._bend(phi).sum(-1).numpy()

    def value_and_gradient(self, phi: Tensor) -> tuple[Tensor, Tensor]:
        """Return log density (B,) and gradient (B, D)."""
        theta, bend = self.theta(phi), self._bend(phi)
        value, gradient = self.density.value_and_gradient(theta)
        own = gradient[..., self.effect]
        along = -self.share * (own * theta[..., self.effect] + 1)
        gradient = gradient.index_copy(-1, self.effect, own * torch.exp(-bend))
        return value - bend.sum(-1), gradient.index_add(-1, self.scale, along)

    def _bend(self, theta: Tensor) -> Tensor:
        return self.share * (theta[..., self.scale] - self.middle)


def _effects(layout: Layout) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the places of effects, (E,), and of the log scale of each."""
    put, instruments = layout.slices, layout.instruments
    kind_of = np.asarray(instruments.kind_of)
    effects, scales = [put["expert_drift"]], [put["log_drift_scale"].start + kind_of]
    if "search_drift" in put:
        column = {kind: place for place, kind in enumerate(instruments.silenceable)}
        places = np.array([column[kind] for kind in kind_of[instruments.searched].tolist()])
        effects.append(put["search_drift"])
        scales.append(put["log_search_drift_scale"].start + places)
    for name in ("cohort_easy", "cohort_shift", "cohort_concentration"):
        if name in put:
            effects.append(put[name])
            place = put["log_cohort_scale"].start
            scales.append(np.full(len(layout.cohorts), place))
    every = np.arange(layout.size)
    return np.concatenate([every[e] for e in effects]), np.concatenate(scales).astype(np.intp)


def _known(
    mode: Mode, root: NDArray[np.float64], effect: Tensor, scale: Tensor
) -> NDArray[np.float64]:
    """Return the share of each effect's prior variance that the data take away, given its scale."""
    metric = laplace_metric(mode, root)
    covariance = metric @ metric.T
    e, s = effect.numpy(), scale.numpy()
    left = covariance[e, e] - covariance[e, s] ** 2 / covariance[s, s]
    return np.clip(1 - left, 0.0, 1.0)
