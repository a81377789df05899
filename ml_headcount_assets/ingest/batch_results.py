"""Results of LLM batch jobs that were run elsewhere: labels by the person's id.

A folder ``labels/<annotator>/`` has files of JSON lines, plain or gzipped, each line an object
``{"results": [{"linkedin_id": ..., "evaluation": "ACCEPT"}, ...]}``. Whatever else an object has
is left alone. Which text the model has seen, and by which prompt, such files do not say.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import InputError
from ..study import Study
from .identifiers import normalise_profile_id
from .rejects import WHOLE_ROW, Rejects
from .text_files import TextLines, json_objects

__all__ = ["batch_folders", "read_batch_results"]

_EXTENSIONS = (".jsonl", ".jsonl.gz")
_LIST, _PERSON, _VERDICT = "results", "linkedin_id", "evaluation"
_LABELS = {"ACCEPT": 1, "REJECT": 0}


def batch_folders(study: Study) -> dict[str, Path]:
    """Return the folders of batch results by annotator, sorted by name."""
    if study.files.labels is None:
        return {}
    root = study.files.labels.path
    return {folder.name: folder for folder in sorted(root.iterdir()) if folder.is_dir()}


def read_batch_results(study: Study, annotator: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read the results of one annotator's batch jobs.

    A verdict that is neither ACCEPT nor REJECT is missing, and so is that of a person about whom
    there are different verdicts.

    Parameters
    ----------
    study
        The study.
    annotator
        Name of the folder.

    Returns
    -------
    labels
        profile_id, label (Int8, may be missing); one row a person, sorted by id.
    rejects
        As `Rejects.frame`.

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
    rejects = {path: Rejects(_name(path, study)) for path in files}
    rows = [
        (person, label, number, line)
        for number, path in enumerate(files)
        for line, person, label in _results(path, rejects[path])
    ]
    found = pd.DataFrame(rows, columns=["profile_id", "label", "file", "line"])
    found["label"] = found["label"].astype("Int8")
    labels = _settle(found, [rejects[path] for path in files])
    if labels["label"].isna().all():
        raise InputError(
            f"{_name(folder, study)}: there is no usable label in the batch results"
            f" (the first reject: {_first_reason(list(rejects.values()))}). Supply them again."
        )
    every = pd.concat([each.frame() for each in rejects.values()], ignore_index=True)
    return labels, every


def _name(path: Path, study: Study) -> str:
    root = study.files.labels.path if study.files.labels else study.directory
    return path.relative_to(root.parent).as_posix()


def _results(path: Path, rejects: Rejects) -> Iterator[tuple[int, str, int | None]]:
    """Yield (line, person, label or None) of every result that names a person."""
    try:
        for line, record in json_objects(TextLines(path, rejects), rejects):
            results = record.get(_LIST)
            if not isinstance(results, list):
                rejects.add(line, _LIST, "the line has no list of results; not used")
                continue
            for result in results:
                person = normalise_profile_id(_field(result, _PERSON))
                if person:
                    yield line, person, _label(result, line, rejects)
                else:
                    rejects.add(line, _PERSON, "the result names no person; not used")
    except InputError as error:  # the other files may be in order
        rejects.add_file(str(error))


def _field(result: Any, name: str) -> Any:
    return result.get(name) if isinstance(result, dict) else None


def _label(result: Any, line: int, rejects: Rejects) -> int | None:
    verdict = _field(result, _VERDICT)
    label = _LABELS.get(verdict.strip().upper()) if isinstance(verdict, str) else None
    if label is None:
        rejects.add(line, _VERDICT, "is neither ACCEPT nor REJECT; the label is missing")
    return label


def _settle(found: pd.DataFrame, rejects: list[Rejects]) -> pd.DataFrame:
    """Return one row a person; a verdict counts more than none, and two different ones none."""
    verdicts = found.dropna(subset="label").groupby("profile_id")["label"].agg(["min", "max"])
    divided = verdicts.index[verdicts["min"] != verdicts["max"]]
    at = found[found["profile_id"].isin(divided)].drop_duplicates("profile_id", keep="last")
    for number, lines in at.groupby("file")["line"]:
        rejects[number].add(
            lines, WHOLE_ROW, "there are different verdicts on a person; the label is missing"
        )
    label = verdicts["min"].mask(verdicts["min"] != verdicts["max"])
    everybody = pd.Index(found["profile_id"].unique(), dtype="str").sort_values()
    labels = pd.DataFrame({"profile_id": everybody, "label": label.reindex(everybody).array})
    return labels.astype({"label": "Int8"})


def _first_reason(rejects: list[Rejects]) -> str:
    return next((each.first_reason() for each in rejects if len(each)), "no results")
