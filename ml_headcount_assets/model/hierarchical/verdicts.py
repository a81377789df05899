"""Verdicts of people about deployed profiles, under the hierarchical model.

A profile with pattern p at company c is an expert with probability
q = pi f1(p) / (pi f1(p) + (1 - pi) f0(p; e)), and a verdict is right with the raters' sensitivity
or specificity. Raters err independently of each other given the truth, so that

    P(yes, no | p, c) = q sens^yes (1 - sens)^no + (1 - q) (1 - spec)^yes spec^no.

This holds given pattern and company, so profiles may have been selected by both. The factor is
inside the integral over (pi, e) of each company: as a ratio of two mixtures of the two classes it
has the form of two cells of counts, the joint one counted once for each profile and the
pattern's own once against it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from ..deployed_verdicts import DeployedVerdicts

if TYPE_CHECKING:
    from .fit import HierarchicalFit

__all__ = [
    "DEPLOYED_FALSE_YES",
    "DEPLOYED_MISS",
    "RATED_FALSE_YES",
    "RATED_MISS",
    "RATER_ERRORS",
    "VerdictView",
]

#: Parameter of the raters' errors (probit), and the places of its components: experts called none
#: and others called experts, among deployed profiles and among the rated CVs.
RATER_ERRORS = "rater_errors"
DEPLOYED_MISS, DEPLOYED_FALSE_YES, RATED_MISS, RATED_FALSE_YES = range(4)

_TINY = 1e-12
FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class VerdictView:
    """The verdicts about one company's profiles under each state of a fit; S states, V kinds.

    Attributes
    ----------
    verdicts
        With the annotators in the order of the model.
    near, easy, expert
        Probabilities of their patterns, (S, V).
    log_expert, log_other
        Log probability of the verdicts about an expert and about another, (S, V).
    """

    verdicts: DeployedVerdicts
    near: FloatArray
    easy: FloatArray
    expert: FloatArray
    log_expert: FloatArray
    log_other: FloatArray

    @classmethod
    def of(cls, fit: HierarchicalFit, verdicts: DeployedVerdicts) -> VerdictView:
        """Look up what the fit says about these patterns and about raters."""
        patterns = fit.layout.instruments.consistent(verdicts.labels)
        near, easy, expert = (
            table[:, 0] @ patterns + _TINY for table in (fit.near, fit.easy, fit.expert)
        )
        errors = ndtr(fit.parameter(RATER_ERRORS))
        miss, false_yes = (errors[:, [place]] for place in (DEPLOYED_MISS, DEPLOYED_FALSE_YES))
        return cls(
            verdicts,
            near,
            easy,
            expert,
            verdicts.yes * np.log1p(-miss) + verdicts.no * np.log(miss),
            verdicts.yes * np.log(false_yes) + verdicts.no * np.log1p(-false_yes),
        )

    def log_likelihood(
        self, states: NDArray[np.intp], pi: FloatArray, easy: FloatArray
    ) -> FloatArray:
        """Return the log probability of all verdicts given the patterns, (S', G, K).

        Parameters
        ----------
        states
            The S' states.
        pi, easy
            Nodes of the prevalence (G,), and shares of easy people (S', K).
        """
        value = np.zeros((len(states), len(pi), easy.shape[1]))
        share = pi[None, :, None]
        for v, count in enumerate(self.verdicts.counts):
            near, easier = self.near[states, v, None], self.easy[states, v, None]
            others = (1 - share) * (near + (easier - near) * easy)[:, None, :]
            experts = share * self.expert[states, v, None, None]
            expert, other = (
                np.exp(table[states, v])[:, None, None]
                for table in (self.log_expert, self.log_other)
            )
            value += count * np.log((experts * expert + others * other) / (experts + others))
        return value

    def told(self, states: NDArray[np.intp], before: FloatArray) -> FloatArray:
        """Return P(expert) of each kind of rated profile after its verdicts, (draws, V).

        Parameters
        ----------
        states
            Of each draw, (draws,).
        before
            P(expert) by the pattern alone, (draws, V).
        """
        ratio = np.exp(self.log_other[states] - self.log_expert[states])
        return before / (before + (1 - before) * ratio)
