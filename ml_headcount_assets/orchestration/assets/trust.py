"""Whether estimates are to be believed: drift of the annotators, what a fit says, what it rests on.

Estimates themselves do not belong here, nor what is shown of them.
"""

import pandas as pd

from ml_headcount_assets.compute.protocol import Progress
from ml_headcount_assets.model import MODEL_VERSION, Estimator
from ml_headcount_assets.model.annotators import likelihood_annotators
from ml_headcount_assets.model.drift import annotator_drift, drifting
from ml_headcount_assets.model.estimators import RATINGS_ESTIMATOR
from ml_headcount_assets.model.fitted import Fitted
from ml_headcount_assets.model.rated import count_rated
from ml_headcount_assets.model.sensitivity import prior_sensitivity
from ml_headcount_assets.study.annotators import DROP, KEEP
from ml_headcount_assets.warehouse.records import annotators_of
from ml_headcount_assets.warehouse.schemas import TABLES

from ..evidence import EVIDENCE, LABELS, VERDICTS, rated_cvs, study_evidence
from ..fits import (
    KEPT_TABLES,
    chosen_estimators,
    in_turn,
    one_by_one,
    rows_of,
    stored_estimate,
)
from ..rating_plans import effect_of_ratings, plan_ratings
from ..reader import Reader
from ..recipes import COHORT, Frames, Recipe
from ..stages import CALIBRATE, SENSITIVITY
from ..versions import DRIFT, ESTIMATION, LEVEL

#: Draws that take a total apart, or tell how far it moves: quantiles to a tenth of a width.
_DRAWS = 200

#: Ratings that are planned for.
_RATINGS = 100


def _drift_frames(reader: Reader, _: Progress) -> Frames:
    study, annotators = reader.study, annotators_of(reader.read("annotators"))
    settings = study.settings()
    evidence = study_evidence(reader, annotators)
    kept = likelihood_annotators(annotators, six_dimensional=settings.six_dimensional)
    rated = count_rated(rated_cvs(reader), kept, missing_as_zero=settings.missing_as_zero)
    table = annotator_drift(rated, evidence.assess(settings), kept, level=study.level)
    drifts = drifting(table)
    rules = study.when_drifting
    use = pd.DataFrame(
        {
            "annotator": [each.name for each in annotators],
            "drifts": [each.name in drifts for each in annotators],
            "when_drifting": [rules.get(each.name, KEEP) for each in annotators],
        }
    )
    use["left_out"] = use["drifts"] & (use["when_drifting"] == DROP)
    return {"annotator_drift": table, "annotator_use": use}


ANNOTATOR_DRIFT = Recipe(
    "annotator_drift",
    makes={
        "annotator_drift": "Whether any share of experts explains what each annotator does in"
        " deployment.",
        "annotator_use": "Which annotators drift, and which of them the estimates leave out.",
    },
    stage=CALIBRATE,
    grain=COHORT,
    version=MODEL_VERSION,
    make=_drift_frames,
    tables=("annotators", *EVIDENCE, *LABELS),
    columns=VERDICTS,
    settings=(ESTIMATION, LEVEL, DRIFT),
    shows={
        "drift": """
            SELECT annotator, cohort, text, round(fires, 4) AS fires,
                   round(rated_others, 3) AS rated_others, round(rated_experts, 3) AS rated_experts,
                   partner, round(agreement, 3) AS agreement, verdict
            FROM annotator_drift WHERE verdict = 'drifts' ORDER BY ALL
            """
    },
    measures="""
        SELECT 'annotators that drift', count(*) FILTER (drifts) FROM annotator_use
        UNION ALL SELECT 'annotators left out', count(*) FILTER (left_out) FROM annotator_use
        """,
)

#: Tables about a fit; an estimator has rows in those that it reports.
_TOLD = (
    *("deployed_rates", "learned_scales", "prior_posterior", "company_prevalences"),
    *("cohort_patterns", "diagnostics"),
)


def _fitted(reader: Reader, estimator: Estimator, *, rated: bool = False) -> Fitted:
    return stored_estimate(
        reader,
        reader.study,
        estimator,
        draws=_DRAWS,
        rated=rated,
        compute=reader.around.compute,
    )


def _told_frames(reader: Reader, progress: Progress) -> Frames:
    told = [
        (estimator.name, estimator.reports(_fitted(reader, estimator), reader.study.level, tell))
        for estimator, tell in one_by_one(
            [each for each in chosen_estimators(reader) if each.reports is not None], progress
        )
        if estimator.reports is not None
    ]
    return {
        table: rows_of(table, ((name, frames[table]) for name, frames in told)) for table in _TOLD
    }


FIT_REPORTS = Recipe(
    "fit_reports",
    makes={
        "deployed_rates": "How often annotators fire on rated CVs and in deployment.",
        "learned_scales": "Drift, silence, easy people, dispersion, effects of cohorts.",
        "prior_posterior": "Mean shares of experts by band and cohort, before and after the data.",
        "company_prevalences": "Each company's share of experts, and what it rests on.",
        "cohort_patterns": "How often annotators fire, alone and in pairs: seen and predicted.",
        "diagnostics": "What could speak against the estimates, and what does.",
    },
    stage=CALIBRATE,
    grain=COHORT,
    version=MODEL_VERSION,
    make=_told_frames,
    tables=(*KEPT_TABLES, *EVIDENCE),
    settings=(ESTIMATION, LEVEL),
    shows={
        "doubts": """
            SELECT estimator, measure, subject, round(value, 3) AS value, threshold, because
            FROM diagnostics WHERE verdict = 'doubtful' ORDER BY ALL
            """
    },
    measures="""
        SELECT 'doubtful measures', count(*) FILTER (verdict = 'doubtful') FROM diagnostics
        """,
)


def _budget_frames(reader: Reader, progress: Progress) -> Frames:
    study = reader.study
    able = [(each, each.budget) for each in chosen_estimators(reader) if each.budget is not None]
    budgets = (
        (estimator.name, budget(_fitted(reader, estimator, rated=True), study.level, tell))
        for (estimator, budget), tell in one_by_one(able, progress)
    )
    return {"uncertainty_budget": rows_of("uncertainty_budget", budgets)}


UNCERTAINTY_BUDGET = Recipe(
    "uncertainty_budget",
    makes={"uncertainty_budget": "How much of each interval's width is due to which source."},
    stage=SENSITIVITY,
    grain=COHORT,
    version=MODEL_VERSION,
    make=_budget_frames,
    tables=(*KEPT_TABLES, *EVIDENCE, *LABELS),
    columns=VERDICTS,
    settings=(ESTIMATION, LEVEL),
    shows={
        "budget": """
            SELECT estimator, layer, round(width_alone) AS width_alone,
                   round(width_without) AS width_without, round(share, 3) AS share
            FROM uncertainty_budget WHERE company_id = ''
            """
    },
)


def _sensitivity_frames(reader: Reader, progress: Progress) -> Frames:
    study = reader.study
    use = reader.read("annotator_use")
    drifts = use.loc[use["drifts"], "annotator"].tolist()
    estimators = [each for each in chosen_estimators(reader) if not each.foil]
    tables = (
        (
            estimator.name,
            prior_sensitivity(
                _fitted(reader, estimator, rated=True),
                level=study.level,
                drifting=drifts,
                progress=in_turn(progress, turn, len(estimators)),
            ),
        )
        for turn, estimator in enumerate(estimators)
    )
    return {"prior_sensitivity": rows_of("prior_sensitivity", tables)}


PRIOR_SENSITIVITY = Recipe(
    "prior_sensitivity",
    makes={
        "prior_sensitivity": "Totals under other priors, and with some of the evidence left out."
    },
    stage=SENSITIVITY,
    grain=COHORT,
    version=MODEL_VERSION,
    make=_sensitivity_frames,
    tables=(*KEPT_TABLES, *EVIDENCE, *LABELS),
    columns=VERDICTS,
    settings=(ESTIMATION, LEVEL),
    shows={
        "totals": """
            SELECT estimator, variant, low, median, high, round(ratio, 2) AS ratio
            FROM prior_sensitivity WHERE group_name = 'all'
            """
    },
)


def _proposal_frames(reader: Reader, _: Progress) -> Frames:
    counts, ratings = reader.read("pattern_counts"), reader.read("deployed_ratings")
    labelled = counts["pattern"].str.contains("[01]")
    left = int(counts.loc[labelled, "n_profiles"].sum() - ratings["n_profiles"].sum())
    if RATINGS_ESTIMATOR not in reader.study.estimators or left < 1:
        return {"rating_proposal": TABLES["rating_proposal"].empty()}
    plan = plan_ratings(reader, reader.study, n=min(_RATINGS, left))
    rows = plan.strata.rename(columns={"group": "stratum"}).assign(
        purpose=plan.purpose,
        narrowed=plan.narrowed,
        narrowed_by_chance=plan.narrowed_by_chance,
        level=plan.level,
    )
    return {"rating_proposal": rows}


RATING_PROPOSAL = Recipe(
    "rating_proposal",
    makes={
        "rating_proposal": "Kinds of profile whose rating would narrow the headline most, for a"
        " hundred ratings."
    },
    stage=SENSITIVITY,
    grain=COHORT,
    version=MODEL_VERSION,
    make=_proposal_frames,
    tables=(*KEPT_TABLES, *EVIDENCE),
    settings=(ESTIMATION, LEVEL),
    shows={
        "proposal": """
            SELECT stratum, pattern, n_profiles, round(expert_share, 2) AS experts, n_ratings
            FROM rating_proposal ORDER BY n_ratings DESC LIMIT 20
            """
    },
)


def _effect_frames(reader: Reader, progress: Progress) -> Frames:
    study = reader.study
    if RATINGS_ESTIMATOR not in study.estimators or reader.read("deployed_ratings").empty:
        return {"rating_effect": TABLES["rating_effect"].empty()}
    compute = reader.around.compute
    return {"rating_effect": effect_of_ratings(reader, study, compute=compute, progress=progress)}


RATING_EFFECT = Recipe(
    "rating_effect",
    makes={
        "rating_effect": "Totals, deployed rates and drift without and with people's verdicts on"
        " profiles."
    },
    stage=SENSITIVITY,
    grain=COHORT,
    version=MODEL_VERSION,
    make=_effect_frames,
    tables=(*KEPT_TABLES, *EVIDENCE, *LABELS),
    columns=VERDICTS,
    settings=(ESTIMATION, LEVEL),
    shows={
        "before and after": """
            SELECT quantity, subject, text, round(before_median, 3) AS before,
                   round(after_median, 3) AS after, round(narrowed, 2) AS width_left
            FROM rating_effect ORDER BY quantity, subject, text LIMIT 40
            """
    },
)
