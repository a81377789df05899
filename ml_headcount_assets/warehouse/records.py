"""The model's records as rows of the warehouse's tables, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from ml_headcount_assets.model import Annotator, HeadcountResult

__all__ = [
    "annotator_rows",
    "annotators_of",
    "company_table",
    "draw_rows",
    "label_rows",
    "rated_label_columns",
    "rated_table",
    "reject_rows",
    "result_of",
    "used_annotators_of",
    "with_estimator",
]

#: What is counted of a company's people.
_COUNTS = ("hits", "accepted", "labelled")

#: Columns that tell how a label came about.
_PROVENANCE = ("missing", "recipe", "model", "prompt", "labelled_at")


def annotator_rows(annotators: Sequence[Annotator]) -> pd.DataFrame:
    """Return one row of table annotators per annotator."""
    return pd.DataFrame(
        {
            "annotator": [annotator.name for annotator in annotators],
            "kind": [annotator.kind for annotator in annotators],
            "derived": [list(annotator.derived) for annotator in annotators],
        }
    )


def annotators_of(rows: pd.DataFrame) -> tuple[Annotator, ...]:
    """Return the annotators of table annotators, sorted by name."""
    return tuple(
        Annotator(row.annotator, row.kind, tuple(row.derived))
        for row in rows.sort_values("annotator").itertuples()
    )


def used_annotators_of(rows: pd.DataFrame, use: pd.DataFrame) -> tuple[Annotator, ...]:
    """Return the annotators, those that estimates are to leave out being marked.

    Parameters
    ----------
    rows, use
        Tables annotators and annotator_use.
    """
    dropped = set(use.loc[use["left_out"], "annotator"])
    return tuple(replace(each, left_out=each.name in dropped) for each in annotators_of(rows))


def label_rows(labels: pd.DataFrame) -> pd.DataFrame:
    """Return labels as rows of a table; of how they came about, what is not given is missing."""
    return labels.assign(**{name: None for name in _PROVENANCE if name not in labels})


def reject_rows(reader: str, rejects: pd.DataFrame) -> pd.DataFrame:
    """Return rejects as rows of their table, which has a part for every reader."""
    return rejects.assign(reader=reader)


def rated_table(
    rated_cvs: pd.DataFrame,
    rated_labels: pd.DataFrame,
    rated_llm_labels: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return the rated CVs as the model takes them: is_expert and a column per annotator.

    What an LLM has said in the same way as about the profiles counts, and not what is in the file.
    """
    wide = _label_columns(rated_labels, rated_llm_labels)
    joined = rated_cvs.set_index("rated_id")[["is_expert"]].join(wide, how="left").sort_index()
    return joined.reset_index(drop=True)


def rated_label_columns(
    rated_labels: pd.DataFrame, rated_llm_labels: pd.DataFrame, annotators: Sequence[str]
) -> pd.DataFrame:
    """Return rated_id and the labels of some annotators, as `rated_table` has them."""
    wide = _label_columns(rated_labels, rated_llm_labels)
    return wide[[name for name in annotators if name in wide]].reset_index()


def _label_columns(
    rated_labels: pd.DataFrame, rated_llm_labels: pd.DataFrame | None
) -> pd.DataFrame:
    """Return a column per annotator, by rated_id."""
    if rated_llm_labels is not None:
        superseded = rated_labels["annotator"].isin(rated_llm_labels["annotator"].unique())
        together = [rated_labels[~superseded], rated_llm_labels[rated_labels.columns]]
        rated_labels = pd.concat(together, ignore_index=True)
    wide = rated_labels.pivot(index="rated_id", columns="annotator", values="label")
    wide.columns.name = None
    return wide


def company_table(companies: pd.DataFrame, counts: pd.DataFrame) -> pd.DataFrame:
    """Return the companies as the model takes them, with columns such as <annotator>_hits."""
    wide = counts.pivot(index="company", columns="annotator", values=list(_COUNTS))
    wide.columns = [f"{annotator}_{what}" for what, annotator in wide.columns]
    wide = wide.dropna(axis="columns", how="all")
    columns = ["company", "company_id", "headcount", "headcount_low", "headcount_high", "cohort"]
    return companies[columns].merge(wide, how="left", left_on="company", right_index=True)


def draw_rows(results: Mapping[str, HeadcountResult], slugs: Mapping[str, str]) -> pd.DataFrame:
    """Return rows of table headcount_draws.

    Parameters
    ----------
    results
        Results by estimator.
    slugs
        Partition key of each company id.
    """
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "company": [slugs[company_id] for company_id in result.company_id],
                    "company_id": result.company_id,
                    "estimator": estimator,
                    "evidence": result.evidence,
                    "flags": result.flags,
                    "n_profiles": result.n_profiles,
                    "headcount": pd.array(result.headcount, "Int64"),
                    "draws": list(result.draws.filled(-1)),
                }
            ).assign(headcount=lambda rows: rows["headcount"].mask(rows["headcount"] <= 0))
            for estimator, result in results.items()
        ],
        ignore_index=True,
    )


def result_of(rows: pd.DataFrame, companies: pd.DataFrame | None = None) -> HeadcountResult:
    """Return the result that rows of one estimator in table headcount_draws stand for.

    Parameters
    ----------
    rows
        Of one estimator.
    companies
        Rows of table companies, for totals to choose by; None if nothing is to be known of them.
    """
    if companies is not None:
        companies = companies.set_index("company").loc[rows["company"]].reset_index(drop=True)
    draws = np.stack(rows["draws"].tolist()).astype(np.int32, copy=False)
    return HeadcountResult(
        company_id=rows["company_id"].to_numpy(dtype=object),
        draws=np.ma.masked_array(draws, mask=draws < 0),
        evidence=rows["evidence"].to_numpy(dtype=object),
        flags=rows["flags"].to_numpy(dtype=object),
        n_profiles=rows["n_profiles"].to_numpy(dtype=np.int64),
        headcount=rows["headcount"].fillna(0).to_numpy(dtype=np.int64),
        companies=companies,
    )


def with_estimator(frames: Iterable[tuple[str, pd.DataFrame]]) -> pd.DataFrame:
    """Put frames of several estimators into one, with a column that says which."""
    labelled = [frame.assign(estimator=estimator) for estimator, frame in frames]
    # An empty frame has no types of its own and would spoil those of the others.
    return pd.concat([frame for frame in labelled if len(frame)] or labelled[:1], ignore_index=True)
