"""A process that labels made-up texts, to be killed on the way.

python -m ml_headcount_tests.text.llm.label_many STORE ENDPOINT TEXTS CAP
"""

from __future__ import annotations

import sys

from ml_headcount_assets.text.llm import (
    AnswerStore,
    LlmAnnotator,
    Retries,
    TextsInMemory,
    label_texts,
)

from .conftest import PRICE, make_texts

MODELS = ("model-a", "model-b", "model-c")
CONCURRENCY = 16


def annotators(endpoint: str) -> list[LlmAnnotator]:
    """Return the three LLMs that are asked."""
    return [
        LlmAnnotator(
            f"llm_{model[-1]}",
            model,
            endpoint,
            PRICE,
            concurrency=CONCURRENCY,
            max_output_tokens=500,
            timeout=5.0,
        )
        for model in MODELS
    ]


def main(path: str, endpoint: str, count: str, cap: str) -> None:
    """Label as many texts as asked for, and print what it has cost so far."""
    texts: TextsInMemory = make_texts(int(count))
    retries = Retries(first_wait=0.05, longest_wait=1.0)
    with AnswerStore(path) as store:
        report = label_texts(texts, annotators(endpoint), store, cap=float(cap), retries=retries)
    print(report.spent)


if __name__ == "__main__":
    main(*sys.argv[1:])
