"""Which annotators a study has, and where their labels stand in its files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import BaseModel

from ..errors import InputError
from ..model.annotators import Annotator, infer_annotators
from ..study import Study
from .rejects import Rejects
from .tables import RawTable, read_header, read_table
from .values import parse_labels

__all__ = ["annotator_columns", "study_annotators", "wide_labels"]


def annotator_columns(study: Study) -> dict[str, str]:
    """Map each annotator, sorted by name, to its column in the validation and profile files.

    Without a list in the configuration, every column that has no other meaning is an annotator.

    Raises
    ------
    InputError
        An annotator is in one of the two files only, or the files have none.
    """
    if study.annotators is not None:
        return dict(sorted((entry.name, entry.source_column) for entry in study.annotators))
    rated, deployed = study.files.validation, study.files.profile_labels
    rated_names = _other_columns(rated.path, rated.columns)
    deployed_names = _other_columns(deployed.path, deployed.columns)
    for names, others, there, not_there in (
        (rated_names, deployed_names, rated, deployed),
        (deployed_names, rated_names, deployed, rated),
    ):
        if names - others:
            raise InputError(
                f"{there.path.name}: annotator {min(names - others)!r} is not in"
                f" {not_there.path.name}. Add its labels there, or list the annotators that are to"
                " be used in study.yaml."
            )
    if not rated_names:
        raise InputError(
            f"{rated.path.name}: there is no column with an annotator's labels. Add one."
        )
    return {name: name for name in sorted(rated_names)}


def study_annotators(study: Study) -> tuple[Annotator, ...]:
    """Return the study's annotators, sorted by name.

    Those in the configuration are taken as they are described there; otherwise kind and
    derivation are inferred from the rated CVs.

    Raises
    ------
    InputError
        As `annotator_columns`.
    """
    columns = annotator_columns(study)
    if study.annotators is not None:
        described = {entry.name: entry for entry in study.annotators}
        return tuple(
            Annotator(name, described[name].kind, described[name].derived) for name in columns
        )
    table = read_table(study.files.validation.path)
    labels = wide_labels(table, columns, Rejects(table.source))
    return infer_annotators(labels)


def wide_labels(table: RawTable, columns: Mapping[str, str], rejects: Rejects) -> pd.DataFrame:
    """Read one Int8 column per annotator; `columns` maps annotators to columns of the file.

    Raises
    ------
    InputError
        An annotator has no column, or a column without a single usable label.
    """
    frame = pd.DataFrame(index=np.arange(len(table)))
    for name, column in columns.items():
        values = table.require(column, f"annotators: {name}: column")
        frame[name] = parse_labels(values, table.line, name, rejects)
        if len(table) and frame[name].isna().all():
            raise InputError(
                f"{table.source}: annotator {name!r} has not one label that is 0 or 1. Correct"
                f" the column {column!r}, or leave the annotator out in study.yaml."
            )
    return frame


def _other_columns(path: Path, known: BaseModel) -> set[str]:
    return set(read_header(path)) - set(known.model_dump().values())
