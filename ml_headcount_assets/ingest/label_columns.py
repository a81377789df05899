"""Under which names the files have the annotators' labels."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import BaseModel

from ..errors import InputError
from ..study import ProfileLabelsFile, Study, ValidationFile
from .batch_results import batch_folders
from .labels import read_labels
from .tables import RawTable, no_such_column, read_header

__all__ = ["annotator_columns", "wide_labels"]


def annotator_columns(study: Study) -> dict[str, str]:
    """Map each annotator, sorted by name, to its column in the files.

    Without a list in the configuration, a study of raw profiles has those keyword filters that
    have a rule and those LLMs that have a folder of labels; in any other study, every column that
    has no other meaning is an annotator.

    Raises
    ------
    InputError
        An annotator is in one of the two files only, or the files have none.
    """
    if study.annotators is not None:
        return dict(sorted((entry.name, entry.source_column) for entry in study.annotators))
    rated, deployed = study.files.validation, study.files.profile_labels
    if deployed is None:
        return {
            name: name for name in sorted({*study.keyword_filters.rules, *batch_folders(study)})
        }
    rated_names = _other_columns(rated.path, rated.columns, "validation", "is_expert")
    deployed_names = _other_columns(
        deployed.path, deployed.columns, "profile_labels", "company_id", rated_names
    )
    sides: Sequence[tuple[set[str], set[str], ValidationFile | ProfileLabelsFile, str]] = (
        (rated_names, deployed_names, rated, deployed.path.name),
        (deployed_names, rated_names, deployed, rated.path.name),
    )
    for names, others, there, elsewhere in sides:
        if names - others:
            raise InputError(
                f"{there.path.name}: annotator {min(names - others)!r} is not in"
                f" {elsewhere}. Add its labels there, or list the annotators that are to"
                " be used in study.yaml."
            )
    if not rated_names:
        raise InputError(
            f"{rated.path.name}: there is no column with an annotator's labels. Add one."
        )
    return {name: name for name in sorted(rated_names)}


def wide_labels(table: RawTable, columns: Mapping[str, str], study: Study) -> pd.DataFrame:
    """Read one Int8 column per annotator; `columns` maps annotators to columns of the file.

    Raises
    ------
    InputError
        An annotator has no column, a column without a single usable label, or one that holds
        something else than labels (`labels.read_labels`).
    """
    frame = pd.DataFrame(index=np.arange(len(table)))
    thresholds = {entry.name: entry.threshold for entry in study.annotators or ()}
    for name, column in columns.items():
        values = table.require(column, f"annotators: {name}: column", name)
        frame[name] = read_labels(
            values,
            table.line,
            name,
            table.rejects,
            threshold=thresholds.get(name),
            remedy="Give a threshold from which they are 1: under 'annotators' in study.yaml,"
            f" {{name: {name}, ..., threshold: 0.5}}.",
        )
        if len(table) and frame[name].isna().all():
            raise InputError(
                f"{table.source}: annotator {name!r} has not one label that is 0 or 1. Correct"
                f" the column {column!r}, or leave the annotator out in study.yaml."
            )
    return frame


def _other_columns(
    path: Path, known: BaseModel, role: str, required: str, labels: Collection[str] = ()
) -> set[str]:
    """Return the columns that are no keys, having seen that the required key is there."""
    header, where = read_header(path, [*known.model_dump().values(), *labels])
    column = getattr(known, required)
    if column not in header:
        # Else a key by another name would be taken for an annotator.
        raise no_such_column(where, column, header, f"files.{role}.columns.{required}")
    return set(header) - set(known.model_dump().values())
