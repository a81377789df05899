"""What the cohort shares: how good the annotators are, and how keyword counts are to be read.

What is made for one company at a time does not belong here.
"""

from collections.abc import Iterator

import pandas as pd

from ml_headcount_assets.compute.protocol import Progress
from ml_headcount_assets.model import (
    ESTIMATORS,
    MODEL_VERSION,
    StudyEvidence,
    fit_annotators,
    predictive_checks,
)
from ml_headcount_assets.model.calibration import ErrorModel
from ml_headcount_assets.warehouse.records import (
    annotators_of,
    company_table,
    rated_table,
    with_estimator,
)

from ..fits import keeping, stored_fit
from ..reader import Reader
from ..recipes import COHORT, Frames, Recipe
from ..stages import CALIBRATE
from ..versions import ESTIMATION, LEVEL

_LABELS = ("rated_labels", "rated_llm_labels")
_VERDICTS = {"rated_cvs": ("rated_id", "is_expert")}


def _rated(reader: Reader) -> pd.DataFrame:
    return rated_table(*(reader.read(table) for table in ("rated_cvs", *_LABELS)))


def _annotator_frames(reader: Reader, progress: Progress) -> Frames:
    rated, study = _rated(reader), reader.study
    fits = [
        (
            estimator,
            fit_annotators(
                rated,
                annotators_of(reader.read("annotators")),
                study.settings(),
                errors=errors,
                draws=study.draws,
                seed=study.seed,
                compute=reader.around.compute,
                progress=told,
            ),
        )
        for estimator, errors, told in _with_errors(reader, progress)
    ]
    return {
        "annotator_fit": with_estimator((name, fit.to_frame()) for name, fit in fits),
        "annotator_summary": with_estimator((name, fit.summary(study.level)) for name, fit in fits),
        "annotator_correlations": with_estimator(
            (name, fit.correlation_summary(study.level)) for name, fit in fits
        ),
    }


ANNOTATOR_FIT = Recipe(
    "annotator_fit",
    makes={
        "annotator_fit": "Joint draws of the annotators' error rates and correlations.",
        "annotator_summary": "Sensitivity and specificity of each annotator.",
        "annotator_correlations": "Correlations of the annotators' errors.",
    },
    stage=CALIBRATE,
    grain=COHORT,
    version=MODEL_VERSION,
    make=_annotator_frames,
    tables=(*_LABELS, "annotators"),
    columns=_VERDICTS,
    settings=(ESTIMATION, LEVEL),
    shows={
        "annotators": """
            SELECT estimator, annotator, round(sensitivity_mean, 3) AS sensitivity,
                   round(specificity_mean, 3) AS specificity FROM annotator_summary ORDER BY ALL
            """
    },
)


def _with_errors(reader: Reader, progress: Progress) -> Iterator[tuple[str, ErrorModel, Progress]]:
    """Yield the study's estimators that learn errors from rated CVs alone, and how they do."""
    for estimator, told in keeping(reader, "annotator_fit", progress):
        errors = ESTIMATORS[estimator].errors
        if errors is not None:
            yield estimator, errors, told


def _predictive_frames(reader: Reader, progress: Progress) -> Frames:
    rated, annotators = _rated(reader), annotators_of(reader.read("annotators"))
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
        for estimator, errors, told in _with_errors(reader, progress)
    )
    return {"predictive_checks": with_estimator(compared)}


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


def _cohort_frames(reader: Reader, progress: Progress) -> Frames:
    study = reader.study
    evidence = StudyEvidence(
        annotators_of(reader.read("annotators")),
        reader.read("pattern_counts"),
        company_table(reader.read("companies"), reader.read("company_hits")),
    )
    fits = (
        (
            estimator,
            ESTIMATORS[estimator].fit_cohort(
                stored_fit(reader, estimator),
                evidence,
                study.settings(),
                draws=study.draws,
                seed=study.seed,
                compute=reader.around.compute,
                progress=told,
            ),
        )
        for estimator, told in keeping(reader, "cohort_fit", progress)
    )
    return {"cohort_fit": with_estimator((name, fit.to_frame()) for name, fit in fits)}


COHORT_FIT = Recipe(
    "cohort_fit",
    makes={
        "cohort_fit": "Joint draws of what companies with profiles tell about those with keyword"
        " counts only."
    },
    stage=CALIBRATE,
    grain=COHORT,
    version=MODEL_VERSION,
    make=_cohort_frames,
    tables=("annotators", "annotator_fit", "pattern_counts", "companies", "company_hits"),
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
