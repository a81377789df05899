"""What the fit says, as frames: rates and drift, prevalences, and patterns predicted and seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, ndtr

from ..evidence import CompanyEvidence
from ..priors import SIZE_BANDS
from ..streams import DRAW_BLOCK
from .company_counts import CompanyCounts, company_counts
from .company_draws import CompanyView
from .fit import HierarchicalFit
from .instruments import LLM, PROFILE_TEXT, SEARCH
from .verdicts import RATER_ERRORS

__all__ = [
    "annotator_rates",
    "fit_scales",
    "normal_overlap",
    "predicted_pattern_frequencies",
    "prior_posterior",
]

#: Columns of the tables, which without companies have no rows.
_PRIOR_POSTERIOR = (
    "cohort",
    "band",
    "companies",
    "prior_mean",
    "posterior_mean",
    "posterior_sd",
    "low",
    "high",
    "level",
    "shift_in_prior_sd",
    "overlap",
    "prior_concentration",
    "posterior_concentration",
)
_PATTERNS = (
    "cohort",
    "text",
    "annotators",
    "pair_of_llms",
    "people",
    "seen",
    "expected",
    "low",
    "high",
    "level",
    "deviation",
    "ratio",
)

FloatArray = NDArray[np.float64]
_TEXTS = ("profiles", "search")
# Points on which two distributions of a prevalence are compared, on the logit scale.
_OVERLAP_BINS = 60


def annotator_rates(fit: HierarchicalFit, level: float = 0.8) -> pd.DataFrame:
    """Summarise how often each annotator fires, rated and deployed.

    Returns
    -------
    DataFrame
        ``annotator, kind, text`` (rated, profiles or search), ``rate`` (sensitivity,
        false_positive_rate of rated non-experts, near_miss_rate or easy_rate), ``mean, low,
        median, high, level``. Deployed rates include people on whom a kind is silent.
    """
    instruments = fit.layout.instruments
    fires = fit.patterns.astype(float)
    rows = []
    for j, name in enumerate(instruments.names):
        kind = instruments.kind_names[instruments.kind_of[j]]
        for text, rate, table in _rate_tables(fit):
            if text == "search" and j not in instruments.searched:
                continue
            rows.append((name, kind, text, rate, *_interval(table @ fires[:, j], level)))
    columns = ["annotator", "kind", "text", "rate", "mean", "low", "median", "high"]
    return pd.DataFrame(rows, columns=columns).assign(level=level)


def _rate_tables(fit: HierarchicalFit) -> Iterator[tuple[str, str, FloatArray]]:
    yield "rated", "sensitivity", fit.rated[:, 1]
    yield "rated", "false_positive_rate", fit.rated[:, 0]
    for source in range(fit.near.shape[1]):
        text = _TEXTS[source]
        yield text, "sensitivity", fit.expert[:, source]
        yield text, "near_miss_rate", fit.near[:, source]
        yield text, "easy_rate", fit.easy[:, source]


def _interval(values: FloatArray, level: float) -> tuple[float, float, float, float]:
    low, median, high = np.quantile(values, ((1 - level) / 2, 0.5, (1 + level) / 2))
    return float(values.mean()), float(low), float(median), float(high)


def fit_scales(fit: HierarchicalFit, level: float = 0.8) -> pd.DataFrame:
    """Summarise drift, silence, shares of easy people, dispersion and effects of cohorts.

    Returns
    -------
    DataFrame
        ``quantity, subject`` (kind and text, or cohort), ``mean, low, median, high, level``.
    """
    instruments = fit.layout.instruments
    silent = [instruments.kind_names[k] for k in instruments.silenceable]
    rows: list[tuple[str, str, FloatArray]] = []
    for number, kind in enumerate(instruments.kind_names):
        scale = np.exp(fit.parameter("log_drift_scale")[:, number])
        rows.append(("drift scale", f"{kind}, profiles", scale))
    for name, parameter, text in (
        ("audible share", "audible", "profiles"),
        ("audible share", "search_audible", "search"),
        ("drift scale", "log_search_drift_scale", "search"),
    ):
        if parameter in fit.layout.slices:
            change = expit if "audible" in parameter else np.exp
            for number, kind in enumerate(silent):
                rows.append((name, f"{kind}, {text}", change(fit.parameter(parameter)[:, number])))
    for number, cohort in enumerate(fit.layout.cohorts):
        rows.append(("share of easy people", cohort, expit(fit.easy_centre(number))))
    for name, parameter in (
        ("spread of easy shares between companies", "log_easy_sd"),
        ("shift of easy people", "log_easy_shift"),
        ("profiles at which over-dispersion sets in", "log_profile_dispersion"),
        ("hits at which over-dispersion sets in", "log_hit_dispersion"),
        ("accepted at which over-dispersion sets in", "log_margin_dispersion"),
        ("scale of effects of cohorts", "log_cohort_scale"),
    ):
        if parameter in fit.layout.slices:
            rows.append((name, "", np.exp(fit.parameter(parameter)[:, 0])))
    if fit.layout.verdicts:
        errors = ndtr(fit.parameter(RATER_ERRORS))
        for place, subject in enumerate(
            ("experts, profiles", "others, profiles", "experts, rated CVs", "others, rated CVs")
        ):
            rows.append(("share of wrong verdicts", subject, errors[:, place]))
    table = [(name, subject, *_interval(values, level)) for name, subject, values in rows]
    columns = ["quantity", "subject", "mean", "low", "median", "high"]
    return pd.DataFrame(table, columns=columns).assign(level=level)


def prior_posterior(
    fit: HierarchicalFit, companies: Sequence[CompanyEvidence], level: float = 0.8
) -> pd.DataFrame:
    """Compare the mean prevalence of each kind of company before and after the data.

    Parameters
    ----------
    companies
        Evidence.
    level
        Content of the interval.

    Returns
    -------
    DataFrame
        One row per cohort, band and prior that occurs: ``cohort, band, companies, prior_mean``
        (the user's), ``posterior_mean, posterior_sd, low, high, level`` of the mean prevalence,
        ``shift_in_prior_sd`` (of the band, on the logit scale, without the cohort's),
        ``overlap`` of the prior of that mean with its posterior (0 to 1),
        ``prior_concentration, posterior_concentration`` (a + b).
    """
    hyper = fit.layout.hyper
    prior_sd = float(np.hypot(hyper.shift, hyper.band_shift))
    kinds: dict[tuple[str, int, tuple[float, float]], int] = {}
    for company in companies:
        counts = company_counts(
            company, fit.layout.instruments, separate_search=fit.layout.separate_search
        )
        if counts.evidence != "none":
            key = (counts.cohort, counts.band, counts.prior)
            kinds[key] = kinds.get(key, 0) + 1
    rows = []
    for (cohort, band, prior), number in sorted(kinds.items()):
        logits, size = fit.beta(band, fit.cohort_number(cohort, ""), prior)
        mean, centre = expit(logits), np.log(prior[0] / prior[1])
        low, high = np.quantile(mean, ((1 - level) / 2, (1 + level) / 2))
        rows.append(
            {
                "cohort": cohort,
                "band": SIZE_BANDS[band],
                "companies": number,
                "prior_mean": prior[0] / sum(prior),
                "posterior_mean": mean.mean(),
                "posterior_sd": mean.std(ddof=1),
                "low": low,
                "high": high,
                "level": level,
                "shift_in_prior_sd": fit.parameter("band_shift")[:, band].mean() / prior_sd,
                "overlap": normal_overlap(logits, centre, prior_sd),
                "prior_concentration": sum(prior),
                "posterior_concentration": np.median(size),
            }
        )
    return pd.DataFrame(rows, columns=_PRIOR_POSTERIOR)


def normal_overlap(draws: FloatArray, mean: float, sd: float) -> float:
    """Return the common area of a normal and of a normal with the draws' moments."""
    own_sd = max(float(draws.std(ddof=1)), 1e-6)
    widest = max(sd, own_sd)
    span = np.linspace(-5 * widest, 5 * widest, 40 * _OVERLAP_BINS) + (mean + draws.mean()) / 2
    densities = [
        np.exp(-0.5 * ((span - m) / s) ** 2) / (s * np.sqrt(2 * np.pi))
        for m, s in ((mean, sd), (float(draws.mean()), own_sd))
    ]
    return float(np.minimum(*densities).sum() * (span[1] - span[0]))


def predicted_pattern_frequencies(
    fit: HierarchicalFit, companies: Sequence[CompanyEvidence], *, seed: int = 0, level: float = 0.8
) -> pd.DataFrame:
    """Compare how often annotators, and pairs of them, fire with what the fit expects.

    Each company's prevalence and share of easy people are drawn from their posterior, so that a
    miss is one of the annotators' tables and not of a prevalence.

    Parameters
    ----------
    companies
        Evidence; by cohort and source of text their people are pooled.
    seed, level
        Of the streams, and content of the predictive intervals.

    Returns
    -------
    DataFrame
        ``cohort, text, annotators`` (one, or two joined by " + "), ``pair_of_llms, people, seen,
        expected, low, high, level`` (shares; the interval has sampling noise in it), ``deviation``
        ((seen - expected) / predictive sd), ``ratio`` (seen / expected).
    """
    sums: dict[tuple[str, str, tuple[int, ...]], list] = {}
    for company in companies:
        counts = company_counts(
            company, fit.layout.instruments, separate_search=fit.layout.separate_search
        )
        if counts.evidence == "none":
            continue
        view = CompanyView.of(fit, counts)
        prevalence, easy = view.draw_shares(seed, 1)
        for text, members, people, seen, source in _firings(fit, counts):
            key = (counts.cohort, text, members)
            expected = people * _rate(fit, members, source, prevalence, easy)
            entry = sums.setdefault(key, [0.0, 0.0, np.zeros(DRAW_BLOCK), np.zeros(DRAW_BLOCK)])
            entry[0] += people
            entry[1] += seen
            entry[2] += expected
            entry[3] += expected * (1 - expected / max(people, 1.0))
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal(DRAW_BLOCK)
    instruments = fit.layout.instruments
    rows = []
    for (cohort, text, members), (people, seen, expected, variance) in sorted(sums.items()):
        predicted = expected + noise * np.sqrt(variance)
        low, high = np.quantile(predicted, ((1 - level) / 2, (1 + level) / 2))
        kinds = {instruments.kind_names[instruments.kind_of[j]] for j in members}
        sd = float(np.sqrt(expected.var(ddof=1) + variance.mean() + 0.25))
        rows.append(
            {
                "cohort": cohort,
                "text": text,
                "annotators": " + ".join(instruments.names[j] for j in members),
                "pair_of_llms": len(members) == 2 and kinds == {LLM},
                "people": int(people),
                "seen": seen / people,
                "expected": expected.mean() / people,
                "low": max(low, 0.0) / people,
                "high": high / people,
                "level": level,
                "deviation": (seen - expected.mean()) / sd,
                "ratio": seen / max(expected.mean(), 1e-9),
            }
        )
    return pd.DataFrame(rows, columns=_PATTERNS)


def _firings(
    fit: HierarchicalFit, counts: CompanyCounts
) -> Iterator[tuple[str, tuple[int, ...], float, float, int]]:
    """Yield text, annotators, people with these labels, people on whom all fire, and source."""
    number = len(fit.layout.instruments.names)
    singles: list[tuple[int, ...]] = [(j,) for j in range(number)]
    for members in [*singles, *combinations(range(number), 2)]:
        columns = counts.labels[:, list(members)]
        known = counts.profiles[(columns >= 0).all(axis=1)].sum()
        if known:
            fired = counts.profiles[(columns == 1).all(axis=1)].sum()
            yield _TEXTS[PROFILE_TEXT], members, float(known), float(fired), PROFILE_TEXT
    cells, search = counts.cells, fit.near.shape[1] - 1
    for source in (PROFILE_TEXT, SEARCH):
        tables = (cells.labels[cells.source == source] >= 0, cells.source == source)
        for known in np.unique(tables[0], axis=0):
            same = tables[1] & ((cells.labels >= 0) == known).all(axis=1)
            place = np.flatnonzero(known)
            sets: list[tuple[int, ...]] = [(int(j),) for j in place]
            for positive in [*sets, *([tuple(map(int, place))] if len(place) > 1 else [])]:
                fires = (cells.labels[:, list(positive)] == 1).all(axis=1) & same
                text = "search" if source == SEARCH else "accepted counts"
                people = float(cells.people[same][0])
                fired = float(cells.counts[fires].sum())
                yield text, positive, people, fired, search if source == SEARCH else PROFILE_TEXT


def _rate(
    fit: HierarchicalFit,
    members: tuple[int, ...],
    source: int,
    prevalence: FloatArray,
    easy: FloatArray,
) -> FloatArray:
    """Return P(all fire) in a company at each draw, (draws,)."""
    cells = (fit.patterns[:, list(members)] == 1).all(axis=1)
    states = np.arange(len(prevalence)) % fit.states
    near, easier, expert = (
        table[states, source][:, cells].sum(axis=1) for table in (fit.near, fit.easy, fit.expert)
    )
    return prevalence * expert + (1 - prevalence) * (near + easy * (easier - near))
