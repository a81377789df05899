"""Labelling texts with any number of LLMs at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import aiohttp

from .annotator import LlmAnnotator
from .asking import Asker, Retries, Tally
from .budget import Budget
from .prompt import PROMPT_VERSION
from .sources import TextSource
from .store import AnswerStore, Question

__all__ = ["LabellingReport", "label_texts", "question_for"]

_READ_AT_ONCE = 2000

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class LabellingReport:
    """What a run of labelling did.

    Attributes
    ----------
    tallies
        What each annotator did in this run, by name.
    dialects
        How each endpoint was spoken to, by annotator.
    spent
        What all requests so far have cost, or may have, those of earlier runs included.
    """

    tallies: Mapping[str, Tally]
    dialects: Mapping[str, str]
    spent: float


def question_for(model: str, texts: TextSource) -> Question:
    """Return what a model is asked about texts."""
    return Question(model, PROMPT_VERSION, texts.recipe)


def label_texts(
    texts: TextSource,
    annotators: Sequence[LlmAnnotator],
    store: AnswerStore,
    *,
    cap: float | None,
    retries: Retries | None = None,
    progress: Progress | None = None,
) -> LabellingReport:
    """Obtain the labels that are still missing; see `AnswerStore.answers` for the result.

    Every text is given a label or a reason why it has none. The texts are asked about in the
    order of their hashes, which is as good as a random one: if the money or the time runs out,
    those with labels are a random sample.

    Parameters
    ----------
    texts
        The texts.
    annotators
        The LLMs; each model once.
    store
        The answers there are; new ones are added as they arrive. It has to be open.
    cap
        The most that all requests in the store may cost; None for no cap.
    retries
        How persistently to ask.
    progress
        Is told how many labels have been dealt with, of how many.

    Raises
    ------
    InputError
        An endpoint refuses the key, the address or the model.
    ComputeError
        An endpoint fails time and again, or answers cannot be stored.
    """
    return asyncio.run(_label(texts, annotators, store, cap, retries or Retries(), progress))


async def _label(
    texts: TextSource,
    annotators: Sequence[LlmAnnotator],
    store: AnswerStore,
    cap: float | None,
    retries: Retries,
    progress: Progress | None,
) -> LabellingReport:
    async with AsyncExitStack() as stack:
        budget = Budget(store, cap)
        askers = [
            Asker(
                annotator,
                question_for(annotator.model, texts),
                await stack.enter_async_context(_session(annotator)),
                store,
                budget,
                retries,
            )
            for annotator in annotators
        ]
        await _ask_all(texts, askers, store, progress or _no_progress)
    return LabellingReport(
        tallies={asker.annotator.name: asker.tally for asker in askers},
        dialects={asker.annotator.name: str(asker.dialect) for asker in askers},
        spent=store.spent,
    )


def _session(annotator: LlmAnnotator) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=annotator.concurrency),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=not annotator.is_local,  # proxies are for what lies outside
    )


async def _ask_all(
    texts: TextSource, askers: Sequence[Asker], store: AnswerStore, progress: Progress
) -> None:
    hashes = sorted(texts.sizes())
    feeds = []
    for asker in askers:
        settled = store.settled(asker.question)
        feeds.append(_Feed(texts, [each for each in hashes if each not in settled]))
    work = _Work(progress, sum(len(feed) for feed in feeds))
    try:
        async with asyncio.TaskGroup() as group:
            for feed, asker in zip(feeds, askers, strict=True):
                for _ in range(min(asker.annotator.concurrency, len(feed))):
                    group.create_task(work.go_through(feed, asker))
    except ExceptionGroup as failures:
        # One that fails stops the others, which keep the answers that are under way.
        raise failures.exceptions[0] from None


class _Work:
    """What the workers of all annotators share."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self._done, self._total = progress, 0, total
        progress(0, total)

    async def go_through(self, feed: _Feed, asker: Asker) -> None:
        """Label texts from a feed until it has no more."""
        while (item := await feed.next()) is not None:
            await asker.label(*item)
            self._done += 1
            self._progress(self._done, self._total)


class _Feed:
    """Hands out texts one by one, and reads them some thousands at a time."""

    def __init__(self, texts: TextSource, hashes: Sequence[str]) -> None:
        self._texts = texts
        self._hashes = hashes
        self._position = 0
        self._read: list[tuple[str, str]] = []
        self._lock = asyncio.Lock()

    def __len__(self) -> int:
        return len(self._hashes)

    async def next(self) -> tuple[str, str] | None:
        """Return the next hash and text, or None after the last."""
        async with self._lock:
            if not self._read and self._position < len(self._hashes):
                chunk = self._hashes[self._position : self._position + _READ_AT_ONCE]
                self._position += len(chunk)
                found = await asyncio.to_thread(self._texts.read, chunk)
                self._read = [(each, found[each]) for each in reversed(chunk)]
            return self._read.pop() if self._read else None


def _no_progress(done: int, total: int) -> None:
    """Tell nobody."""
