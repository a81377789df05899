"""Which annotators a study has."""

from __future__ import annotations

from ..model.annotators import Annotator, infer_annotators
from ..study import Study
from .label_columns import annotator_columns
from .rated_labels import rated_labels
from .tables import read_entry

__all__ = ["study_annotators"]


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
    labels = rated_labels(study, read_entry(study.files.validation))
    if study.files.profiles is None:
        return infer_annotators(labels)
    # LLMs may be called anything, and need not have labels in the file of the rated CVs.
    rules = study.keyword_filters.rules
    filters = {a.name: a for a in infer_annotators(labels[[n for n in columns if n in rules]])}
    return tuple(
        Annotator(name, "filter", filters[name].derived)
        if name in filters
        else Annotator(name, "llm")
        for name in columns
    )
