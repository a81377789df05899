"""Which class a phrase speaks for, with its uncertainty.

The log-odds ratio with an informative prior of Monroe, Colaresi & Quinn (2008), for CVs that have
a phrase instead of words that are said: one CV that repeats a phrase thirty times is one witness.
With the phrase in a_k of the n_k CVs of class k (1 experts, 0 others) and in the share π of all,

    α_k = a_k + ½ + s π,      β_k = n_k − a_k + ½ + s (1 − π)
    log-odds ratio  δ = ln(α_1/β_1) − ln(α_0/β_0)
    variance        v = 1/α_1 + 1/β_1 + 1/α_0 + 1/β_0,      z = δ/√v

The prior says, with the weight of s CVs per class, that the phrase is as common in the class as
in both together, and so pulls δ towards 0, rare phrases most. The ½ makes an empty cell bearable
and the logit all but unbiased (Gart & Zweifel 1967).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["LogOdds", "log_odds_ratio"]


@dataclass(frozen=True)
class LogOdds:
    """Log-odds ratios of experts against others; all arrays (P,).

    Attributes
    ----------
    ratio
        δ, natural logarithm; positive for phrases of experts.
    sd
        Its standard deviation.
    """

    ratio: NDArray[np.float64]
    sd: NDArray[np.float64]

    @property
    def z(self) -> NDArray[np.float64]:
        """Ratio over standard deviation."""
        return self.ratio / self.sd


def log_odds_ratio(
    experts: NDArray[np.int64],
    others: NDArray[np.int64],
    sizes: tuple[int, int],
    prior_documents: float,
) -> LogOdds:
    """Return the shrunken log-odds ratio of each phrase.

    Parameters
    ----------
    experts, others
        (P,) CVs of the class that have the phrase.
    sizes
        CVs of experts and of others.
    prior_documents
        s, the weight of the prior.
    """
    share = (experts + others) / sum(sizes)
    ratio, variance = np.zeros(len(share)), np.zeros(len(share))
    for sign, having, size in ((1, experts, sizes[0]), (-1, others, sizes[1])):
        with_it = having + 0.5 + prior_documents * share
        without = size - having + 0.5 + prior_documents * (1 - share)
        ratio += sign * np.log(with_it / without)
        variance += 1 / with_it + 1 / without
    return LogOdds(ratio, np.sqrt(variance))
