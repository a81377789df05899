"""When not to trust an estimate, in words, and what would help."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...wording import how_many
from ..rated import FEWEST_RATED
from .convergence import FEWEST_EFFECTIVE, LARGEST_RHAT
from .fit import HierarchicalFit
from .summaries import annotator_rates, fit_scales

__all__ = ["Doubt", "Measure", "doubts", "doubts_in_words", "measures"]

# Two modes this near in log density are two answers.
_RIVAL_GAP = 5.0
# A deployed sensitivity this far (ratio) from the rated one moves every count by as much.
_SENSITIVITY_RATIO = 1.25
_LEAST_AUDIBLE, _LARGEST_EASY_SD, _LARGEST_SHIFT = 0.5, 2.0, 2.0
# Predictions that miss by so many standard deviations and by this ratio.
_DEVIATION, _MISS_RATIO = 3.0, 1.2
# A cohort whose companies all have more than this share of experts has no non-expert company.
_NO_COMPANY_WITHOUT = 0.1
# From so many rated profiles on, drift rests on verdicts.
_ENOUGH_VERDICTS = 100


@dataclass(frozen=True)
class Doubt:
    """One reason not to trust an estimate.

    Attributes
    ----------
    subject
        What it concerns: ``fit``, ``rated_cvs``, or an annotator, kind, band or cohort.
    because
        The reason, a clause with its figures.
    would_help
        What to do about it, a clause.
    """

    subject: str
    because: str
    would_help: str

    def __str__(self) -> str:
        """Return the sentence."""
        return f"Do not trust {self.subject}: {self.because}. What would help: {self.would_help}."


@dataclass(frozen=True)
class Measure:
    """One thing that was measured of an estimate, and what is too much or too little of it.

    Attributes
    ----------
    measure, subject
        What was measured, and of whom: the fit, an annotator, kind, band or cohort.
    value, threshold
        What it is, and from where on it speaks against the estimate.
    doubt
        What then is to be said; None if it does not.
    """

    measure: str
    subject: str
    value: float
    threshold: float
    doubt: Doubt | None


def measures(
    fit: HierarchicalFit,
    *,
    prior_posterior: pd.DataFrame | None = None,
    patterns: pd.DataFrame | None = None,
    prevalences: pd.DataFrame | None = None,
) -> list[Measure]:
    """Return everything that could speak against a fit, whether it does or not.

    Parameters
    ----------
    prior_posterior, patterns
        Of `summaries.prior_posterior` and `summaries.predicted_pattern_frequencies`; None leaves
        their measures out.
    prevalences
        ``cohort`` and ``low``, the lower end of the interval of each company's prevalence.
    """
    found = [*_sampler(fit), *_rated(fit), *_sensitivities(fit), *_scales(fit)]
    if prior_posterior is not None:
        found += _shifts(prior_posterior)
    if patterns is not None:
        found += _patterns(patterns)
    if prevalences is not None:
        found += _cohorts(prevalences, fit.diagnostics.verdicts)
    return found


def doubts(
    fit: HierarchicalFit,
    *,
    prior_posterior: pd.DataFrame | None = None,
    patterns: pd.DataFrame | None = None,
    prevalences: pd.DataFrame | None = None,
) -> list[Doubt]:
    """Return the reasons not to trust a fit, none if there is none; see `measures`."""
    found = measures(
        fit, prior_posterior=prior_posterior, patterns=patterns, prevalences=prevalences
    )
    return [measure.doubt for measure in found if measure.doubt is not None]


def doubts_in_words(found: list[Doubt]) -> str:
    """Return one sentence a line, or that nothing speaks against the estimate."""
    if not found:
        return "No check speaks against this estimate."
    return "\n".join(str(doubt) for doubt in found)


def _sampler(fit: HierarchicalFit) -> Iterator[Measure]:
    told = fit.diagnostics
    worst, rhat = told.worst_rhat
    least, size = told.least_effective
    for measure, name, value, threshold, mixed in (
        ("largest R-hat", worst, rhat, LARGEST_RHAT, rhat <= LARGEST_RHAT),
        ("smallest effective size", least, size, FEWEST_EFFECTIVE, size >= FEWEST_EFFECTIVE),
    ):
        because = (
            f"its chains have not mixed (R-hat {rhat:.2f}, effective size {size:.0f}, worst "
            f"for the {name})"
        )
        remedy = "more chains and longer ones (effort), or a simpler study: fewer cohorts"
        doubt = None if mixed else Doubt("the fit", because, remedy)
        yield Measure(measure, name, value, threshold, doubt)
    # Without another mode there is none that could be near.
    rival = np.inf if told.rival is None else told.rival
    because = (
        f"two different answers explain the data about equally well (log posteriors {rival:.1f} "
        "apart)"
    )
    remedy = "ratings of deployed profiles, which tell near misses from experts"
    doubt = Doubt("the fit", because, remedy) if rival < _RIVAL_GAP else None
    yield Measure("log posterior above the next mode", "the fit", rival, _RIVAL_GAP, doubt)


def _rated(fit: HierarchicalFit) -> Iterator[Measure]:
    for kind, number in zip(("non-experts", "experts"), fit.diagnostics.rated, strict=True):
        doubt = Doubt(
            "the annotators' error rates",
            f"they rest on {number} rated {kind}, and prior beliefs do the rest",
            f"rating CVs until there are at least {FEWEST_RATED} {kind}",
        )
        few = number < FEWEST_RATED
        yield Measure("rated CVs", kind, number, FEWEST_RATED, doubt if few else None)


def _sensitivities(fit: HierarchicalFit) -> Iterator[Measure]:
    rates = annotator_rates(fit)
    told = rates[rates["rate"] == "sensitivity"].set_index(["annotator", "text"])["mean"]
    for (name, text), deployed in told.items():
        kind = rates.loc[rates["annotator"] == name, "kind"].iloc[0]
        if text == "rated" or (kind != "llm" and text == "profiles"):
            # Silent filters are a doubt of their own.
            continue
        rated = told[name, "rated"]
        ratio = max(deployed, rated) / max(min(deployed, rated), 1e-9)
        doubt = Doubt(
            name,
            f"among deployed experts it fires on {deployed:.0%} ({text}), among rated ones on "
            f"{rated:.0%}",
            "rating about 100 CVs drawn from the deployed profiles, or running it again on the "
            "rated CVs with the same prompt and text",
        )
        yield Measure(
            "deployed against rated sensitivity (ratio)",
            f"{name}, {text}",
            ratio,
            _SENSITIVITY_RATIO,
            doubt if ratio > _SENSITIVITY_RATIO else None,
        )


def _scales(fit: HierarchicalFit) -> Iterator[Measure]:
    scales = fit_scales(fit)
    for _, row in scales[scales["quantity"] == "audible share"].iterrows():
        share = float(row["median"])
        doubt = Doubt(
            f"labels of {row['subject'].replace(', ', ' annotators on ')}",
            f"they can fire on {share:.0%} of the people only",
            "running them again on the text that the rated CVs had, or leaving them out",
        )
        silent = share < _LEAST_AUDIBLE
        yield Measure(
            "share of people on whom a kind can fire",
            str(row["subject"]),
            share,
            _LEAST_AUDIBLE,
            doubt if silent else None,
        )
    spread = scales.loc[
        scales["quantity"] == "spread of easy shares between companies", "median"
    ].iloc[0]
    doubt = Doubt(
        "companies with few profiles",
        f"the share of easy non-experts differs so much between companies ({spread:.1f} in "
        "logits) that one tells little about another",
        "labelling more profiles of each company, or cohorts that put like with like",
    )
    yield Measure(
        "spread of easy shares between companies (logits)",
        "all companies",
        float(spread),
        _LARGEST_EASY_SD,
        doubt if spread > _LARGEST_EASY_SD else None,
    )


def _shifts(table: pd.DataFrame) -> Iterator[Measure]:
    for band, rows in table.groupby("band", sort=False):
        row = rows.iloc[0]
        shift = abs(float(row["shift_in_prior_sd"]))
        where = f"headcount {str(band).replace('_', ' ')}"
        doubt = Doubt(
            f"companies with {where}",
            f"the data move their mean prevalence {shift:.1f} prior standard deviations from the "
            f"prior's {row['prior_mean']:.2%}, to {row['posterior_mean']:.2%}",
            "looking at what such companies are, and a prior that fits them",
        )
        yield Measure(
            "shift of the mean prevalence (prior sd)",
            where,
            shift,
            _LARGEST_SHIFT,
            doubt if shift > _LARGEST_SHIFT else None,
        )


def _patterns(table: pd.DataFrame) -> Iterator[Measure]:
    ratio = table["ratio"].clip(lower=1e-9)
    missed = (table["deviation"].abs() > _DEVIATION) & (
        ratio.where(ratio > 1, 1 / ratio) > _MISS_RATIO
    )
    for (cohort, text), rows in table.assign(missed=missed).groupby(["cohort", "text"]):
        found = rows[rows["missed"]]
        # Pairs of LLMs decide most; then whatever misses most.
        worst = (found if len(found) else rows).sort_values(
            ["pair_of_llms", "deviation"], key=abs, ascending=False
        )
        row = worst.iloc[0]
        doubt = Doubt(
            f"the labels of {cohort}" if cohort else "the labels",
            f"{row['annotators']} fire on {row['seen']:.2%} of {how_many(row['people'], 'person')} "
            f"({text}), where the model expects {row['expected']:.2%}; {len(found)} such misses "
            "in all",
            "running these annotators again on rated and deployed text alike, or leaving one of "
            "them out",
        )
        yield Measure(
            "labels seen against expected (predictive sd)",
            f"{row['annotators']}, {text}, {cohort or 'all'}",
            abs(float(row["deviation"])),
            _DEVIATION,
            doubt if len(found) else None,
        )


def _cohorts(prevalences: pd.DataFrame, verdicts: int) -> Iterator[Measure]:
    for cohort, rows in prevalences.dropna(subset=["low"]).groupby("cohort"):
        if len(rows) < 2:
            continue
        least = float(rows["low"].min())
        doubt = Doubt(
            f"the cohort {cohort}" if cohort else "the total",
            f"none of its {how_many(len(rows), 'company')} lacks experts (the least has more than "
            f"{least:.0%}) and people have rated {how_many(verdicts, 'profile')}, so that a drift"
            " of "
            "sensitivities cannot be told from prevalence",
            "about 100 ratings of these companies' profiles (ml-headcount ratings propose), or "
            "companies without experts in the same cohort",
        )
        yield Measure(
            "least share of experts of a company (lower end)",
            str(cohort) or "all companies",
            least,
            _NO_COMPANY_WITHOUT,
            doubt if least > _NO_COMPANY_WITHOUT and verdicts < _ENOUGH_VERDICTS else None,
        )
