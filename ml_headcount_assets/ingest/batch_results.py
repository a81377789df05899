"""Results of LLM batch jobs: labels by the person's id, or by the text that was asked about.

A folder ``labels/<annotator>/`` has files of JSON, plain or gzipped, with the results of batches
of OpenAI (and of services that write the same), Anthropic or Gemini, those of errors among them,
or objects with a person's id and a verdict, each in a line or in lists ``{"results":
[{"linkedin_id": ..., "evaluation": "ACCEPT"}, ...]}``, or verdicts by id, ``{"results": {"...":
"ACCEPT", ...}}``. A result's id is the person's, as the profiles have it; or it is the key of a
request that was written here (`batches.request_key`), whose answer has to have the form that was
asked for. What other answers mean, `verdicts` says. Which text their model has seen, and by which
prompt, they do not say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import InputError
from ..study import Study
from ..text.llm.answers import read_answer
from ..text.llm.batches import (
    BATCH_FORMS,
    BatchAnswer,
    BatchForm,
    request_id_of,
    text_hash_of_key,
)
from ..text.llm.missing import Missing
from ..text.llm.verdicts import has_verdict, read_verdict
from .bombs import named_if_too_large
from .file_forms import FileForm
from .identifiers import normalise_profile_id
from .json_records import json_records
from .rejects import WHOLE_ROW, Rejects, no_rejects
from .strangers import strangers

__all__ = ["BatchResults", "batch_folders", "read_batch_results", "read_batches"]

_EXTENSIONS = tuple(
    extension + packed for extension in (".jsonl", ".ndjson", ".json") for packed in ("", ".gz")
)
_LIST, _VERDICT = "results", "evaluation"
#: Under what a result that is written by hand has the person, the first of them first.
_PERSONS = (
    *("linkedin_id", "profile_id", "rated_id", "public_identifier", "person_id"),
    *("linkedin_url", "profile_url", "custom_id", "key", "id"),
)
#: The plainest form, for messages.
_WANTED = 'Wanted is {"results": [{"linkedin_id": "...", "evaluation": "ACCEPT"}, ...]}'
_WANTED_TOGETHER = 'Wanted is, of each, {"metadata": {"key": "THE ID"}, "response": {...}}'
_PLAIN_FORMS = {True: "lists of results", False: "results by person"}
_COLUMNS = ["key", "label", "missing", "file", "line"]


@dataclass(frozen=True)
class BatchResults:
    """What an annotator's batch jobs have found.

    Attributes
    ----------
    by_person
        profile_id, label (Int8, may be missing), missing (why); one row a person, sorted by id.
    by_text
        The same with text_hash in place of profile_id: results of requests written here.
    rejects
        As `Rejects.frame`.
    forms
        In which form each file was found.
    """

    by_person: pd.DataFrame
    by_text: pd.DataFrame
    rejects: pd.DataFrame
    forms: tuple[FileForm, ...]


def batch_folders(study: Study) -> dict[str, Path]:
    """Return the folders of batch results by annotator, sorted by name."""
    if study.files.labels is None:
        return {}
    root = study.files.labels.path
    return {folder.name: folder for folder in sorted(root.iterdir()) if folder.is_dir()}


def read_batch_results(study: Study, annotator: str) -> BatchResults:
    """Read the results of one annotator's batch jobs.

    Of several results of a person, one with a verdict counts more than one without; two different
    verdicts make the label missing.

    Parameters
    ----------
    study
        The study.
    annotator
        Name of the folder.

    Raises
    ------
    InputError
        There is no file with results, or not one label in them.
    """
    folder = batch_folders(study)[annotator]
    files = sorted(path for path in folder.rglob("*") if path.name.lower().endswith(_EXTENSIONS))
    if not files:
        raise InputError(
            f"{_name(folder, study)}: there are no files of batch results"
            f" ({' or '.join(_EXTENSIONS)}). Add them, or remove the folder."
        )
    sources = [_Source(path, _name(path, study)) for path in files]
    rows = [
        (*result, number, line)
        for number, source in enumerate(sources)
        for line, result in source.results()
    ]
    found = pd.DataFrame(rows, columns=_COLUMNS).astype({"label": "Int8", "missing": "str"})
    settled = _settle(found, [source.rejects for source in sources])
    if settled["label"].isna().all():
        raise InputError(
            f"{_name(folder, study)}: there is no usable label in the batch results"
            f" (the first reject: {_first_reason(sources)}). Supply them again."
        )
    hashes = settled["key"].map(text_hash_of_key)
    own = hashes.notna()
    return BatchResults(
        settled[~own].rename(columns={"key": "profile_id"}).reset_index(drop=True),
        settled[own].assign(key=hashes[own]).rename(columns={"key": "text_hash"}),
        pd.concat([source.rejects.frame() for source in sources], ignore_index=True),
        tuple(source.form() for source in sources),
    )


def read_batches(
    study: Study, annotators: Collection[str], people: Collection[str], texts: Collection[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read the results of all batch jobs of some annotators.

    Parameters
    ----------
    study
        The study.
    annotators
        Names of the annotators.
    people, texts
        Ids of all profiles and rated CVs, and the hashes of their texts. Results of others are
        counted in the rejects.

    Returns
    -------
    results
        annotator, about ("person" or "text"), key (the person's id, or the hash of the text),
        label (Int8), missing.
    rejects
        As `Rejects.frame`.

    Raises
    ------
    InputError
        As `read_batch_results`.
    """
    tables = [pd.DataFrame(columns=["annotator", "about", "key", "label", "missing"])]
    rejects = [no_rejects()]
    for name in annotators:
        found = read_batch_results(study, name)
        by_person = found.by_person.rename(columns={"profile_id": "key"}).assign(about="person")
        by_text = found.by_text.rename(columns={"text_hash": "key"}).assign(about="text")
        tables += [by_person.assign(annotator=name), by_text.assign(annotator=name)]
        source = _name(batch_folders(study)[name], study)
        rejects += [
            found.rejects,
            strangers(source, by_person["key"], people),
            strangers(source, by_text["key"], texts, are_texts=True),
        ]
    together = pd.concat(tables, ignore_index=True).astype({"label": "Int8", "missing": "str"})
    return together, pd.concat(rejects, ignore_index=True)


def _name(path: Path, study: Study) -> str:
    root = study.files.labels.path if study.files.labels else study.directory
    return path.relative_to(root.parent).as_posix()


#: A result: the key, the label, and why there is none.
_Result = tuple[str, int | None, str | None]


class _Source:
    """One file of results."""

    def __init__(self, path: Path, name: str) -> None:
        self.rejects = Rejects(name)
        self._path, self._name = path, name
        self._written_as: Counter[str] = Counter()

    def results(self) -> Iterator[tuple[int, _Result]]:
        """Yield (line, result) of every result that names a person or a text."""
        try:
            with named_if_too_large(self._path):
                for line, record in json_records(self._path, self.rejects):
                    for answer, content in self._answers(line, record):
                        yield line, self._result(line, answer, content)
        except InputError as error:  # the other files may be in order
            self.rejects.add_file(str(error))

    def form(self) -> FileForm:
        """Return in which form the file was found."""
        vendor = ", ".join(name for name, _ in self._written_as.most_common())
        return FileForm(self._name, "JSON", vendor=vendor, records=sum(self._written_as.values()))

    def _answers(self, line: int, record: Mapping[str, Any]) -> Iterator[tuple[BatchAnswer, Any]]:
        """Yield each result with what its verdict is to be read from."""
        if isinstance(record.get(_LIST), list):
            for result in record[_LIST]:
                yield from self._by_person(line, result, in_list=True)
            return
        for form in BATCH_FORMS.values():
            together, answer = form.together(record), form.answer(record)
            if together is not None:
                yield from self._together(line, form, together)
                return
            if answer is not None:
                yield from self._of_form(line, form, answer)
                return
        if has_verdict(record):
            yield from self._by_person(line, record, in_list=False)
        elif isinstance(record.get(_LIST), dict):
            yield from self._by_id(line, record[_LIST])
        else:
            self.rejects.add(line, WHOLE_ROW, _what_it_is_instead(record))

    def _of_form(
        self, line: int, form: BatchForm, answer: BatchAnswer
    ) -> Iterator[tuple[BatchAnswer, Any]]:
        self._written_as[form.title] += 1
        key = normalise_profile_id(answer.key)
        if key:
            yield BatchAnswer(key, answer.content, answer.missing), answer.content
        else:
            self.rejects.add(line, "custom_id", "the result has no id; not used")

    def _together(
        self, line: int, form: BatchForm, results: list[Any]
    ) -> Iterator[tuple[BatchAnswer, Any]]:
        for result in results:
            answer = form.answer(result) if isinstance(result, dict) else None
            if answer is not None:
                yield from self._of_form(line, form, answer)
                continue
            reason = "a result of the job has no key, so it is not known whose; not used"
            self.rejects.add(line, WHOLE_ROW, f"{reason}. {_WANTED_TOGETHER}")

    def _by_id(self, line: int, results: Mapping[str, Any]) -> Iterator[tuple[BatchAnswer, Any]]:
        """Yield the results of a map of verdicts, or of objects that have one, by the id."""
        if not _is_by_id(results):
            reason = "the results are no list, and not clearly by a person's id; not used"
            self.rejects.add(line, _LIST, f"{reason}. {_WANTED}")
            return
        for key, value in results.items():
            result = value if isinstance(value, dict) else {_VERDICT: value}
            own = {normalise_profile_id(result.get(name)) for name in _PERSONS} - {""}
            if own <= {normalise_profile_id(key)}:
                yield from self._by_person(line, {**result, _PERSONS[0]: key}, in_list=True)
                continue
            reason = "a result stands under another id than the one that is in it; not used"
            self.rejects.add(line, _LIST, f"{reason}. {_WANTED}")

    def _by_person(
        self, line: int, result: Any, *, in_list: bool
    ) -> Iterator[tuple[BatchAnswer, Any]]:
        named = result if isinstance(result, dict) else {}
        ids = {name: normalise_profile_id(named.get(name)) for name in _PERSONS}
        key = next((each for each in ids.values() if each), "")
        self._written_as[_PLAIN_FORMS[in_list]] += 1
        if key:
            given = named.get(_VERDICT)
            yield BatchAnswer(key), named if given is None else given
            return
        self.rejects.add(
            line,
            next((name for name in _PERSONS if name in named), _PERSONS[0]),
            f"the result names no person; not used. The id is looked for under"
            f" {', '.join(_PERSONS)}",
        )

    def _result(self, line: int, answer: BatchAnswer, content: Any) -> _Result:
        label = answer.missing or _verdict(answer.key, content)
        if not isinstance(label, Missing):
            return answer.key, label, None
        self.rejects.add(line, _VERDICT, f"{label}; the label is missing")
        return answer.key, None, str(label)


def _verdict(key: str, content: Any) -> int | Missing:
    """Read a verdict; of a request written here, in the form that was asked for and no other."""
    text_hash = text_hash_of_key(key)
    if text_hash is None:
        return read_verdict(content)
    return read_answer(content, request_id_of(text_hash))


def _is_by_id(results: Mapping[str, Any]) -> bool:
    """Whether an object maps ids to verdicts, and is not itself a result or something else."""
    if has_verdict(results) or not results.keys().isdisjoint(_PERSONS):
        return False
    return any(isinstance(each, (str, dict)) or each in (0, 1) for each in results.values())


def _what_it_is_instead(record: Mapping[str, Any]) -> str:
    if "response" in record:  # as of Vertex, which repeats the request
        return "is a result without custom_id or key, so it is not known whose; not used"
    if {"body", "params", "request"} & record.keys():
        return "is a request and no result; not used. Put the batch's output here"
    return (
        "has no list of results, and is no result of a batch of"
        f" {', '.join(form.title for form in BATCH_FORMS.values())}; not used. {_WANTED}"
    )


def _settle(found: pd.DataFrame, rejects: list[Rejects]) -> pd.DataFrame:
    """Return one row a key; a verdict counts more than none, and two different ones none."""
    verdicts = found.dropna(subset="label").groupby("key")["label"].agg(["min", "max"])
    divided = verdicts.index[verdicts["min"] != verdicts["max"]]
    at = found[found["key"].isin(divided)].drop_duplicates("key", keep="last")
    for number, lines in at.groupby("file")["line"]:
        rejects[number].add(lines, WHOLE_ROW, f"{_DIVIDED}; the label is missing")
    label = verdicts["min"].mask(verdicts["min"] != verdicts["max"])
    everybody = pd.Index(found["key"].unique(), dtype="str").sort_values()
    reasons = found.drop_duplicates("key", keep="last").set_index("key")["missing"]
    settled = pd.DataFrame({"key": everybody, "label": label.reindex(everybody).array})
    why = reasons.reindex(everybody).where(~everybody.isin(divided), _DIVIDED)
    settled["missing"] = why.array
    settled["missing"] = settled["missing"].mask(settled["label"].notna())
    return settled.astype({"label": "Int8", "missing": "str"})


_DIVIDED = "there are different verdicts on a person"


def _first_reason(sources: list[_Source]) -> str:
    return next((s.rejects.first_reason() for s in sources if len(s.rejects)), "no results")
