"""The rated CVs: what people and what the annotators said about the same CVs."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from ..errors import InputError
from ..model.annotators import check_derived
from ..study import Study
from ..text.recipe import RECIPE_VERSION, hash_text
from .annotators import study_annotators
from .held_out_labels import held_out_labels
from .identifiers import without_formula
from .labels import read_labels
from .rated_labels import rated_labels, rated_texts
from .rejects import WHOLE_ROW, Rejects
from .tables import RawTable, read_entry

__all__ = ["read_rated_cvs"]


def read_rated_cvs(study: Study) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Read the rated CVs of a study.

    Returns
    -------
    rated_cvs
        rated_id (str), is_expert (Int8, 0 or 1); rows without a verdict are rejected. Without
        a column of ids, a CV goes by its line. text ("" where there is none), text_hash, recipe:
        made as those of the profiles are.
    rated_labels
        rated_id, annotator, label (Int8, missing where it could not be obtained); one row per
        CV and annotator whose labels are in the file or follow from the CV's text, or, of a
        filter that was learned on these CVs, are in a file of its own.
    rejects
        As `Rejects.frame`.

    Raises
    ------
    InputError
        The file cannot be read, an annotator has no labels, nobody or everybody is an expert,
        or a derived annotator contradicts its definition.
    """
    table, rated_cvs = _with_texts(*_usable(study))
    wide = rated_labels(study, table)
    elsewhere = []
    for name, path in study.held_out.items():
        wide[name], unused = held_out_labels(path, rated_cvs)
        elsewhere.append(unused)
    here = [a for a in study_annotators(study) if {a.name, *a.derived} <= set(wide)]
    check_derived(wide, here, table.source)
    wide.insert(0, "rated_id", rated_cvs["rated_id"])
    long = wide.melt("rated_id", var_name="annotator", value_name="label")
    rejects = pd.concat([table.rejects.frame(), *elsewhere], ignore_index=True)
    return rated_cvs, long.astype({"label": "Int8"}), rejects


def _with_texts(table: RawTable, rated_cvs: pd.DataFrame) -> tuple[RawTable, pd.DataFrame]:
    """Return the table as it is, and the CVs with their texts."""
    # What is wrong with the texts is told where the labels are made.
    texts = rated_texts(replace(table, rejects=Rejects(table.source))) or [""] * len(table)
    return table, rated_cvs.assign(
        text=pd.array(texts, "str"),
        text_hash=pd.array([hash_text(text) for text in texts], "str"),
        recipe=RECIPE_VERSION,
    )


def _usable(study: Study) -> tuple[RawTable, pd.DataFrame]:
    """Return the rows of CVs that have an id and a verdict, and these two of each."""
    entry = study.files.validation
    table = read_entry(entry)
    rows, rejects = len(table), table.rejects
    verdicts = read_labels(
        table.require(entry.columns.is_expert, "files.validation.columns.is_expert"),
        table.line,
        "is_expert",
        rejects,
        remedy="A verdict is 1 or 0: decide from which share of raters on a CV is an expert's.",
    )
    rejects.add(table.line[verdicts.isna()], WHOLE_ROW, "the CV has no verdict; not used")
    identified = _identify(table, entry.columns.rated_id)
    usable = ~verdicts.isna() & identified.notna().to_numpy()
    table = table.keep(usable)
    table.refuse_if_unusable(rows)
    rated_cvs = pd.DataFrame({"rated_id": identified[usable], "is_expert": verdicts[usable]})
    rated_cvs = rated_cvs.reset_index(drop=True).astype({"is_expert": "Int8"})
    for verdict, kind in ((1, "an expert"), (0, "a non-expert")):
        if not (rated_cvs["is_expert"] == verdict).any():
            raise InputError(
                f"{table.source}: no CV is rated as {kind}, so the annotators' error rates cannot"
                f" be known. Add rated CVs with is_expert {verdict}."
            )
    return table, rated_cvs


def _identify(table: RawTable, column: str) -> pd.Series:
    """Return each CV's id, missing where it has none or repeats an earlier one."""
    if column not in table.columns:
        return pd.Series(table.line.astype(str))
    ids = pd.Series([without_formula(t).strip() for t in table.columns[column]], dtype="str")
    empty = (ids == "").to_numpy()
    table.rejects.add(table.line[empty], column, "the CV has no id; not used")
    repeated = ids.duplicated().to_numpy() & ~empty
    table.rejects.add(table.line[repeated], column, "an earlier CV has the same id; not used")
    return ids.mask(empty | repeated)
