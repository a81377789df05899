"""From three tables to experts per company, in one call."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from ..compute.protocol import Compute, Progress
from ..errors import InputError
from .annotators import Annotator, check_derived, infer_annotators
from .calibration import AnnotatorFit, fit_annotators
from .cohort import CohortFit, fit_cohort
from .headcount import draw_headcounts
from .patterns import count_patterns
from .priors import Priors
from .result import HeadcountResult
from .settings import EstimatorSettings

__all__ = ["DEFAULT_ESTIMATOR", "estimate_headcount"]

DEFAULT_ESTIMATOR = "five_layer"
_PROFILE_KEYS = {"company_id", "profile_id", "n_profiles"}


def estimate_headcount(
    validation: pd.DataFrame,
    profiles: pd.DataFrame,
    companies: pd.DataFrame,
    estimator: str = DEFAULT_ESTIMATOR,
    preset: str | None = None,
    *,
    draws: int = 1000,
    seed: int = 0,
    layers: Iterable[str] | None = None,
    priors: Priors | None = None,
    compute: Compute | None = None,
    progress: Progress | None = None,
    annotators: Sequence[Annotator] | None = None,
    settings: EstimatorSettings | None = None,
) -> HeadcountResult:
    """Estimate how many experts work at each company, and how sure that is.

    Parameters
    ----------
    validation
        Rated CVs: ``is_expert`` in {0, 1} and one column per annotator in {0, 1, missing}.
    profiles
        ``company_id`` and the same annotators' columns, in any order; optionally
        ``n_profiles``, how many such profiles a row stands for.
    companies
        ``company_id``, ``headcount`` (may be missing); optionally ``cohort``, and
        ``<filter>_hits`` for companies without profiles.
    estimator
        One of `settings.ESTIMATORS`.
    preset
        Name of a set of choices (`EstimatorSettings.preset`); None takes the default ones.
    draws, seed
        Number of joint draws, and the seed of all random streams.
    layers
        Names of the layers that are on; None for all (`settings.LAYERS`).
    priors
        Beta priors of the share of experts; None takes those of the preset.
    compute, progress
        Where the work runs, and a callback ``(done, total)``, once per stage.
    annotators
        Kinds and derivations; None infers them (`annotators.infer_annotators`).
    settings
        All choices at once, instead of `preset`.

    Returns
    -------
    HeadcountResult
        In the order of `companies`. Profiles of companies that are not in that table are left
        out, counted in ``diagnostics["profiles_without_company"]`` and warned about.

    Raises
    ------
    InputError
        If a table cannot be used: an annotator on one side only, a label other than 0, 1 or
        missing, a company twice, no expert among the rated CVs, and the like.

    Notes
    -----
    Annotators are matched by name; the order of columns and rows changes no number. A subset of
    companies with profiles gives the numbers they have in the whole. Companies with keyword
    counts only lean on the others (`cohort.fit_cohort`), so theirs depend on who is there.
    """
    settings = _settings(settings, preset, layers, priors)
    described = _annotators(annotators, validation, profiles)
    if not settings.six_dimensional:
        check_derived(profiles, described, "the profiles")
    _check_companies(companies)
    counts = count_patterns(profiles, [annotator.name for annotator in described])
    matched = counts["company_id"].isin(companies["company_id"].astype(str))
    unmatched = counts[~matched]
    run: dict[str, Any] = {
        "draws": draws,
        "seed": seed,
        "compute": compute,
        "progress": progress,
    }
    fit = fit_annotators(validation, described, settings, estimator=estimator, **run)
    cohort = fit_cohort(fit, counts[matched], companies, settings, **run)
    result = draw_headcounts(
        fit, cohort, counts[matched], companies, settings, estimator=estimator, **run
    )
    result.diagnostics.update(_diagnostics(fit, cohort, unmatched))
    if len(unmatched):
        warnings.warn(
            f"{int(unmatched['n_profiles'].sum())} profiles of "
            f"{unmatched['company_id'].nunique()} companies that are not in the company table "
            "were left out.",
            stacklevel=2,
        )
    return result


def _settings(
    settings: EstimatorSettings | None,
    preset: str | None,
    layers: Iterable[str] | None,
    priors: Priors | None,
) -> EstimatorSettings:
    if settings is not None and preset is not None:
        raise InputError("Give either settings or a preset, not both.")
    if settings is None:
        settings = EstimatorSettings.preset(preset) if preset else EstimatorSettings.default()
    if priors is not None:
        settings = replace(settings, priors=priors)
    return settings.with_layers(layers)


def _annotators(
    annotators: Sequence[Annotator] | None, validation: pd.DataFrame, profiles: pd.DataFrame
) -> tuple[Annotator, ...]:
    """Return the annotators sorted by name, having checked that both tables have them."""
    if annotators is None:
        described = infer_annotators(validation)
        extra = set(profiles.columns) - {a.name for a in described} - _PROFILE_KEYS
        if extra:
            raise InputError(
                f"Annotator {sorted(extra)[0]!r} has labelled profiles but no rated CVs, so its "
                "error rates are unknown; add its labels to the rated CVs or drop the column."
            )
    else:
        described = tuple(sorted(annotators, key=lambda a: a.name))
    for annotator in described:
        for frame, where in ((validation, "the rated CVs"), (profiles, "the profiles")):
            if annotator.name not in frame.columns:
                raise InputError(
                    f"Annotator {annotator.name!r} is missing from {where}; annotators are "
                    "matched by name and have to be on both sides."
                )
    if "company_id" not in profiles.columns:
        raise InputError("The profiles have no column 'company_id'.")
    return described


def _check_companies(companies: pd.DataFrame) -> None:
    for column in ("company_id", "headcount"):
        if column not in companies.columns:
            raise InputError(f"The company table has no column {column!r}.")
    if companies["company_id"].isna().any():
        row = companies.index[companies["company_id"].isna()][0]
        raise InputError(f"In the company table, row {row!r} has no company_id.")


def _diagnostics(
    fit: AnnotatorFit, cohort: CohortFit, unmatched: pd.DataFrame
) -> dict[str, object]:
    return {
        "annotators": fit.names,
        "derived_left_out": [a.name for a in fit.described if a not in fit.annotators],
        "profiles_without_company": int(unmatched["n_profiles"].sum()),
        "matrices_repaired": float((fit.repair_distance > 0).mean()),
        "largest_repair": float(fit.repair_distance.max()),
        "aggregate_scale_mean": float(cohort.scale.mean()),
        "companies_with_both": cohort.companies_with_both,
    }
