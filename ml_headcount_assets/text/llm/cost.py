"""What asking costs: at most, before a request is sent, and probably, before a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .annotator import LlmAnnotator
from .dialect import Dialect
from .store import AnswerStore, Question

__all__ = ["CostEstimate", "estimate_costs", "most_tokens", "rough_estimate", "usual_tokens"]

#: Marks that a chat template puts around messages, and which no byte of the body stands for.
_TEMPLATE_TOKENS = 64

#: Assumed until a model has answered so many texts of the study.
_FEWEST_ANSWERS = 20
_BYTES_PER_TOKEN = 4.0
_OUTPUT_TOKENS = 30.0


@dataclass(frozen=True)
class CostEstimate:
    """What asking one annotator will probably cost.

    Attributes
    ----------
    annotator
        Its name.
    texts
        Texts of the study.
    to_ask
        Those that it has not been asked about.
    input_tokens, output_tokens
        Tokens that these will probably take.
    cost
        What that costs.
    measured
        Whether this rests on answers that the model has given; otherwise on four bytes a token
        and thirty tokens an answer, which is far too little for a model that thinks first.
    """

    annotator: str
    texts: int
    to_ask: int
    input_tokens: int
    output_tokens: int
    cost: float
    measured: bool


def most_tokens(body: bytes) -> int:
    """Return more input tokens than a request can have: no token is shorter than a byte."""
    return len(body) + _TEMPLATE_TOKENS


def usual_tokens(n_bytes: float) -> float:
    """Return how many input tokens a text of so many bytes usually has."""
    return n_bytes / _BYTES_PER_TOKEN


def estimate_costs(
    sizes: Mapping[str, int],
    annotators: Sequence[LlmAnnotator],
    questions: Sequence[Question],
    store: AnswerStore,
) -> tuple[CostEstimate, ...]:
    """Estimate what it costs to label texts, by annotator.

    Parameters
    ----------
    sizes
        Bytes of each text in UTF-8, by its hash.
    annotators, questions
        Who is asked, and what (one question per annotator).
    store
        The answers there are already.
    """
    return tuple(
        _estimate(sizes, annotator, question, store)
        for annotator, question in zip(annotators, questions, strict=True)
    )


def rough_estimate(annotator: LlmAnnotator, sizes: Sequence[int]) -> CostEstimate:
    """Estimate what it costs to ask about texts of so many bytes, knowing no answer yet."""
    n_bytes = sum(sizes) + len(Dialect().body(annotator, "", "0" * 16)) * len(sizes)
    input_tokens, output_tokens = usual_tokens(n_bytes), _OUTPUT_TOKENS * len(sizes)
    return CostEstimate(
        annotator.name,
        texts=len(sizes),
        to_ask=len(sizes),
        input_tokens=round(input_tokens),
        output_tokens=round(output_tokens),
        cost=annotator.cost(input_tokens, output_tokens),
        measured=False,
    )


def _estimate(
    sizes: Mapping[str, int], annotator: LlmAnnotator, question: Question, store: AnswerStore
) -> CostEstimate:
    overhead = len(Dialect().body(annotator, "", "0" * 16))
    settled = store.settled(question)
    to_ask = [size for text_hash, size in sizes.items() if text_hash not in settled]
    n_bytes = sum(to_ask) + overhead * len(to_ask)
    counted = store.token_counts(question)
    counted = counted[counted["text_hash"].isin(sizes.keys())]
    measured = len(counted) >= _FEWEST_ANSWERS
    if measured:
        known_bytes = sum(sizes[text_hash] + overhead for text_hash in counted["text_hash"])
        input_tokens = n_bytes * float(counted["input_tokens"].sum()) / known_bytes
        output_tokens = len(to_ask) * float(counted["output_tokens"].mean())
    else:
        input_tokens, output_tokens = usual_tokens(n_bytes), _OUTPUT_TOKENS * len(to_ask)
    return CostEstimate(
        annotator.name,
        texts=len(sizes),
        to_ask=len(to_ask),
        input_tokens=round(input_tokens),
        output_tokens=round(output_tokens),
        cost=annotator.cost(input_tokens, output_tokens),
        measured=measured,
    )
