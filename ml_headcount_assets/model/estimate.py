"""From three tables to experts per company, in one call."""

from __future__ import annotations

import warnings
from dataclasses import replace

import pandas as pd

from ..compute.protocol import Compute, Progress
from ..errors import InputError
from ..wording import how_many
from .annotators import Annotator, check_derived, infer_annotators, likelihood_annotators
from .estimators import DEFAULT_ESTIMATOR, Estimator, estimator_of
from .fitted import Fitted
from .input_checks import (
    check_companies,
    check_counts,
    check_frames,
    check_numbers,
    check_profiles,
    warn_about_constants,
    warn_about_few,
    warn_about_time,
)
from .patterns import count_patterns
from .result import HeadcountResult
from .settings import EstimatorSettings
from .study_evidence import StudyEvidence

__all__ = ["estimate_headcount", "prepare"]

_PROFILE_KEYS = {"company_id", "profile_id", "n_profiles"}


def estimate_headcount(
    validation: pd.DataFrame,
    profiles: pd.DataFrame,
    companies: pd.DataFrame,
    estimator: str = DEFAULT_ESTIMATOR,
    settings: EstimatorSettings | None = None,
    *,
    draws: int = 1000,
    seed: int = 0,
    ratings: pd.DataFrame | None = None,
    compute: Compute | None = None,
    progress: Progress | None = None,
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
        ``company_id``, ``headcount`` (may be missing); optionally ``headcount_low`` and
        ``headcount_high`` where it is a band, ``cohort``, and counts of people:
        ``<annotator>_hits`` among all employees, ``<annotator>_accepted`` of
        ``<annotator>_labelled``.
    estimator
        One of `estimators.ESTIMATORS`.
    settings
        All other choices: priors, layers, kinds of annotators; None takes the default ones.
    draws, seed
        Number of joint draws, and the seed of all random streams.
    ratings
        What people said of some of the profiles, counted: ``company_id``, ``pattern`` (0, 1 or -
        of each annotator, by name), ``yes`` and ``no`` (how many raters said so of each of these
        profiles) and ``n_profiles``. `hierarchical` learns from them how annotators do on
        deployed profiles; which profiles were rated may depend on company and pattern.
    compute, progress
        Where the work runs, and a callback ``(done, total)``, once per stage.

    Returns
    -------
    HeadcountResult
        In the order of `companies`. Profiles of companies that are not in that table are left
        out, counted in ``diagnostics["profiles_without_company"]`` and warned about.

    Warns
    -----
    UserWarning
        For each reason not to trust the estimate, with what would help; and for what is odd in
        the tables.

    Raises
    ------
    InputError
        If a table cannot be used: an annotator on one side only, a label other than 0, 1 or
        missing, a company twice, a count that is none, no expert among the rated CVs, and the
        like. The message names the table, the row and the column.

    Notes
    -----
    Annotators are matched by name; the order of columns and rows changes no number. A subset of
    companies with profiles gives the numbers they have in the whole. Companies with keyword
    counts only lean on the others (`cohort.fit_cohort`), so theirs depend on who is there.

    Examples
    --------
    >>> from ml_headcount_assets import estimate_headcount, simulate_study
    >>> world = simulate_study(companies=30, profiles=3_000, seed=1)
    >>> tables = world.validation, world.profiles, world.companies
    >>> result = estimate_headcount(*tables, estimator="five_layer", draws=50)
    >>> table = result.intervals(level=0.9)
    >>> len(table), bool((table["low"].dropna() <= table["high"].dropna()).all())
    (30, True)
    >>> result.total("headcount >= 1000")["companies"] < result.total()["companies"]
    True
    """
    chosen, evidence, settings, unmatched = prepare(
        validation, profiles, companies, estimator, settings, ratings
    )
    check_numbers(draws, seed)
    fitted = Fitted.of(
        chosen, evidence, settings, draws=draws, seed=seed, compute=compute, progress=progress
    )
    result = fitted.draw(progress)
    _warn_about_strays(unmatched)
    for doubt in chosen.doubts(fitted) if chosen.doubts else ():
        warnings.warn(doubt, stacklevel=2)
    return replace(
        result,
        diagnostics=_diagnostics(fitted, unmatched),
        companies=companies.reset_index(drop=True),
    )


def prepare(
    validation: pd.DataFrame,
    profiles: pd.DataFrame,
    companies: pd.DataFrame,
    estimator: str,
    settings: EstimatorSettings | None,
    ratings: pd.DataFrame | None = None,
) -> tuple[Estimator, StudyEvidence, EstimatorSettings, pd.DataFrame]:
    """Check what an estimate is to be made from, and count it.

    Returns
    -------
    tuple
        The estimator, the evidence, the settings, and pattern counts of companies that are not
        in the company table.
    """
    chosen = estimator_of(estimator)
    settings = settings or EstimatorSettings.default()
    check_frames(validation=validation, profiles=profiles, companies=companies)
    check_companies(companies)
    check_profiles(profiles)
    annotators = _annotators(settings, validation, profiles)
    check_counts(companies, annotators)
    counts = _counted(validation, profiles, annotators, settings)
    matched = counts["company_id"].isin(companies["company_id"].astype(str))
    evidence = StudyEvidence(annotators, counts[matched], companies, validation, ratings)
    return chosen, evidence, settings, counts[~matched]


def _annotators(
    settings: EstimatorSettings, validation: pd.DataFrame, profiles: pd.DataFrame
) -> tuple[Annotator, ...]:
    """Return the annotators sorted by name, having checked that both tables have them."""
    if settings.annotators is None:
        described = infer_annotators(validation)
        extra = set(profiles.columns) - {a.name for a in described} - _PROFILE_KEYS
        if extra:
            raise InputError(
                f"Annotator {sorted(extra)[0]!r} has labelled profiles but no rated CVs, so its "
                "error rates are unknown; add its labels to the rated CVs or drop the column."
            )
    else:
        described = tuple(sorted(settings.annotators, key=lambda a: a.name))
    for annotator in described:
        for frame, where in ((validation, "the rated CVs"), (profiles, "the profiles")):
            if annotator.name not in frame.columns:
                raise InputError(
                    f"Annotator {annotator.name!r} is missing from {where}; annotators are "
                    "matched by name and have to be on both sides."
                )
    return described


def _counted(
    validation: pd.DataFrame,
    profiles: pd.DataFrame,
    annotators: tuple[Annotator, ...],
    settings: EstimatorSettings,
) -> pd.DataFrame:
    """Return the profiles' label patterns, having looked for what cannot be or is odd."""
    kept = likelihood_annotators(annotators, six_dimensional=settings.six_dimensional)
    if not settings.six_dimensional:
        check_derived(profiles, annotators, "the profiles")
    warn_about_constants(validation, profiles, kept)
    warn_about_few(validation)
    warn_about_time(kept)
    return count_patterns(profiles, [annotator.name for annotator in annotators])


def _warn_about_strays(unmatched: pd.DataFrame) -> None:
    if len(unmatched):
        warnings.warn(
            f"Left out: {how_many(unmatched['n_profiles'].sum(), 'profile')} of "
            f"{how_many(unmatched['company_id'].nunique(), 'company')} not in the company table.",
            stacklevel=3,
        )


def _diagnostics(fitted: Fitted, unmatched: pd.DataFrame) -> dict[str, object]:
    annotators = fitted.evidence.described
    kept = likelihood_annotators(annotators, six_dimensional=fitted.settings.six_dimensional)
    return {
        "annotators": [annotator.name for annotator in kept],
        "derived_left_out": [a.name for a in annotators if a.derived and a not in kept],
        "profiles_without_company": int(unmatched["n_profiles"].sum()),
        **fitted.estimator.diagnostics(fitted.fit, fitted.cohort),
    }
