"""Who labels, how well, and how their errors hang together: the probit of a simulated world.

Margins are the published sensitivities and specificities; latent errors are correlated in blocks.
What deployment does to it is said in `deployment`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from ..model.bivariate import bivariate_upper

__all__ = [
    "ANNOTATOR_SETS",
    "CONJUNCTION",
    "FILTERS",
    "LLMS",
    "PUBLISHED_RATES",
    "LabelModel",
    "label_model",
    "published_label_model",
]

FloatArray = NDArray[np.float64]

#: Annotators that are drawn, with the published sensitivity and specificity of each.
PUBLISHED_RATES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "llm_gemini_2_5_flash": (0.712, 0.829),
        "llm_gpt_5_mini": (0.725, 0.868),
        "llm_sonnet_4": (0.588, 0.975),
        "filter_broad_yes": (0.562, 0.910),
        "filter_strict_no": (0.412, 0.891),
    }
)
#: The sixth annotator: exactly the conjunction of the two keyword filters.
CONJUNCTION = "filter_broad_yes_strict_no"
CONJUNCTION_RATES = (0.301, 0.981)

LLMS = tuple(name for name in PUBLISHED_RATES if name.startswith("llm_"))
FILTERS = tuple(name for name in PUBLISHED_RATES if name.startswith("filter_"))

#: LLMs that nobody has published anything about: a generous, a middling and a strict one.
_INVENTED_RATES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {"llm_generous": (0.80, 0.78), "llm_middling": (0.66, 0.91), "llm_strict": (0.47, 0.985)}
)

#: Sets of annotators that a world can have, by number of columns; the conjunction is one of them
#: wherever both of its filters are there.
ANNOTATOR_SETS: Mapping[int, Mapping[str, tuple[float, float]]] = MappingProxyType(
    {
        3: {
            name: PUBLISHED_RATES[name]
            for name in ("llm_gemini_2_5_flash", "llm_sonnet_4", "filter_broad_yes")
        },
        6: PUBLISHED_RATES,
        9: {
            **{name: PUBLISHED_RATES[name] for name in LLMS},
            **_INVENTED_RATES,
            **{name: PUBLISHED_RATES[name] for name in FILTERS},
        },
    }
)

#: Latent correlations within the LLMs and between LLMs and filters, for negatives and experts.
#: They are a choice (nothing of the kind is published): LLMs read alike, filters read otherwise.
LLM_CORRELATION = (0.55, 0.45)
CROSS_CORRELATION = (0.22, 0.18)


@dataclass(frozen=True)
class LabelModel:
    """The probit that labels come from; index 0 is the negatives, 1 the experts.

    Attributes
    ----------
    names
        The J drawn annotators (the conjunction follows from two of them).
    means
        (2, J) latent means: probit of the probability of a 1.
    correlations
        (2, J, J) latent correlation matrices.
    """

    names: tuple[str, ...]
    means: FloatArray
    correlations: FloatArray

    @property
    def llms(self) -> tuple[str, ...]:
        """The LLMs among the annotators."""
        return tuple(name for name in self.names if name.startswith("llm_"))

    @property
    def filters(self) -> tuple[str, ...]:
        """The keyword filters among the annotators; at most two."""
        return tuple(name for name in self.names if name.startswith("filter_"))

    @property
    def counted(self) -> tuple[str, ...]:
        """What hits are counted of: the filters, and their conjunction where there are two."""
        return (*self.filters, CONJUNCTION) if len(self.filters) > 1 else self.filters

    def filter_patterns(self, is_expert: int, shift: float = 0.0) -> FloatArray:
        """Probabilities that the filters give 00, 10, 01, 11 (first filter first), shape (4,).

        With a single filter that it is silent or fires, (2,).
        """
        return filter_patterns(self, self.means[is_expert] + shift, is_expert)


def filter_patterns(model: LabelModel, means: FloatArray, is_expert: int) -> FloatArray:
    """Probabilities of the filters' patterns (..., 2 or 4) at other latent means (..., J)."""
    columns = [model.names.index(name) for name in model.filters]
    if len(columns) == 1:
        fires = ndtr(means[..., columns[0]])
        return np.stack([1 - fires, fires], axis=-1)
    a, b = means[..., columns[0]], means[..., columns[1]]
    both = bivariate_upper(a, b, model.correlations[is_expert, columns[0], columns[1]])
    cells = [1 - ndtr(a) - ndtr(b) + both, ndtr(a) - both, ndtr(b) - both, both]
    return np.stack(cells, axis=-1)


def published_label_model() -> LabelModel:
    """The probit with the published error rates and block-structured correlations.

    The correlation between the two filters is solved for, per class, such that their
    conjunction has its published sensitivity (.301) and specificity (.981).
    """
    return label_model(PUBLISHED_RATES)


def label_model(rates: Mapping[str, tuple[float, float]]) -> LabelModel:
    """The probit of annotators with these (sensitivity, specificity), correlated in blocks."""
    names = tuple(rates)
    sensitivity, specificity = np.array([rates[name] for name in names]).T
    means = ndtri(np.stack([1 - specificity, sensitivity]))
    is_llm = np.array([name.startswith("llm_") for name in names])
    filters = np.flatnonzero(~is_llm)
    correlations = np.empty((2, len(names), len(names)))
    for is_expert in (0, 1):
        matrix = np.full((len(names), len(names)), CROSS_CORRELATION[is_expert])
        matrix[np.ix_(is_llm, is_llm)] = LLM_CORRELATION[is_expert]
        if len(filters) > 1:
            between = _between_filters(means[is_expert], filters, is_expert)
            matrix[np.ix_(filters, filters)] = between
        np.fill_diagonal(matrix, 1.0)
        correlations[is_expert] = matrix
    return LabelModel(names, means, correlations)


def _between_filters(means: FloatArray, filters: NDArray[np.intp], is_expert: int) -> float:
    """Correlation at which the conjunction of the two filters has its published rates."""
    a, b = means[filters]
    target = (1 - CONJUNCTION_RATES[1], CONJUNCTION_RATES[0])[is_expert]
    return brentq(lambda r: float(bivariate_upper(a, b, r)) - target, -0.99, 0.99, xtol=1e-12)
