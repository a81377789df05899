"""Writing what LLMs are to be asked by batch jobs, in the form of the service that runs them.

Asked are the same questions as at an endpoint: one per text, of the profiles and of the rated
CVs. What has no text, or speaks to the annotator, is left out. Nothing is sent.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pandas as pd

from ..compute.protocol import Progress
from ..errors import InputError
from ..ingest import read_companies, read_profiles, read_rated_cvs
from ..study import Study
from ..study.annotators import AnnotatorEntry
from ..text.llm import CostEstimate, LlmAnnotator
from ..text.llm.batches import BATCH_FORMS, BatchForm, request_id_of, request_key
from ..text.llm.cost import rough_estimate
from ..text.llm.instructions import gives_instructions

__all__ = ["BatchPlan", "plan_batches", "write_batches"]


@dataclass(frozen=True)
class BatchPlan:
    """What is to be asked, and what that will cost.

    Attributes
    ----------
    entries
        The annotators.
    costs
        What each of them will probably cost.
    left_out
        Texts that are empty or speak to the annotator.
    """

    entries: tuple[AnnotatorEntry, ...]
    costs: tuple[CostEstimate, ...]
    left_out: int


def plan_batches(study: Study, names: Sequence[str], progress: Progress) -> BatchPlan:
    """Find out what is to be asked, without writing anything.

    Parameters
    ----------
    study
        The study.
    names
        Annotators that are to be asked; none for all that have a ``batch``.
    progress
        Is told how many profiles have been looked at, of how many.

    Raises
    ------
    InputError
        No annotator of these is asked by batch, the files cannot be used, or it would cost more
        than the study's cap.
    """
    entries = _chosen(study, names)
    sizes, left_out = [], 0
    for _, text in _texts(study, progress):
        if text is None:
            left_out += 1
        else:
            sizes.append(len(text.encode()))
    costs = tuple(rough_estimate(_annotator(entry), sizes) for entry in entries)
    cap, total = study.spending_cap, sum(cost.cost for cost in costs)
    if cap is not None and total > cap:
        raise InputError(
            f"The batches would cost about {total:,.2f}, more than the study's 'spending_cap' of"
            f" {cap:,.2f}. Raise it, or name fewer annotators."
        )
    return BatchPlan(entries, costs, left_out)


def write_batches(
    study: Study, plan: BatchPlan, folder: Path, progress: Progress
) -> dict[str, list[Path]]:
    """Write the files of requests, and return them by annotator.

    Parameters
    ----------
    study, plan
        The study, and what is to be asked.
    folder
        Where the files go; made if it is not there.
    progress
        Is told how many profiles have been gone through, of how many.

    Raises
    ------
    InputError
        The folder has files already, or cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise InputError(f"{folder}: the folder has files already. Name a new one.")
        writers = [_Writer(folder, entry) for entry in plan.entries]
        for text_hash, text in _texts(study, progress):
            for writer in writers if text is not None else ():
                writer.add(text_hash, text or "")
        return {writer.name: writer.close() for writer in writers}
    except OSError as error:
        raise InputError(f"{folder}: cannot be written to: {error.strerror}.") from error


def _chosen(study: Study, names: Sequence[str]) -> tuple[AnnotatorEntry, ...]:
    batched = {entry.name: entry for entry in study.annotators or () if entry.batch}
    example = "{name: llm_a, kind: llm, model: ..., batch: openai, price_per_million: {...}}"
    for name in names:
        if name not in batched:
            raise InputError(
                f"annotators: {name!r} is not asked by batch. Give it 'batch' in study.yaml, such"
                f" as {example}."
            )
    if not batched:
        raise InputError(
            f"annotators: none is asked by batch. Say in study.yaml who is, such as {example}."
        )
    if study.files.profiles is None:
        raise InputError(f"{study.name}: the study has no raw profiles to ask about.")
    return tuple(batched[name] for name in names or batched)


def _texts(study: Study, progress: Progress) -> Iterator[tuple[str, str | None]]:
    """Yield hash and text of everybody, each text once; None for those not to be asked about."""
    seen: set[str] = set()
    yield from _unseen(read_rated_cvs(study)[0], seen)
    for table, rows in read_profiles(study, read_companies(study)[0], progress=progress):
        if table == "profiles":
            yield from _unseen(rows, seen)


def _unseen(rows: pd.DataFrame, seen: set[str]) -> Iterator[tuple[str, str | None]]:
    for text_hash, text in zip(rows["text_hash"], rows["text"], strict=True):
        if text_hash not in seen:
            seen.add(text_hash)
            yield text_hash, None if not text or gives_instructions(text) else text


def _annotator(entry: AnnotatorEntry) -> LlmAnnotator:
    """Return the annotator of an entry with a batch, who has no endpoint."""
    if entry.model is None or entry.price_per_million is None:
        raise InputError(f"annotators: {entry.name} needs 'model' and 'price_per_million'.")
    return LlmAnnotator(
        name=entry.name,
        model=entry.model,
        endpoint="",
        price=entry.price_per_million,
        max_output_tokens=entry.max_output_tokens,
    )


class _Writer:
    """The files of one annotator, each within what the service takes."""

    def __init__(self, folder: Path, entry: AnnotatorEntry) -> None:
        self.name = entry.name
        self._annotator = _annotator(entry)
        self._form: BatchForm = BATCH_FORMS[entry.batch or ""]
        self._folder = folder
        self._paths: list[Path] = []
        self._file: BinaryIO | None = None
        self._requests = self._size = 0

    def add(self, text_hash: str, text: str) -> None:
        """Add a request."""
        key = request_key(text_hash)
        request = self._form.request(self._annotator, text, request_id_of(text_hash), key)
        line = json.dumps(request, ensure_ascii=False).encode("utf-8", "replace")
        limits, closing = self._form.limits, len(self._form.closing)
        longer = self._size + len(self._form.between) + len(line) + closing
        full = limits.requests is not None and self._requests >= limits.requests
        if self._file is None or full or longer > limits.size:
            self._begin()
        self._write((self._form.between if self._requests else b"") + line)
        self._requests += 1

    def close(self) -> list[Path]:
        """End the last file, and return all of them."""
        if self._file is not None:
            self._write(self._form.closing)
            self._file.close()
            self._file = None
        return self._paths

    def _begin(self) -> None:
        self.close()
        number = len(self._paths) + 1
        self._paths.append(self._folder / f"{self.name}-{number:03}{self._form.extension}")
        self._file = self._paths[-1].open("wb")
        self._requests = self._size = 0
        self._write(self._form.opening)

    def _write(self, content: bytes) -> None:
        if self._file is not None:
            self._file.write(content)
            self._size += len(content)
