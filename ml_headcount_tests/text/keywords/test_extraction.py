"""KeyBERT is given all vectors, and what it names is maximal marginal relevance by definition."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from scipy import sparse

from ml_headcount_assets.text.keywords.extraction import Extraction, name_keywords


def _task(n: int = 6, count: int = 40, diversity: float = 0.5) -> Extraction:
    rng = np.random.default_rng(0)
    cvs, phrases = rng.standard_normal((n, 8)), rng.standard_normal((count, 8)) + 0.5
    cvs += 0.5
    return Extraction(
        presence=sparse.csr_array((rng.random((n, count)) < 0.4).astype(float)),
        cvs=(cvs / np.linalg.norm(cvs, axis=1, keepdims=True)).astype(np.float32),
        phrases=(phrases / np.linalg.norm(phrases, axis=1, keepdims=True)).astype(np.float32),
        phrases_per_cv=5,
        diversity=diversity,
    )


def _by_definition(task: Extraction, row: int) -> dict[int, float]:
    present = task.presence[[row]].nonzero()[1].tolist()
    near = {number: float(task.phrases[number] @ task.cvs[row]) for number in present}
    chosen: list[int] = [max(present, key=near.__getitem__)]
    while len(chosen) < min(task.phrases_per_cv, len(present)):

        def worth(number: int) -> float:
            alike = max(float(task.phrases[number] @ task.phrases[each]) for each in chosen)
            return (1 - task.diversity) * near[number] - task.diversity * alike

        chosen.append(max((each for each in present if each not in chosen), key=worth))
    return {number: near[number] for number in chosen if near[number] > 0.00005}


@pytest.mark.parametrize("diversity", [0.0, 0.5, 0.9])
def test_it_is_maximal_marginal_relevance(diversity: float) -> None:
    task = _task(diversity=diversity)
    named = name_keywords(task)
    for row in range(6):
        ours = dict(zip(named[[row]].nonzero()[1].tolist(), named[[row]].data, strict=True))
        # KeyBERT rounds to four decimals.
        assert ours == pytest.approx(_by_definition(task, row), abs=6e-5)


def test_a_single_cv_and_one_without_phrases() -> None:
    task = _task(n=1)
    assert dict(enumerate(name_keywords(task).indices)).keys() == set(
        range(len(_by_definition(task, 0)))
    )
    nothing = Extraction(sparse.csr_array((3, 40)), _task(3).cvs, task.phrases, 5, 0.5)
    assert name_keywords(nothing).nnz == 0


def test_task_and_function_can_be_sent() -> None:
    function, task = pickle.loads(pickle.dumps((name_keywords, _task())))
    assert (function(task) != name_keywords(_task())).nnz == 0
