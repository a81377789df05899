"""The tables of the warehouse, by stage."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pandera.pandas as pa

from ml_headcount_assets.model.drift import DRIFTS, EASIER, EXPLAINED
from ml_headcount_assets.model.estimators import ESTIMATORS
from ml_headcount_assets.model.priors import SIZE_BANDS
from ml_headcount_assets.model.settings import LAYERS
from ml_headcount_assets.study.annotators import WHEN_DRIFTING
from ml_headcount_assets.text.keywords import LISTS

from .table import (
    BIGINT,
    BIGINTS,
    BOOLEAN,
    DOUBLE,
    DOUBLES,
    INTEGER,
    INTEGERS,
    TEXT,
    TEXTS,
    TINYINT,
    Table,
    column,
    table,
)

__all__ = ["KEYWORD_TABLES", "PEOPLE_TABLES", "RUN_TABLES", "SENSITIVITY_TABLES", "TABLES"]


_not_negative = pa.Check.ge(0)

_positive = pa.Check.gt(0)

_a_label = pa.Check.isin([0, 1])

_a_share = pa.Check.in_range(0, 1)

_a_correlation = pa.Check.in_range(-1, 1)

_a_pattern = pa.Check.str_matches(r"^[01-]*$")


def _lists_of_one_length(lists: pd.Series) -> bool:
    return lists.map(len).nunique() <= 1


def _finite(lists: pd.Series) -> pd.Series:
    return lists.map(lambda values: bool(np.isfinite(np.asarray(values, dtype=float)).all()))


_same_length = pa.Check(_lists_of_one_length, name="lists_of_one_length")

_all_finite = pa.Check(_finite, name="all_finite")

_COMPANY = {
    "company": column(TEXT, "Partition key: a stable ASCII slug of the company id"),
    "company_id": column(TEXT, "Id of the company in the study's files, normalised"),
}


def _known(names: pd.Series) -> pd.Series:
    return names.isin(list(ESTIMATORS))


_ESTIMATOR = {"estimator": column(TEXT, "Estimator", pa.Check(_known, name="known_estimator"))}

_ANNOTATOR = {"annotator": column(TEXT, "Name of the annotator")}

_LEVEL = {
    "level": column(
        DOUBLE,
        "Probability content of the interval",
        pa.Check.in_range(0, 1, include_min=False, include_max=False),
    )
}

_INTERVAL = {
    "mean": column(DOUBLE, "Mean of the draws", _not_negative, nullable=True),
    "sd": column(DOUBLE, "Standard deviation of the draws", _not_negative, nullable=True),
    "low": column(DOUBLE, "Lower end of the interval", _not_negative, nullable=True),
    "median": column(DOUBLE, "Median of the draws", _not_negative, nullable=True),
    "high": column(DOUBLE, "Upper end of the interval", _not_negative, nullable=True),
    **_LEVEL,
}

_EVIDENCE = column(
    TEXT, "What the estimate rests on", pa.Check.isin(["profiles", "aggregates", "none"])
)

_FLAGS = column(TEXT, "What was noticed about the company, separated by ';'")

_HEADCOUNT = column(BIGINT, "Employees of the company", _positive, nullable=True)

_PROFILES = column(BIGINT, "Profiles with labels", _not_negative)

_PROFILE = {**_COMPANY, "profile_id": column(TEXT, "Id of the profile within the company")}

_TEXT = {
    "text": column(TEXT, "What it says about work and education"),
    "text_hash": column(TEXT, "Hash by which the text is known"),
    "recipe": column(TEXT, "Version of the recipe that the text is made by"),
}

_RATED_ID = {"rated_id": column(TEXT, "Id of the rated CV")}

_LABEL = {
    **_ANNOTATOR,
    "label": column(TINYINT, "Label; missing if it could not be had", _a_label, nullable=True),
    "missing": column(TEXT, "Why there is no label", nullable=True),
    "recipe": column(TEXT, "Recipe of the text that was labelled", nullable=True),
    "model": column(TEXT, "Model, or fingerprint of the keyword rule", nullable=True),
    "prompt": column(TEXT, "Version of the prompt", nullable=True),
    "labelled_at": column(TEXT, "When an LLM gave it (UTC, ISO 8601)", nullable=True),
}

_PROFILE_LABEL = {**_PROFILE, **_LABEL}

_LABEL_KEY = ["company", "profile_id", "annotator"]

_CONFIDENCE = ["probable", "possible", "non-zero", "not detected", "no evidence"]

_LABELLED_TEXTS = ["profiles", "accepted counts", "search"]

_GROUPINGS = ["all", "cohort", "size_band", "country", "subregion", "confidence"]


def _measured(meaning: str, *checks: pa.Check) -> pa.Column:
    """Return a column of what may be undefined, as the precision of what never fires is."""
    return column(DOUBLE, meaning, *checks, nullable=True)


def _share_summary(of: str) -> dict[str, pa.Column]:
    return {
        f"{of}_mean": column(DOUBLE, f"Mean {of}", _a_share),
        f"{of}_low": column(DOUBLE, f"Lower end of the interval of the {of}", _a_share),
        f"{of}_high": column(DOUBLE, f"Upper end of the interval of the {of}", _a_share),
    }


_INGEST = [
    table(
        "companies",
        {
            **_COMPANY,
            "name": column(TEXT, "Name of the company", nullable=True),
            "aliases": column(TEXT, "Its other ids and names, separated by ';'", nullable=True),
            "headcount": _HEADCOUNT,
            "headcount_low": column(
                BIGINT, "Fewest employees, where only a band is known", _positive, nullable=True
            ),
            "headcount_high": column(
                BIGINT, "Most employees, where only a band is known", _positive, nullable=True
            ),
            "size_band": column(TEXT, "Band of the headcount", pa.Check.isin(SIZE_BANDS)),
            "cohort": column(TEXT, "Cohorts, separated by ';'", nullable=True),
            "headquarters": column(TEXT, "Where the company is based", nullable=True),
            "country": column(TEXT, "Country of the headquarters", nullable=True),
        },
        key=["company"],
        part="company",
    ),
    table(
        "company_counts",
        {
            **_COMPANY,
            **_ANNOTATOR,
            "hits": column(
                BIGINT, "People found among all employees", _not_negative, nullable=True
            ),
            "accepted": column(
                BIGINT, "People accepted among those labelled", _not_negative, nullable=True
            ),
            "labelled": column(BIGINT, "People labelled", _positive, nullable=True),
        },
        key=["company", "annotator"],
        part="company",
    ),
    table(
        "rated_cvs",
        {
            **_RATED_ID,
            "is_expert": column(TINYINT, "The raters' verdict", _a_label),
            **_TEXT,
        },
        key=["rated_id"],
    ),
    table(
        "rated_labels",
        {
            **_RATED_ID,
            **_ANNOTATOR,
            "label": column(
                TINYINT, "Label; missing if it could not be had", _a_label, nullable=True
            ),
        },
        key=["rated_id", "annotator"],
    ),
    table(
        "annotators",
        {
            **_ANNOTATOR,
            "kind": column(TEXT, "What kind of classifier", pa.Check.isin(["llm", "filter"])),
            "derived": column(TEXTS, "Annotators of whose labels it is the logical AND"),
        },
        key=["annotator"],
    ),
    table(
        "batch_results",
        {
            **_ANNOTATOR,
            "about": column(
                TEXT, "What the key is of: a person, or a text", pa.Check.isin(["person", "text"])
            ),
            "key": column(TEXT, "Id of the person, or hash of the text"),
            "label": column(TINYINT, "Label; missing if there is none", _a_label, nullable=True),
            "missing": column(TEXT, "Why there is no label", nullable=True),
        },
        key=["annotator", "about", "key"],
    ),
    table(
        "profiles",
        {
            **_PROFILE,
            "snapshot": column(TEXT, "When it was taken (UTC, ISO 8601)", nullable=True),
            **_TEXT,
        },
        key=["company", "profile_id"],
        part="company",
    ),
    table(
        "rejects",
        {
            "reader": column(
                TEXT,
                "Which reader set it aside",
                pa.Check.isin(
                    ["companies", "rated_cvs", "profiles", "batch_results", "profile_labels"]
                ),
            ),
            "source_file": column(TEXT, "File in the study directory"),
            "line": column(BIGINT, "Line of the file", nullable=True),
            "field": column(TEXT, "Field that cannot be used", nullable=True),
            "reason": column(TEXT, "Why, and what was done"),
            "value_digest": column(TEXT, "Digest of the value, never the value", nullable=True),
        },
        key=[],
        part="reader",
    ),
]

_ANNOTATE = [
    table("keyword_labels", _PROFILE_LABEL, key=_LABEL_KEY, part="company"),
    table("llm_labels", _PROFILE_LABEL, key=_LABEL_KEY, part="company"),
    table("rated_llm_labels", {**_RATED_ID, **_LABEL}, key=["rated_id", "annotator"]),
    table("profile_labels", _PROFILE_LABEL, key=_LABEL_KEY, part="company"),
    table(
        "pattern_counts",
        {
            **_COMPANY,
            "pattern": column(TEXT, "One of '0', '1', '-' per annotator, by name", _a_pattern),
            "n_profiles": column(BIGINT, "Profiles with this pattern", _positive),
        },
        key=["company", "pattern"],
        part="company",
    ),
    table(
        "rated_profiles",
        {
            **_PROFILE,
            "rater": column(TEXT, "Who rated it, as they call themselves"),
            "verdict": column(
                TEXT, "What they said: is it an expert?", pa.Check.isin(["yes", "no", "unsure"])
            ),
            "criteria": column(TEXTS, "The criteria that they ticked"),
            "text_hash": column(TEXT, "Hash of the text that was rated; empty if it had none"),
            "rated_at": column(TEXT, "When (UTC, ISO 8601)"),
            "standing": column(
                TEXT,
                "Whether it counts, or why not",
                pa.Check.isin(["counts", "unsure", "text has changed", "profile is gone"]),
            ),
        },
        key=["company", "profile_id", "rater"],
        part="company",
    ),
    table(
        "deployed_ratings",
        {
            **_COMPANY,
            "pattern": column(TEXT, "One of '0', '1', '-' per annotator, by name", _a_pattern),
            "yes": column(
                INTEGER, "Raters who called each of these people an expert", _not_negative
            ),
            "no": column(INTEGER, "Raters who called each of them none", _not_negative),
            "n_profiles": column(BIGINT, "Rated profiles of this kind", _positive),
        },
        key=["company", "pattern", "yes", "no"],
        part="company",
    ),
    table(
        "rater_agreement",
        {
            "raters": column(TEXT, "The two raters, by letters in the order of their names"),
            "criterion": column(TEXT, "Which criterion; empty for the verdict"),
            "n_profiles": column(BIGINT, "Profiles that both of them rated", _positive),
            "both_yes": column(BIGINT, "Profiles to which both said yes", _not_negative),
            "first_only": column(BIGINT, "To which only the first did", _not_negative),
            "second_only": column(BIGINT, "To which only the second did", _not_negative),
            "both_no": column(BIGINT, "To which neither did", _not_negative),
            "agreed": column(DOUBLE, "Share on which they agree", _a_share),
            "kappa": column(
                DOUBLE,
                "Cohen's kappa; missing where both always say the same one thing",
                _a_correlation,
                nullable=True,
            ),
            "low": column(DOUBLE, "Lower end of its interval", _a_correlation),
            "high": column(DOUBLE, "Upper end of its interval", _a_correlation),
            **_LEVEL,
        },
        key=["raters", "criterion"],
    ),
]

_CALIBRATE = [
    table(
        "annotator_fit",
        {
            **_ESTIMATOR,
            "draw": column(INTEGER, "Number of the draw, from 0", _not_negative),
            "rated": column(BIGINTS, "Rated non-experts and experts", _same_length),
            "positive_rates": column(
                DOUBLES, "P(label 1 | class), class by annotator", _same_length, _all_finite
            ),
            "correlations": column(
                DOUBLES, "Latent correlation matrix per class", _same_length, _all_finite
            ),
            "pattern_probabilities": column(
                DOUBLES, "P(pattern | class); empty where undefined", _all_finite
            ),
            "repair_distance": column(
                DOUBLES, "How far each matrix was moved", _same_length, _all_finite
            ),
        },
        key=["estimator", "draw"],
    ),
    table(
        "annotator_summary",
        {
            **_ESTIMATOR,
            **_ANNOTATOR,
            **_share_summary("sensitivity"),
            **_share_summary("specificity"),
            **_LEVEL,
        },
        key=["estimator", "annotator"],
    ),
    table(
        "annotator_correlations",
        {
            **_ESTIMATOR,
            "is_expert": column(TINYINT, "Class", _a_label),
            "annotator_a": column(TEXT, "First annotator"),
            "annotator_b": column(TEXT, "Second annotator"),
            "mean": column(DOUBLE, "Mean latent correlation", _a_correlation),
            "low": column(DOUBLE, "Lower end of the interval", _a_correlation),
            "high": column(DOUBLE, "Upper end of the interval", _a_correlation),
            **_LEVEL,
        },
        key=["estimator", "is_expert", "annotator_a", "annotator_b"],
    ),
    table(
        "cohort_fit",
        {
            **_ESTIMATOR,
            "draw": column(INTEGER, "Number of the draw, from 0", _not_negative),
            "scale": column(
                DOUBLE, "Experts found from profiles over those found from counts", _positive
            ),
            "filters": column(TEXTS, "Keyword filters of the copula", _same_length),
            "correlations": column(
                DOUBLES, "Their latent correlation matrix", _same_length, _all_finite
            ),
            "companies_with_profiles": column(
                BIGINT, "Companies the correlations rest on", _not_negative
            ),
            "companies_with_both": column(BIGINT, "Companies the scale rests on", _not_negative),
        },
        key=["estimator", "draw"],
    ),
    table(
        "hierarchical_fit",
        {
            **_ESTIMATOR,
            "state": column(INTEGER, "Number of the state, from 0", _not_negative),
            "theta": column(DOUBLES, "All parameters", _same_length, _all_finite),
            "rated": column(DOUBLES, "P(pattern | class) among rated CVs", _all_finite),
            "near": column(
                DOUBLES, "P(pattern) of deployed near misses, by source of text", _all_finite
            ),
            "easy": column(DOUBLES, "P(pattern) of easy people, by source of text", _all_finite),
            "expert": column(
                DOUBLES, "P(pattern) of deployed experts, by source of text", _all_finite
            ),
            "record": column(
                TEXT, "What the states share (JSON), in the row of state 0", nullable=True
            ),
        },
        key=["estimator", "state"],
    ),
    table(
        "annotator_drift",
        {
            **_ANNOTATOR,
            "cohort": column(TEXT, "Cohort; empty for all companies together"),
            "text": column(TEXT, "Where the labels come from", pa.Check.isin(_LABELLED_TEXTS)),
            "people": column(BIGINT, "People with a label", _positive),
            "fires": column(DOUBLE, "Share of them on which it fires", _a_share),
            "low": column(DOUBLE, "Lower end of the interval of that share", _a_share),
            "high": column(DOUBLE, "Upper end of the interval of that share", _a_share),
            **_LEVEL,
            "rated_others": column(DOUBLE, "The same among rated non-experts", _a_share),
            "rated_experts": column(DOUBLE, "The same among rated experts", _a_share),
            "share_of_experts": column(DOUBLE, "Share of experts that explains it best", _a_share),
            "misfit": column(DOUBLE, "Standard errors by which it does not", _not_negative),
            "partner": column(
                TEXT, "Annotator with which it agrees least as it did", nullable=True
            ),
            "agreement": _measured("How often it fires where the partner does", _a_share),
            "agreement_of_others": _measured("The same among rated non-experts", _a_share),
            "agreement_of_experts": _measured("The same among rated experts", _a_share),
            "agreement_misfit": _measured(
                "Standard errors by which it lies outside these two", _not_negative
            ),
            "pair_misfit": _measured(
                "Standard errors by which no share of experts explains both", _not_negative
            ),
            "verdict": column(TEXT, "What explains it", pa.Check.isin([EXPLAINED, EASIER, DRIFTS])),
        },
        key=["annotator", "cohort", "text"],
    ),
    table(
        "annotator_use",
        {
            **_ANNOTATOR,
            "drifts": column(BOOLEAN, "Whether it drifts on the profiles of all companies"),
            "when_drifting": column(
                TEXT, "What the study says is to be done then", pa.Check.isin(WHEN_DRIFTING)
            ),
            "left_out": column(BOOLEAN, "Whether the estimates leave it out"),
        },
        key=["annotator"],
    ),
    table(
        "predictive_checks",
        {
            **_ESTIMATOR,
            "is_expert": column(TINYINT, "Class", _a_label),
            "pattern": column(
                TEXT, "One of '0', '1', '-' per annotator of the likelihood", _a_pattern
            ),
            "observed": column(BIGINT, "Rated CVs with this pattern", _not_negative),
            "expected": column(DOUBLE, "Held-out prediction", _not_negative),
            "low": column(DOUBLE, "Lower end of the prediction", _not_negative),
            "high": column(DOUBLE, "Upper end of the prediction", _not_negative),
            **_LEVEL,
            "within": column(BOOLEAN, "Whether the prediction covers the observed count"),
        },
        key=["estimator", "is_expert", "pattern"],
    ),
]

_TOLD = [
    table(
        "deployed_rates",
        {
            **_ESTIMATOR,
            **_ANNOTATOR,
            "kind": column(TEXT, "What kind of classifier"),
            "text": column(TEXT, "Rated CVs, or the text that was labelled in deployment"),
            "rate": column(
                TEXT,
                "Sensitivity, or how often it fires on which others",
                pa.Check.isin(
                    ["sensitivity", "false_positive_rate", "near_miss_rate", "easy_rate"]
                ),
            ),
            "mean": column(DOUBLE, "Mean of the rate", _a_share),
            "low": column(DOUBLE, "Lower end of its interval", _a_share),
            "median": column(DOUBLE, "Median of the rate", _a_share),
            "high": column(DOUBLE, "Upper end of its interval", _a_share),
            **_LEVEL,
        },
        key=["estimator", "annotator", "text", "rate"],
    ),
    table(
        "learned_scales",
        {
            **_ESTIMATOR,
            "quantity": column(TEXT, "What was learned"),
            "subject": column(TEXT, "Of whom: kind and text, or cohort; empty for all"),
            "mean": column(DOUBLE, "Mean of the draws"),
            "low": column(DOUBLE, "Lower end of the interval"),
            "median": column(DOUBLE, "Median of the draws"),
            "high": column(DOUBLE, "Upper end of the interval"),
            **_LEVEL,
        },
        key=["estimator", "quantity", "subject"],
    ),
    table(
        "prior_posterior",
        {
            **_ESTIMATOR,
            "cohort": column(TEXT, "Cohort; empty if there is none"),
            "band": column(TEXT, "Band of the headcount", pa.Check.isin(SIZE_BANDS)),
            "companies": column(BIGINT, "Companies of this kind", _positive),
            "prior_mean": column(DOUBLE, "Mean share of experts by the prior", _a_share),
            "posterior_mean": column(DOUBLE, "Mean share that was learned", _a_share),
            "posterior_sd": column(DOUBLE, "Its standard deviation", _not_negative),
            "low": column(DOUBLE, "Lower end of its interval", _a_share),
            "high": column(DOUBLE, "Upper end of its interval", _a_share),
            **_LEVEL,
            "shift_in_prior_sd": column(DOUBLE, "Shift on the logit scale, in prior sd"),
            "overlap": column(DOUBLE, "Common area of prior and posterior", _a_share),
            "prior_concentration": column(DOUBLE, "a + b of the prior", _positive),
            "posterior_concentration": column(DOUBLE, "a + b that was learned", _positive),
        },
        key=[],
    ),
    table(
        "company_prevalences",
        {
            **_ESTIMATOR,
            "company_id": _COMPANY["company_id"],
            "prior_mean": column(DOUBLE, "Mean share of experts by the prior", _a_share),
            "mean": column(DOUBLE, "Mean share of experts", _a_share),
            "low": column(DOUBLE, "Lower end of its interval", _a_share),
            "high": column(DOUBLE, "Upper end of its interval", _a_share),
            **_LEVEL,
            "easy_share": column(DOUBLE, "Share of easy people among the others", _a_share),
            "overlap": column(DOUBLE, "Common area of prior and posterior", _a_share),
            "rests_on": column(TEXT, "Kinds of evidence: profiles, accepted, hits"),
        },
        key=["estimator", "company_id"],
    ),
    table(
        "cohort_patterns",
        {
            **_ESTIMATOR,
            "cohort": column(TEXT, "Cohort; empty if there is none"),
            "text": column(TEXT, "Where the labels come from", pa.Check.isin(_LABELLED_TEXTS)),
            "annotators": column(TEXT, "Who fires; two joined by ' + ' fire together"),
            "pair_of_llms": column(BOOLEAN, "Whether it is two LLMs"),
            "people": column(BIGINT, "People with these labels", _positive),
            "seen": column(DOUBLE, "Share of them", _a_share),
            "expected": column(DOUBLE, "Share that the fit expects", _not_negative),
            "low": column(DOUBLE, "Lower end of the prediction", _not_negative),
            "high": column(DOUBLE, "Upper end of the prediction", _not_negative),
            **_LEVEL,
            "deviation": column(DOUBLE, "Seen less expected, in predictive sd"),
            "ratio": column(DOUBLE, "Seen over expected", _not_negative),
        },
        key=["estimator", "cohort", "text", "annotators"],
    ),
    table(
        "diagnostics",
        {
            **_ESTIMATOR,
            "measure": column(TEXT, "What was measured"),
            "subject": column(TEXT, "Of whom"),
            "value": column(DOUBLE, "What it is; missing if there is none", nullable=True),
            "threshold": column(DOUBLE, "From where on it speaks against the estimate"),
            "verdict": column(TEXT, "Whether it does", pa.Check.isin(["good", "doubtful"])),
            "because": column(TEXT, "What is then to be said", nullable=True),
            "would_help": column(TEXT, "What would help", nullable=True),
        },
        key=[],
    ),
    table(
        "uncertainty_budget",
        {
            **_ESTIMATOR,
            "company_id": column(TEXT, "Id of the company; empty for the total"),
            "layer": column(TEXT, "Source of uncertainty", pa.Check.isin([*LAYERS, "all"])),
            "sd_alone": column(DOUBLE, "Standard deviation by this source alone", _not_negative),
            "sd_without": column(DOUBLE, "Standard deviation by all others", _not_negative),
            "width_alone": column(DOUBLE, "Width of the interval by it alone", _not_negative),
            "width_without": column(DOUBLE, "Width of the interval by all others", _not_negative),
            "share": column(DOUBLE, "Share of the variances alone", _a_share, nullable=True),
            **_LEVEL,
        },
        key=["estimator", "company_id", "layer"],
    ),
    table(
        "rating_proposal",
        {
            "purpose": column(TEXT, "Whose total is to be narrowed"),
            "stratum": column(TEXT, "The cohort, or the company that the plan is for"),
            "pattern": column(TEXT, "Labels of the likelihood's annotators, by name", _a_pattern),
            "n_profiles": column(BIGINT, "Labelled profiles of this kind, not rated", _positive),
            "expert_share": column(DOUBLE, "Mean share of experts among them", _a_share),
            "sd": column(DOUBLE, "Its standard deviation over the draws", _not_negative),
            "n_random": column(BIGINT, "Of these ratings, those drawn by chance", _not_negative),
            "n_ratings": column(BIGINT, "Profiles to rate", _positive),
            "inclusion": column(DOUBLE, "Probability with which each is chosen", _a_share),
            "narrowed": column(
                DOUBLE, "Width of the total's interval that all ratings should leave", _a_share
            ),
            "narrowed_by_chance": column(
                DOUBLE, "The same, were all of them drawn by chance", _a_share
            ),
            **_LEVEL,
        },
        key=["purpose", "stratum", "pattern"],
    ),
    table(
        "rating_effect",
        {
            "quantity": column(TEXT, "Total of experts, rate of an annotator, or scale of drift"),
            "subject": column(TEXT, "Group of companies, annotator, or kind of annotator"),
            "text": column(TEXT, "What the annotator read; empty for totals and scales"),
            **{
                f"{when}_{end}": column(DOUBLE, f"{name} {words} the verdicts", _not_negative)
                for when, words in (("before", "without"), ("after", "with"))
                for end, name in (
                    ("low", "Lower end of the interval"),
                    ("median", "Median"),
                    ("high", "Upper end of the interval"),
                )
            },
            "narrowed": column(
                DOUBLE, "Width with the verdicts over that without", _not_negative, nullable=True
            ),
            **_LEVEL,
            "rated_profiles": column(BIGINT, "Profiles that people have rated", _positive),
        },
        key=["quantity", "subject", "text"],
    ),
    table(
        "prior_sensitivity",
        {
            **_ESTIMATOR,
            "variant": column(TEXT, "What was changed or left out"),
            "group_name": column(TEXT, "Cohort, or all companies"),
            "companies": column(BIGINT, "Companies in the group with evidence", _not_negative),
            "mean": column(DOUBLE, "Mean of the draws", _not_negative, nullable=True),
            "low": column(DOUBLE, "Lower end of the interval", _not_negative, nullable=True),
            "median": column(DOUBLE, "Median of the draws", _not_negative, nullable=True),
            "high": column(DOUBLE, "Upper end of the interval", _not_negative, nullable=True),
            **_LEVEL,
            "ratio": column(
                DOUBLE, "Median over that of the estimate as it is", _not_negative, nullable=True
            ),
        },
        key=["estimator", "variant", "group_name"],
    ),
    table(
        "validity_scores",
        {
            "scenario": column(TEXT, "Kind of simulated world"),
            "method": column(TEXT, "The oracle, an estimator, or another package's method"),
            "worlds": column(BIGINT, "Worlds that it was tried on", _positive),
            "draws": column(BIGINT, "Joint draws of each method that draws", _positive),
            "answered": _measured("Companies that it answers, of those with evidence", _a_share),
            "coverage_50": _measured("Truths within intervals of 50 %", _a_share),
            "coverage_80": _measured("Truths within intervals of 80 %", _a_share),
            "coverage_95": _measured("Truths within intervals of 95 %", _a_share),
            "ranks": _measured(
                "Truths within the central 80 % of the draws, ties by lot", _a_share
            ),
            "ranks_error": _measured("Standard error of that over worlds", _not_negative),
            "log_score": _measured("Interval score of log(1 + experts) at 80 %", _not_negative),
            "log_score_error": _measured("Standard error of that over worlds", _not_negative),
            "to_oracle": _measured("That over the oracle's, on the same companies", _not_negative),
            "total_ratio": _measured("Estimated over true total, geometric mean", _not_negative),
            "total_80": _measured("Worlds whose total is within its 80 % interval", _a_share),
            "warned": _measured("Worlds in which it said why not to trust it", _a_share),
            "failed": _measured("Worlds in which it gave no answer", _a_share),
            "seconds": _measured("Processor seconds a world", _not_negative),
        },
        key=["scenario", "method"],
    ),
]

_ESTIMATE = [
    table(
        "headcount_draws",
        {
            **_COMPANY,
            **_ESTIMATOR,
            "evidence": _EVIDENCE,
            "flags": _FLAGS,
            "n_profiles": _PROFILES,
            "headcount": _HEADCOUNT,
            "draws": column(
                INTEGERS, "Experts in each joint draw; -1 without evidence", _same_length
            ),
        },
        key=["company", "estimator"],
        part="company",
    ),
    table(
        "synthetic_counts",
        {
            **_COMPANY,
            **_ESTIMATOR,
            "pattern": column(TEXT, "One of '0', '1', '-' per annotator, by name", _a_pattern),
            "mean_count": column(DOUBLE, "Mean number of employees", _not_negative),
            "low": column(DOUBLE, "Lower end of the interval", _not_negative),
            "high": column(DOUBLE, "Upper end of the interval", _not_negative),
            **_LEVEL,
        },
        key=["company", "estimator", "pattern"],
        part="company",
    ),
    table(
        "headcount_intervals",
        {
            **_COMPANY,
            **_ESTIMATOR,
            "n_profiles": _PROFILES,
            "headcount": _HEADCOUNT,
            "evidence": _EVIDENCE,
            **_INTERVAL,
            "share": column(DOUBLE, "Median share of the employees", _not_negative, nullable=True),
            "confidence": column(TEXT, "Confidence", pa.Check.isin(_CONFIDENCE)),
            "flags": _FLAGS,
        },
        key=["company", "estimator"],
        part="company",
    ),
    table(
        "portfolio_intervals",
        {
            **_ESTIMATOR,
            "grouping": column(TEXT, "What the group is made by", pa.Check.isin(_GROUPINGS)),
            "group_name": column(TEXT, "Name of the group"),
            "companies": column(BIGINT, "Companies in the group", _not_negative),
            "companies_without_evidence": column(
                BIGINT, "Those that the total leaves out", _not_negative
            ),
            **_INTERVAL,
        },
        key=["estimator", "grouping", "group_name"],
    ),
]

_FILTER = {"filter": column(TEXT, "Name of the proposed filter")}

_JUDGED = {
    "judged": column(
        TEXT,
        "On which CVs: on others than it was learned on, or on the very same",
        pa.Check.isin(["cross_validated", "same_cvs"]),
    )
}

_DOCUMENTS = column(BIGINT, "Rated CVs of the class that have the phrase", _not_negative)

_THRESHOLD = pa.Check.isin(["strict", "broad"])


def _rate_with_interval(rate: str) -> dict[str, pa.Column]:
    return {
        rate: column(DOUBLE, rate.capitalize(), _a_share),
        f"{rate}_low": column(DOUBLE, "Lower end of its interval", _a_share),
        f"{rate}_high": column(DOUBLE, "Upper end of its interval", _a_share),
    }


_KEYWORDS = [
    table(
        "keyword_phrases",
        {
            "phrase": column(TEXT, "Phrase that several rated CVs have"),
            "n_words": column(INTEGER, "Its words", _positive),
            "experts": _DOCUMENTS,
            "others": _DOCUMENTS,
            "tf_idf_experts": column(DOUBLE, "Mean TF-IDF in experts' CVs", _not_negative),
            "tf_idf_others": column(DOUBLE, "Mean TF-IDF in the others' CVs", _not_negative),
            "keybert_experts": column(
                BIGINT, "Experts' CVs for which KeyBERT names it", _not_negative
            ),
            "keybert_others": column(
                BIGINT, "Others' CVs for which KeyBERT names it", _not_negative
            ),
            "keybert_relevance": _measured("Mean cosine to the CVs that it is named for"),
            "log_odds": column(DOUBLE, "Shrunken log-odds ratio, experts against others"),
            "log_odds_sd": column(DOUBLE, "Its standard deviation", _not_negative),
            "z": column(DOUBLE, "Log-odds ratio in standard deviations"),
            "theme": column(INTEGER, "Theme; missing if it belongs to none", nullable=True),
            "x": column(DOUBLE, "Place on the map of the phrases"),
            "y": column(DOUBLE, "Place on the map of the phrases"),
            **{name: column(BOOLEAN, f"Whether it is on the list {name}") for name in LISTS},
        },
        key=["phrase"],
    ),
    table(
        "keyword_themes",
        {
            "theme": column(INTEGER, "Number of the theme", _not_negative),
            "name": column(TEXT, "Its most central phrase"),
            "n_phrases": column(INTEGER, "Its phrases", _positive),
            "phrases": column(TEXTS, "Its phrases, the most central first"),
            "log_odds": column(DOUBLE, "Mean log-odds ratio of its phrases"),
        },
        key=["theme"],
    ),
    table(
        "keyword_filters_found",
        {
            **_FILTER,
            "yes": column(TEXT, "Threshold of its yes list", _THRESHOLD),
            "no": column(TEXT, "Threshold of its no list", _THRESHOLD, nullable=True),
            **_JUDGED,
            "n": column(BIGINT, "Rated CVs it is judged on", _positive),
            **_rate_with_interval("sensitivity"),
            **_rate_with_interval("specificity"),
            **_LEVEL,
            "precision": _measured("Share of experts where it fires", _a_share),
            "recall": column(DOUBLE, "The sensitivity", _a_share),
            "information": _measured("Bits per CV, given the other annotators' labels"),
            "information_sd": _measured("Its standard deviation", _not_negative),
            "proposed": column(BOOLEAN, "Whether it tells the headcount model most"),
            "yes_terms": column(TEXTS, "The rule: one of these phrases has to be there"),
            "no_terms": column(TEXTS, "The rule: none of these may be there"),
        },
        key=["filter", "judged"],
    ),
    table(
        "keyword_optimism",
        {
            **_FILTER,
            "measure": column(TEXT, "What is measured"),
            "same_cvs": _measured("Judged on the CVs it was learned on"),
            "cross_validated": _measured("Judged on CVs it has not seen"),
            "optimism": _measured("The difference"),
        },
        key=["filter", "measure"],
    ),
    table(
        "keyword_precision_recall",
        {
            "list": column(TEXT, "Name of the list", pa.Check.isin(LISTS)),
            **_JUDGED,
            "threshold": column(INTEGER, "How many of its phrases a CV has", _not_negative),
            "precision": _measured("Share of the list's class among such CVs", _a_share),
            "recall": _measured("Share of the class that such CVs are", _a_share),
        },
        key=["list", "judged", "threshold"],
    ),
    table(
        "keyword_folds",
        {
            **_RATED_ID,
            **_FILTER,
            "fold": column(INTEGER, "Fold that the CV was held out in", _not_negative),
            "label": column(TINYINT, "What the filter says, learned without it", _a_label),
        },
        key=["rated_id", "filter"],
    ),
    table(
        "keyword_reach",
        {
            "kind": column(TEXT, "What fires", pa.Check.isin(["phrase", "filter"])),
            "name": column(TEXT, "The phrase, or the name of the filter"),
            "profiles": column(BIGINT, "Profiles that it fires on", _not_negative),
            "of_profiles": column(BIGINT, "Profiles with a text", _positive),
            "share": column(DOUBLE, "Share of them", _a_share),
            "companies": column(BIGINT, "Companies that have such profiles", _not_negative),
            "of_companies": column(BIGINT, "Companies that have profiles", _positive),
            "top_companies": column(TEXTS, "Ids of those that have most, the first first"),
            "top_profiles": column(BIGINTS, "How many each of them has"),
        },
        key=["kind", "name"],
    ),
]

#: Tables of keyword discovery, which is a job of its own: they may be absent.
KEYWORD_TABLES: tuple[str, ...] = tuple(table.name for table in _KEYWORDS)

#: Tables that are made when somebody asks for them: they may be absent.
SENSITIVITY_TABLES = (
    "uncertainty_budget",
    "prior_sensitivity",
    "rating_proposal",
    "rating_effect",
    "validity_scores",
)

_RUN = {"run": column(TEXT, "Id of the run, as Dagster knows it")}

_RUNS = [
    table(
        "runs",
        {
            **_RUN,
            "started": column(TEXT, "When it began (UTC, ISO 8601)"),
            "finished": column(TEXT, "When its results were published (UTC, ISO 8601)"),
            "study": column(TEXT, "Name of the study"),
            "package_version": column(TEXT, "Version of this package"),
            "code": column(TEXT, "Hash of this package's source text"),
            "model_version": column(TEXT, "Version of the model"),
            "settings": column(TEXT, "Configuration in force, as JSON"),
            "inputs": column(TEXT, "Hashes of files and settings by source, as JSON"),
            "content": column(TEXT, "Hash of all that was published"),
            "whole": column(BOOLEAN, "Whether the run was of everything, for all companies"),
            "estimator": column(TEXT, "Estimator of the headline"),
            "companies": column(BIGINT, "Companies with evidence", _not_negative),
            **_INTERVAL,
        },
        key=["run"],
    ),
    table(
        "history",
        {
            **_RUN,
            "company_id": column(TEXT, "Id of the company"),
            "estimator": column(TEXT, "Estimator of the headline"),
            "low": column(DOUBLE, "Lower end of the interval", _not_negative, nullable=True),
            "median": column(DOUBLE, "Median of the draws", _not_negative, nullable=True),
            "high": column(DOUBLE, "Upper end of the interval", _not_negative, nullable=True),
            **_LEVEL,
        },
        key=["run", "company_id"],
    ),
    table(
        "llm_spending",
        {
            "model": column(TEXT, "Model that was asked"),
            "prompt": column(TEXT, "Version of the prompt"),
            "recipe": column(TEXT, "Recipe of the texts"),
            "day": column(TEXT, "Day (UTC)"),
            "requests": column(BIGINT, "Requests that were sent", _not_negative),
            "cost": column(DOUBLE, "What they cost, in the currency of the prices", _not_negative),
            "at_most": column(
                DOUBLE, "What those of unknown cost may have cost at most", _not_negative
            ),
            "labels": column(BIGINT, "Labels that were given", _not_negative),
            "no_label": column(BIGINT, "Answers that are no label", _not_negative),
            "input_tokens": column(BIGINT, "Tokens sent, of these answers", _not_negative),
            "output_tokens": column(BIGINT, "Tokens received, of these answers", _not_negative),
        },
        key=["model", "prompt", "recipe", "day"],
    ),
    table(
        "checks",
        {
            "asset": column(TEXT, "The asset that is checked"),
            "check": column(TEXT, "Name of the check"),
            "looks_for": column(TEXT, "What holds if it passes"),
            "passed": column(BOOLEAN, "Whether it holds"),
            "severity": column(
                TEXT,
                "What happens if it does not: ERROR stops the run, WARN warns",
                pa.Check.isin(["ERROR", "WARN"]),
            ),
            "description": column(TEXT, "What was found; missing if it passed", nullable=True),
            "numbers": column(TEXT, "The numbers that it rests on, as JSON"),
        },
        key=["asset", "check"],
    ),
]

#: Tables of published results that tell of the runs they come from, and of how far these hold.
RUN_TABLES: Mapping[str, Table] = {table.name: table for table in _RUNS}

#: Tables that tell of single persons: they are kept apart, and no reader of results has them.
PEOPLE_TABLES = frozenset(
    {
        *("rated_cvs", "rated_labels", "rated_llm_labels", "keyword_folds"),
        *("profiles", "keyword_labels", "llm_labels", "profile_labels", "batch_results"),
        *("rated_profiles", "rejects"),
    }
)

#: Every table by name, in the order of the journey.
TABLES: Mapping[str, Table] = {
    table.name: table
    for table in (*_INGEST, *_ANNOTATE, *_CALIBRATE, *_TOLD, *_ESTIMATE, *_KEYWORDS)
}
