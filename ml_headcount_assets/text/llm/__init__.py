"""Asking LLMs for labels: any number of them, within limits, never twice for the same.

`label_texts` does the work, `AnswerStore` keeps what came of it, and `estimate_costs` tells
beforehand what it will cost.
"""

from .annotator import LlmAnnotator
from .asking import Retries, Tally
from .cost import CostEstimate, estimate_costs
from .labelling import LabellingReport, label_texts, question_for
from .sources import TextsInMemory, TextSource
from .store import AnswerStore, Question

__all__ = [
    "AnswerStore",
    "CostEstimate",
    "LabellingReport",
    "LlmAnnotator",
    "Question",
    "Retries",
    "Tally",
    "TextSource",
    "TextsInMemory",
    "estimate_costs",
    "label_texts",
    "question_for",
]
