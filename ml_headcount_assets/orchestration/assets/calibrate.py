"""What the cohort shares: how good the annotators are, and what all companies have in common.

What is made for one company at a time does not belong here.
"""

from ml_headcount_assets.compute.protocol import Progress
from ml_headcount_assets.model import MODEL_VERSION, fit_annotators, predictive_checks
from ml_headcount_assets.model.deployed_verdicts import cvs_for_errors

from ..evidence import EVIDENCE, LABELS, USE, VERDICTS, rated_cvs, study_evidence, used_annotators
from ..fits import (
    KEPT_TABLES,
    chosen_estimators,
    one_by_one,
    rows_of,
    stored_annotators,
    stored_fits,
)
from ..reader import Reader
from ..recipes import COHORT, Frames, Recipe
from ..stages import CALIBRATE
from ..versions import ESTIMATION, LEVEL


def _annotator_frames(reader: Reader, progress: Progress) -> Frames:
    study, annotators = reader.study, used_annotators(reader)
    rated = cvs_for_errors(
        rated_cvs(reader),
        reader.read("deployed_ratings"),
        annotators,
        ratings_are_random=study.ratings_are_random,
    )
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
    tables=(*USE, *LABELS, "deployed_ratings"),
    columns=VERDICTS,
    settings=(ESTIMATION,),
)


def _summary_frames(reader: Reader, _: Progress) -> Frames:
    level = reader.study.level
    told = [
        (estimator.name, *estimator.rates(*stored_fits(reader, estimator), level))
        for estimator in chosen_estimators(reader)
    ]
    return {
        "annotator_summary": rows_of("annotator_summary", ((name, a) for name, a, _ in told)),
        "annotator_correlations": rows_of(
            "annotator_correlations", ((name, b) for name, _, b in told)
        ),
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
    tables=KEPT_TABLES,
    settings=(ESTIMATION, LEVEL),
    shows={
        "annotators": """
            SELECT estimator, annotator, round(sensitivity_mean, 3) AS sensitivity,
                   round(specificity_mean, 3) AS specificity FROM annotator_summary ORDER BY ALL
            """
    },
)


def _predictive_frames(reader: Reader, progress: Progress) -> Frames:
    rated, annotators = rated_cvs(reader), used_annotators(reader)
    predicting = {e.name: e.predict for e in chosen_estimators(reader) if e.predict is not None}
    compared = (
        (
            estimator,
            predictive_checks(
                rated,
                annotators,
                reader.study.settings(),
                seed=reader.study.seed,
                predict=predict,
                level=reader.study.level,
                compute=reader.around.compute,
                progress=told,
            ),
        )
        for (estimator, predict), told in one_by_one(predicting.items(), progress)
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
    tables=(*USE, *LABELS),
    columns=VERDICTS,
    settings=(ESTIMATION, LEVEL),
    shows={
        "predicted": """
            SELECT estimator, is_expert, count(*) AS patterns,
                   round(avg(within::INTEGER), 3) AS share_within
            FROM predictive_checks GROUP BY ALL ORDER BY ALL
            """
    },
    measures="""
        SELECT 'patterns within their prediction (%), ' || estimator, 100 * avg(within::INTEGER)
        FROM predictive_checks GROUP BY estimator ORDER BY ALL
        """,
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
    tables=(*USE, *EVIDENCE, "annotator_fit"),
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
    tables=(*USE, *EVIDENCE, *LABELS),
    columns=VERDICTS,
    settings=(ESTIMATION,),
)
