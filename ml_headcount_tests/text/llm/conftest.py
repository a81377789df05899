"""What the tests of labelling share: texts, annotators, a file of answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ml_headcount_assets.text.llm import AnswerStore, LlmAnnotator, Retries, TextsInMemory
from ml_headcount_assets.text.service import PricePerMillion
from ml_headcount_assets.worlds.labelling_server import LabellingServer

#: Retries that do not keep a test waiting.
QUICK = Retries(first_wait=0.01, longest_wait=0.05)

PRICE = PricePerMillion(input=0.3, output=2.5)


def is_expert(model: str, text: str) -> bool:
    """What the model of the tests says."""
    return "transformer" in text


def make_texts(count: int) -> TextsInMemory:
    """Return different texts, of which every fourth is an expert's."""
    work = ("dashboards and reports", "pipelines", "sales", "a new transformer architecture")
    return TextsInMemory(f"Person {n} worked on {work[n % 4]}." for n in range(count))


@pytest.fixture
def annotator() -> Callable[..., LlmAnnotator]:
    def make(server: LabellingServer, model: str = "model-a", **options: Any) -> LlmAnnotator:
        name = f"llm_{model[-1]}"
        return LlmAnnotator(name, model, server.endpoint, **{"price": PRICE, **options})

    return make


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AnswerStore]:
    with AnswerStore(tmp_path / "answers.sqlite") as opened:
        yield opened
