"""What a study has to go on, read from its tables as the model takes it.

What is made of it does not belong here.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ml_headcount_assets.model import Annotator, StudyEvidence
from ml_headcount_assets.warehouse.records import company_table, rated_table, used_annotators_of
from ml_headcount_assets.warehouse.store import Tables

__all__ = [
    "COUNTS",
    "EVIDENCE",
    "LABELS",
    "USE",
    "VERDICTS",
    "rated_cvs",
    "study_evidence",
    "used_annotators",
]

#: Tables of what is counted of companies.
COUNTS = ("pattern_counts", "companies", "company_counts")

#: All that is known of companies: these, and what people said of some of the profiles.
EVIDENCE = (*COUNTS, "deployed_ratings")

#: Tables of the annotators, and of which of them are used.
USE = ("annotators", "annotator_use")

#: Tables of labels of rated CVs, and the columns of their verdicts.
LABELS = ("rated_labels", "rated_llm_labels")
VERDICTS = {"rated_cvs": ("rated_id", "is_expert")}


def rated_cvs(reader: Tables) -> pd.DataFrame:
    """Return the rated CVs: is_expert and a column per annotator."""
    return rated_table(*(reader.read(table) for table in ("rated_cvs", *LABELS)))


def used_annotators(reader: Tables) -> tuple[Annotator, ...]:
    """Return all annotators, those that estimates are to leave out being marked."""
    return used_annotators_of(reader.read("annotators"), reader.read("annotator_use"))


def study_evidence(
    reader: Tables, annotators: Sequence[Annotator] | None = None, *, rated: bool = False
) -> StudyEvidence:
    """Return what is known of the companies in hand.

    Parameters
    ----------
    reader
        Of the tables.
    annotators
        All annotators; None for `used_annotators`.
    rated
        Whether the rated CVs are needed, too.
    """
    return StudyEvidence(
        tuple(used_annotators(reader) if annotators is None else annotators),
        reader.read("pattern_counts"),
        company_table(reader.read("companies"), reader.read("company_counts")),
        rated_cvs(reader) if rated else None,
        reader.read("deployed_ratings"),
    )
