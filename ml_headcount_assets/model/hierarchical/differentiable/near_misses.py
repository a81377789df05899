"""Deployed non-experts: near misses like the rated ones, and easier people.

The parameter is the probit of the whole population's false-positive rate in deployment, which
the data fix at once; the mean of the near misses follows from it. Sampling the near misses' mean
instead makes the posterior a thin curved ridge.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..parameters import Hyperparameters
from .label_tables import normal_density

__all__ = ["shift_log_prior", "solve_near_misses"]

_NEWTON_STEPS = 8
_LARGEST_STEP = 1.5
_RATE_BOUND = 1e-12
# A rate above the audible share has no solution; the odds scale has one for every number.
_LARGEST_LOG_ODDS = 5.0


def solve_near_misses(
    deployed: Tensor, easy_share: Tensor, easy_shift: Tensor, audible: Tensor
) -> tuple[Tensor, Tensor]:
    """Solve for the latent means of near misses.

    (1 - e) Phi(x) + e Phi(x - delta) = R, where the odds of R are those of the deployed rate
    divided by the audible share.

    Parameters
    ----------
    deployed
        Probit of the deployed false-positive rate, (..., J).
    easy_share
        e, the share of easier non-experts among all, (..., 1).
    easy_shift
        delta, positive, (..., J).
    audible
        Share of the people on whom the annotator can fire, (..., J).

    Returns
    -------
    tuple of Tensor
        x (..., J), and the sum over annotators of log |dx / d deployed|, (...).

    Notes
    -----
    Newton's steps are taken on the probit of the rate without gradients. One more step with
    gradients gives the derivatives of the implicit function.
    """
    rate = torch.special.ndtr(deployed)
    log_odds = torch.log(rate) - torch.log1p(-rate) - torch.log(audible)
    target = torch.sigmoid(log_odds.clamp(max=_LARGEST_LOG_ODDS))
    with torch.no_grad():
        wanted = torch.special.ndtri(target)
        x = wanted + easy_share * easy_shift
        for _ in range(_NEWTON_STEPS):
            now = torch.special.ndtri(
                _mixture_rate(x, easy_share, easy_shift).clamp(_RATE_BOUND, 1 - _RATE_BOUND)
            )
            slope = _mixture_density(x, easy_share, easy_shift) / normal_density(now)
            step = (wanted - now) / slope
            x = x + step.clamp(-_LARGEST_STEP, _LARGEST_STEP)
        slope = _mixture_density(x, easy_share, easy_shift)
    x = x - (_mixture_rate(x, easy_share, easy_shift) - target) / slope
    log_jacobian = (
        torch.log(target * (1 - target))
        - torch.log(rate * (1 - rate))
        - 0.5 * deployed**2
        - 0.5 * math.log(2 * math.pi)
        - torch.log(_mixture_density(x, easy_share, easy_shift))
    )
    return x, log_jacobian.sum(-1)


def _mixture_rate(x: Tensor, share: Tensor, shift: Tensor) -> Tensor:
    return (1 - share) * torch.special.ndtr(x) + share * torch.special.ndtr(x - shift)


def _mixture_density(x: Tensor, share: Tensor, shift: Tensor) -> Tensor:
    return (1 - share) * normal_density(x) + share * normal_density(x - shift)


def shift_log_prior(shift: Tensor, hyper: Hyperparameters) -> Tensor:
    """Return the log prior of near misses' shift between rated CVs and deployment, (...).

    One-sided: that deployed negatives are not harder than the rated ones is what tells a cohort
    of ML labs from one of near misses.
    """
    scaled = torch.where(shift > 0, shift / hyper.harder, shift / hyper.easier)
    bound, width = hyper.hardest
    cut = torch.nn.functional.logsigmoid((bound - shift) / width)
    return (cut - 0.5 * scaled**2).sum(-1)
