"""What the cohort shares: how good the annotators are, and what all companies have in common.

What is made for one company at a time does not belong here.
"""

import pandas as pd

from ml_headcount_assets.compute.protocol import Progress
from ml_headcount_assets.model import (
    MODEL_VERSION,
    StudyEvidence,
    fit_annotators,
    predictive_checks,
)
from ml_headcount_assets.warehouse.records import annotators_of, company_table, rated_table

from ..fits import chosen_estimators, one_by_one, rows_of, stored_annotators
from ..reader import Reader
from ..recipes import COHORT, Frames, Recipe
from ..sources import ESTIMATION, LEVEL
from ..stages import CALIBRATE

_LABELS = ("rated_labels", "rated_llm_labels")
_VERDICTS = {"rated_cvs": ("rated_id", "is_expert")}


def _rated(reader: Reader) -> pd.DataFrame:
    return rated_table(*(reader.read(table) for table in ("rated_cvs", *_LABELS)))


def _annotator_frames(reader: Reader, progress: Progress) -> Frames:
    rated, study = _rated(reader), reader.study
    annotators = annotators_of(reader.read("annotators"))
    fitted = {e.name: e.errors for e in chosen_estimators(reader) if e.errors is not None}
    frames = (
        (
            estimator,
            fit_annotators(
                rated,
                annotators,
                study.settings(),
                errors=errors,
                draws=study.draws,
                seed=study.seed,
                compute=reader.around.compute,
                progress=told,
            ).to_frame(),
        )
        for (estimator, errors), told in one_by_one(fitted.items(), progress)
    )
    return {"annotator_fit": rows_of("annotator_fit", frames)}


ANNOTATOR_FIT = Recipe(
    "annotator_fit",
    makes={"annotator_fit": "Joint draws of the annotators' error rates and correlations."},
    stage=CALIBRATE,
    grain=COHORT,
    version=MODEL_VERSION,
    make=_annotator_frames,
    tables=(*_LABELS, "annotators"),
    columns=_VERDICTS,
    settings=(ESTIMATION,),
)


def _summary_frames(reader: Reader, _: Progress) -> Frames:
    level = reader.study.level
    fits = {
        estimator.name: stored_annotators(reader, estimator)
        for estimator in chosen_estimators(reader)
        if estimator.errors is not None
    }
    rates = ((name, fit.summary(level)) for name, fit in fits.items())
    pairs = ((name, fit.correlation_summary(level)) for name, fit in fits.items())
    return {
        "annotator_summary": rows_of("annotator_summary", rates),
        "annotator_correlations": rows_of("annotator_correlations", pairs),
    }


ANNOTATOR_SUMMARY = Recipe(
    "annotator_summary",
    makes={
        "annotator_summary": "Sensitivity and specificity of each annotator.",
        "annotator_correlations": "Correlations of the annotators' errors.",
    },
    stage=CALIBRATE,
    grain=COHORT,
    version=MODEL_VERSION,
    make=_summary_frames,
    tables=("annotators", "annotator_fit"),
    settings=(ESTIMATION, LEVEL),
    shows={
        "annotators": """
            SELECT estimator, annotator, round(sensitivity_mean, 3) AS sensitivity,
                   round(specificity_mean, 3) AS specificity FROM annotator_summary ORDER BY ALL
            """
    },
)


def _predictive_frames(reader: Reader, progress: Progress) -> Frames:
    rated, annotators = _rated(reader), annotators_of(reader.read("annotators"))
    predicting = {e.name: e.errors for e in chosen_estimators(reader) if e.errors is not None}
    compared = (
        (
            estimator,
            predictive_checks(
                rated,
                annotators,
                reader.study.settings(),
                seed=reader.study.seed,
                errors=errors,
                level=reader.study.level,
                compute=reader.around.compute,
                progress=told,
            ),
        )
        for (estimator, errors), told in one_by_one(predicting.items(), progress)
    )
    return {"predictive_checks": rows_of("predictive_checks", compared)}


PREDICTIVE_CHECKS = Recipe(
    "predictive_checks",
    makes={
        "predictive_checks": "Label patterns of held-out rated CVs, as predicted and as observed."
    },
    stage=CALIBRATE,
    grain=COHORT,
    version=MODEL_VERSION,
    make=_predictive_frames,
    tables=(*_LABELS, "annotators"),
    columns=_VERDICTS,
    settings=(ESTIMATION, LEVEL),
    shows={
        "predicted": """
            SELECT estimator, is_expert, count(*) AS patterns,
                   round(avg(within::INTEGER), 3) AS share_within
            FROM predictive_checks GROUP BY ALL ORDER BY ALL
            """
    },
)


def study_evidence(reader: Reader, *, rated: bool) -> StudyEvidence:
    """Return what is known of the companies in hand, and of the rated CVs if they are needed."""
    return StudyEvidence(
        annotators_of(reader.read("annotators")),
        reader.read("pattern_counts"),
        company_table(reader.read("companies"), reader.read("company_counts")),
        _rated(reader) if rated else None,
    )


def _cohort_frames(table: str, reader: Reader, progress: Progress, *, rated: bool) -> Frames:
    """Fit what companies share, for those estimators that keep it in a table."""
    keeping = [each for each in chosen_estimators(reader) if each.kept_in == table]
    if not keeping:
        return {table: rows_of(table, ())}
    evidence, study = study_evidence(reader, rated=rated), reader.study
    frames = (
        (
            estimator.name,
            estimator.fit_cohort(
                stored_annotators(reader, estimator) if estimator.errors is not None else None,
                evidence,
                study.settings(),
                draws=study.draws,
                seed=study.seed,
                compute=reader.around.compute,
                progress=told,
            ).to_frame(),
        )
        for estimator, told in one_by_one(keeping, progress)
    )
    return {table: rows_of(table, frames)}


_COUNTS = ("annotators", "pattern_counts", "companies", "company_counts")

COHORT_FIT = Recipe(
    "cohort_fit",
    makes={
        "cohort_fit": "Joint draws of what companies with profiles tell about those with keyword"
        " counts only."
    },
    stage=CALIBRATE,
    grain=COHORT,
    version=MODEL_VERSION,
    make=lambda reader, progress: _cohort_frames("cohort_fit", reader, progress, rated=False),
    tables=(*_COUNTS, "annotator_fit"),
    settings=(ESTIMATION,),
    shows={
        "scale": """
            SELECT estimator, round(avg(scale), 3) AS scale, round(stddev(scale), 3) AS sd,
                   any_value(companies_with_profiles) AS with_profiles,
                   any_value(companies_with_both) AS with_both
            FROM cohort_fit GROUP BY ALL ORDER BY ALL
            """
    },
)

HIERARCHICAL_FIT = Recipe(
    "hierarchical_fit",
    makes={
        "hierarchical_fit": "Joint posterior draws of error rates, drift, prevalences and"
        " dispersion, given all evidence."
    },
    stage=CALIBRATE,
    grain=COHORT,
    version=MODEL_VERSION,
    make=lambda reader, progress: _cohort_frames("hierarchical_fit", reader, progress, rated=True),
    tables=(*_COUNTS, *_LABELS),
    columns=_VERDICTS,
    settings=(ESTIMATION,),
)
