"""Where the labels of a study's LLM annotators come from: asked for, or imported.

An LLM is asked if it has an endpoint in the configuration, and imported if there is a folder of
its batch results. The rated CVs are labelled in the same way as the profiles, since error rates
that were learned otherwise would mean nothing; only where that cannot be, the labels in their
file are taken.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from ..errors import InputError
from ..ingest.batch_results import batch_folders
from ..model.annotators import Annotator
from ..study import Study
from ..study.annotators import AnnotatorEntry
from ..text.llm import LlmAnnotator
from .key_consent import ALLOWED_VARIABLE, KeyUse, is_allowed

__all__ = ["LlmSources", "llm_annotator", "llm_sources"]


@dataclass(frozen=True)
class LlmSources:
    """Who is asked, and whose labels are imported.

    Attributes
    ----------
    asked
        Those that have an endpoint.
    imported
        Names of those whose batch results are imported, with the model if the configuration
        names it.
    by_batch
        Those of them that are asked by batch, about the rated CVs as well.
    """

    asked: tuple[AnnotatorEntry, ...]
    imported: dict[str, str | None]
    by_batch: frozenset[str] = frozenset()

    def for_rated_cvs(self, in_file: Collection[str], *, have_text: bool) -> LlmSources:
        """Return the sources of labels of the rated CVs that are not in their file.

        Parameters
        ----------
        in_file
            Names of the annotators that the file has labels of.
        have_text
            Whether there are texts of rated CVs, to ask about.

        Raises
        ------
        InputError
            An LLM can neither be asked about the rated CVs nor has labels in their file.
        """
        for entry in self.asked:
            if not have_text and entry.name not in in_file:
                raise InputError(
                    f"annotators: {entry.name} cannot label the rated CVs, since these have no"
                    " text. Add their text, or a column with its labels."
                )
        in_batch = self.by_batch if have_text else frozenset()
        imported = {
            name: model
            for name, model in self.imported.items()
            if name not in in_file or name in in_batch
        }
        return LlmSources(self.asked if have_text else (), imported)


def llm_sources(study: Study, annotators: Sequence[Annotator]) -> LlmSources:
    """Return where the labels of those of a study's annotators come from that are LLMs.

    A study without raw profiles has none to give: all its labels are in its files.

    Raises
    ------
    InputError
        An LLM has neither an endpoint nor batch results, or both, or is derived from others.
    """
    if study.files.profiles is None:
        return LlmSources((), {})
    llms = [annotator for annotator in annotators if annotator.kind == "llm"]
    entries = {entry.name: entry for entry in study.annotators or ()}
    folders = batch_folders(study)
    for llm in llms:
        if llm.derived:
            raise InputError(
                f"annotators: {llm.name} is derived from others, which is not done with LLMs that"
                " label raw profiles. Leave it out."
            )
        entry = entries.get(llm.name)
        has_endpoint = entry is not None and entry.endpoint is not None
        if entry is not None and entry.batch is not None and llm.name not in folders:
            raise InputError(
                f"annotators: {llm.name} is asked by batch, and there are no results yet. Write"
                " the requests with ml-headcount label --to-batch, have them answered, and put"
                f" the results under labels/{llm.name}/."
            )
        if has_endpoint == (llm.name in folders):
            problem = "both an 'endpoint' and" if has_endpoint else "neither an 'endpoint' nor"
            raise InputError(
                f"annotators: {llm.name} has {problem} a folder of batch results"
                f" (labels/{llm.name}/). Its labels have to come from one of the two: add, or"
                " remove, one. Who is asked by batch has 'batch' in place of 'endpoint'."
            )
    names = [llm.name for llm in llms]
    return LlmSources(
        asked=tuple(entries[name] for name in names if name not in folders),
        imported={
            name: entries[name].model if name in entries else None
            for name in names
            if name in folders
        },
        by_batch=frozenset(name for name in names if name in entries and entries[name].batch),
    )


def llm_annotator(
    entry: AnnotatorEntry, environment: Mapping[str, str] = os.environ
) -> LlmAnnotator:
    """Return what an entry with an endpoint describes, with the key from the environment.

    Raises
    ------
    InputError
        The entry has no endpoint, the environment variable is not set or holds no key, or the
        user has not agreed that its key goes there.
    """
    if entry.endpoint is None or entry.model is None or entry.price_per_million is None:
        raise InputError(
            f"annotators: {entry.name} has no endpoint to ask. Give 'model', 'endpoint' and"
            " 'price_per_million' in study.yaml."
        )
    key = environment.get(entry.api_key_env, "").strip() if entry.api_key_env else None
    if key == "":
        raise InputError(
            f"annotators: {entry.name}: the environment variable {entry.api_key_env} is not"
            " set. Put the service's key there."
        )
    use = KeyUse.of(entry)
    if key is not None and use is not None:
        _refuse_key(entry.name, key, use, environment)
    return LlmAnnotator(
        name=entry.name,
        model=entry.model,
        endpoint=entry.endpoint,
        price=entry.price_per_million,
        api_key=key,
        requests_per_minute=entry.requests_per_minute,
        tokens_per_minute=entry.tokens_per_minute,
        concurrency=entry.concurrency,
        max_output_tokens=entry.max_output_tokens,
    )


def _refuse_key(name: str, key: str, use: KeyUse, environment: Mapping[str, str]) -> None:
    """Raise an `InputError` if a key is none, or may not go where the study would send it."""
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise InputError(
            f"annotators: {name}: what the environment variable {use.variable} holds is no key: it"
            " has spaces, line breaks or letters that no key has. Set it again."
        )
    if not is_allowed(use, environment):
        raise InputError(
            f"annotators: {name}: the study would send the key in the environment variable"
            f" {use.variable} to {use.host}, which you have not agreed to yet. If it is meant for"
            f" them, run with --allow-key {use}, once, or set {ALLOWED_VARIABLE}={use}"
        )
