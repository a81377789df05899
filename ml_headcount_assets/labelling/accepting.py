"""Taking a discovered keyword filter into a study: its rule, and what it says of the rated CVs.

A filter that was learned on the rated CVs must not be judged on them. So what is written beside
the configuration is what it says of each of these CVs when it is learned without that CV; its
error rates are learned from this, while its rule labels the profiles.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ..compute.whole_file import whole_file
from ..errors import InputError
from ..ingest import study_annotators
from ..study import CONFIG_NAME, Study, load_study
from ..study.yaml_insertion import Addition, insert
from ..text.keywords.result import LearnedFilter

__all__ = ["LABELS_OF_FILTERS", "accept_filter"]


#: Folder in the study's directory for what accepted filters say of the rated CVs.
LABELS_OF_FILTERS = "keywords"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


def accept_filter(directory: Path, name: str, learned: LearnedFilter) -> tuple[Path, Path]:
    """Write a filter into a study's configuration, as an annotator of this name.

    Comments, order and layout of the file stay as they are. If the study goes by the published
    filters, or by annotators that are inferred, without saying so, those in use are written out
    beforehand, since naming one more would otherwise replace them.

    Parameters
    ----------
    directory
        The study's directory.
    name
        Name of the new annotator.
    learned
        The filter.

    Returns
    -------
    config, labels
        The files that were written.

    Raises
    ------
    InputError
        The study cannot take the filter; nothing has been changed then.
    """
    config = directory / CONFIG_NAME
    if not config.is_file():
        raise InputError(
            f"{directory.name}: there is no {CONFIG_NAME} that the filter could be written to."
            f" Write one with the line 'name: {directory.name}' (everything else is found as"
            " before), and accept the filter again."
        )
    study = load_study(directory)
    _refuse(study, name)
    labels = Path(LABELS_OF_FILTERS) / f"{name}.csv"
    text = _read(config)
    additions = list(_additions(study, name, learned, labels.as_posix()))
    try:
        changed = insert(text, additions)
    except ValueError as error:
        raise InputError(
            f"{CONFIG_NAME}: the filter cannot be added to a file of this layout ({error}). Write"
            " 'filters' and 'annotators' as plain blocks, one entry a line, and try again."
        ) from error
    return _store(directory, changed, labels, learned.labels)


def _refuse(study: Study, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{name!r} cannot be the name of a filter: use letters, digits, hyphens and"
            " underscores."
        )
    if study.files.profiles is None:
        raise InputError(
            f"The study {study.name!r} has labels of profiles that were made elsewhere, and no"
            " texts that a new filter could label. Give raw profiles under files.profiles."
        )
    taken = {*study.keyword_filters.rules, *(a.name for a in study_annotators(study))}
    if name in taken:
        raise InputError(
            f"The study already has an annotator or a rule {name!r}. Remove it from {CONFIG_NAME}"
            " first (under 'annotators' and 'filters'), or give the new one another name with --as."
        )


def _read(config: Path) -> str:
    try:
        return config.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{config.name}: cannot be read as UTF-8 text. Save it so.") from error


def _additions(study: Study, name: str, learned: LearnedFilter, labels: str) -> Iterator[Addition]:
    """Yield what is to be added to the configuration, and where."""
    terms = {f"{name}_yes": list(learned.yes)} | (
        {f"{name}_no": list(learned.no)} if learned.no else {}
    )
    rule: dict[str, Any] = {"all_of": [f"{name}_yes"]}
    if learned.no:
        rule["none_of"] = [f"{name}_no"]
    own = {"name": name, "kind": "filter", "rated_labels": labels}
    if study.filters is None:
        here = _filters_in_use(study)
        here["terms"].update(terms)
        here["rules"].update({name: rule})
        yield (), {"filters": here}
    else:
        yield ("filters", "terms"), terms
        yield ("filters", "rules"), {name: rule}
    if study.annotators is None:
        yield (), {"annotators": [*_annotators_in_use(study), own]}
    else:
        yield ("annotators",), [own]


def _filters_in_use(study: Study) -> dict[str, Any]:
    """Return the rules that label the study's profiles, with the lists that they look at."""
    used = study.keyword_filters.only([each.name for each in study_annotators(study)])
    lists = {each for rule in used.rules.values() for each in rule.lists}
    return {
        "terms": {each: list(terms) for each, terms in used.terms.items() if each in lists},
        "rules": {
            each: {key: list(names) for key, names in rule.model_dump().items() if names}
            for each, rule in used.rules.items()
        },
    }


def _annotators_in_use(study: Study) -> Sequence[dict[str, Any]]:
    return [
        {"name": each.name, "kind": each.kind}
        | ({"derived": list(each.derived)} if each.derived else {})
        for each in study_annotators(study)
    ]


def _store(directory: Path, config: str, labels: Path, rows: pd.DataFrame) -> tuple[Path, Path]:
    """Write both files, the configuration last and only if the study can be loaded with it."""
    placed, path = directory / labels, directory / CONFIG_NAME
    replaces = placed.is_file()
    try:
        placed.parent.mkdir(exist_ok=True)
        with whole_file(placed) as unfinished:
            rows.to_csv(unfinished, index=False, lineterminator="\n")
        with whole_file(path) as unfinished:
            unfinished.write_bytes(config.encode("utf-8"))
            load_study(directory, unfinished)
    except BaseException as error:
        if not replaces:
            placed.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise InputError(
                f"{directory.name}: the filter cannot be written ({error.strerror}). Nothing has"
                " been changed; make the directory writable and try again."
            ) from error
        raise
    return path, placed
