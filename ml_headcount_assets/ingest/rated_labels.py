"""The labels of the rated CVs: from their text where there is one, else from the file.

Keyword filters that label raw profiles label the rated CVs as well, by the same rules on text of
the same recipe, since error rates that were learned on other text would mean nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pyarrow

from ..errors import InputError
from ..study import Study
from ..text.filters import keyword_labels
from ..text.recipe import profile_text, text_fields
from .cells import structured
from .label_columns import annotator_columns, wide_labels
from .tables import RawTable

__all__ = ["rated_labels", "rated_texts"]


def rated_labels(study: Study, table: RawTable) -> pd.DataFrame:
    """Return the labels of the rated CVs, an Int8 column per annotator.

    In a study of raw profiles, an LLM without a column in the file is left out: its labels are
    not in this file. So is a filter that was learned on these CVs: see `held_out_labels`.

    Raises
    ------
    InputError
        An annotator has no labels.
    """
    columns = annotator_columns(study)
    if study.files.profiles is None:
        return wide_labels(table, columns, study)
    rules = study.keyword_filters.rules
    in_file = {name: column for name, column in columns.items() if column in table.columns}
    for name in in_file.keys() & study.held_out.keys():
        column = in_file.pop(name)
        table.rejects.add_file(
            f"the column {column} is not used: {name} was learned on these CVs, and its labels"
            " are in a file of their own"
        )
    labels = wide_labels(table, in_file, study)
    texts = rated_texts(table)
    for name in columns:
        if name not in rules or name in study.held_out:
            continue
        if texts is None:
            _report_origin(table, name, in_file)
            continue
        fired = _fired(study, name, texts)
        if name in in_file:
            _report_differences(table, name, labels[name], fired)
        labels[name] = fired
    return labels


def rated_texts(table: RawTable) -> list[str] | None:
    """Return the text of every rated CV, "" where it has none; None if the file has no text."""
    present = text_fields(table.columns)
    if not present:
        return None
    cells = (table.columns[field] for field in present)
    texts = []
    for line, values in zip(table.line, zip(*cells, strict=True), strict=True):
        record = {field: value for field, value in zip(present, values, strict=True) if value}
        text, unread, _ = profile_text(structured(record))
        for field in unread:
            table.rejects.add(line, field, "is of a kind that is not read; left out of the text")
        if not text:
            table.rejects.add(line, "text", "the CV has no text; keyword filters cannot label it")
        texts.append(text)
    return texts


def _fired(study: Study, name: str, texts: list[str]) -> pd.Series:
    """Return a filter's labels, missing where there is no text."""
    one = study.keyword_filters.only([name])
    fired = keyword_labels(pyarrow.array(texts, pyarrow.large_string()), one)[name]
    labels = pd.Series(fired.astype(np.int8), dtype="Int8")
    return labels.mask([not text for text in texts])


def _report_origin(table: RawTable, name: str, in_file: Mapping[str, str]) -> None:
    if name not in in_file:
        raise InputError(
            f"{table.source}: keyword filter {name!r} cannot label the rated CVs, since there is"
            " no column of text (text, position, about, experience, ...). Add the text of the CVs."
        )
    table.rejects.add_file(
        f"the CVs have no text, so the labels of {name} are taken from the file; they mean"
        " something only if they were made from text like that of the profiles"
    )


def _report_differences(table: RawTable, name: str, given: pd.Series, fired: pd.Series) -> None:
    differ = (given != fired).fillna(False).to_numpy(dtype=bool)
    table.rejects.add(
        table.line[differ],
        name,
        "the label in the file is not what the text gives; the text counts",
    )
