"""When not to trust an estimate, in words, and what would help."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from .convergence import FEWEST_EFFECTIVE, LARGEST_RHAT
from .fit import HierarchicalFit
from .summaries import annotator_rates, fit_scales

__all__ = ["Doubt", "doubts", "doubts_in_words"]

# Two modes this near in log density are two answers.
_RIVAL_GAP = 5.0
# A deployed sensitivity this far (ratio) from the rated one moves every count by as much.
_SENSITIVITY_RATIO = 1.25
_LEAST_AUDIBLE, _LARGEST_EASY_SD, _LARGEST_SHIFT = 0.5, 2.0, 2.0
# Predictions that miss by so many standard deviations and by this ratio.
_DEVIATION, _MISS_RATIO = 3.0, 1.2
# A cohort whose companies all have more than this share of experts has no non-expert company.
_NO_COMPANY_WITHOUT = 0.1
_FEWEST_RATED = 30


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


def doubts(
    fit: HierarchicalFit,
    *,
    prior_posterior: pd.DataFrame | None = None,
    patterns: pd.DataFrame | None = None,
    prevalences: pd.DataFrame | None = None,
) -> list[Doubt]:
    """Return the reasons not to trust a fit, none if there is none.

    Parameters
    ----------
    prior_posterior, patterns
        Of `summaries.prior_posterior` and `summaries.predicted_pattern_frequencies`; None leaves
        their checks out.
    prevalences
        ``cohort`` and ``low``, the lower end of the interval of each company's prevalence.
    """
    found = [*_sampler(fit), *_rated(fit), *_sensitivities(fit), *_scales(fit)]
    if prior_posterior is not None:
        found += _shifts(prior_posterior)
    if patterns is not None:
        found += _patterns(patterns)
    if prevalences is not None:
        found += _cohorts(prevalences)
    return found


def doubts_in_words(found: list[Doubt]) -> str:
    """Return one sentence a line, or that nothing speaks against the estimate."""
    if not found:
        return "No check speaks against this estimate."
    return "\n".join(str(doubt) for doubt in found)


def _sampler(fit: HierarchicalFit) -> list[Doubt]:
    told = fit.diagnostics
    found = []
    worst, rhat = told.worst_rhat
    least, size = told.least_effective
    if rhat > LARGEST_RHAT or size < FEWEST_EFFECTIVE:
        name = worst if rhat > LARGEST_RHAT else least
        found.append(
            Doubt(
                "the fit",
                f"its chains have not mixed (R-hat {rhat:.2f}, effective size {size:.0f}, worst "
                f"for the {name})",
                "more chains and longer ones (effort), or a simpler study: fewer cohorts",
            )
        )
    if told.rival is not None and told.rival < _RIVAL_GAP:
        found.append(
            Doubt(
                "the fit",
                f"two different answers explain the data about equally well (log posteriors "
                f"{told.rival:.1f} apart)",
                "rated CVs from the deployed profiles, which tell near misses from experts",
            )
        )
    return found


def _rated(fit: HierarchicalFit) -> list[Doubt]:
    others, experts = fit.diagnostics.rated
    fewest = min(others, experts)
    if fewest >= _FEWEST_RATED:
        return []
    kind = "experts" if experts == fewest else "non-experts"
    return [
        Doubt(
            "the annotators' error rates",
            f"they rest on {fewest} rated {kind}, and prior beliefs do the rest",
            f"rating CVs until there are at least {_FEWEST_RATED} {kind}",
        )
    ]


def _sensitivities(fit: HierarchicalFit) -> list[Doubt]:
    rates = annotator_rates(fit)
    told = rates[rates["rate"] == "sensitivity"].set_index(["annotator", "text"])["mean"]
    found = []
    for (name, text), deployed in told.items():
        kind = rates.loc[rates["annotator"] == name, "kind"].iloc[0]
        if text == "rated" or (kind != "llm" and text == "profiles"):
            # Silent filters are a doubt of their own.
            continue
        rated = told[name, "rated"]
        if max(deployed, rated) > _SENSITIVITY_RATIO * min(deployed, rated):
            found.append(
                Doubt(
                    name,
                    f"among deployed experts it fires on {deployed:.0%} ({text}), among rated "
                    f"ones on {rated:.0%}",
                    "rating about 100 CVs drawn from the deployed profiles, or running it again "
                    "on the rated CVs with the same prompt and text",
                )
            )
    return found


def _scales(fit: HierarchicalFit) -> list[Doubt]:
    scales = fit_scales(fit)
    found = []
    for _, row in scales[scales["quantity"] == "audible share"].iterrows():
        if row["median"] < _LEAST_AUDIBLE:
            found.append(
                Doubt(
                    f"labels of {row['subject'].replace(', ', ' annotators on ')}",
                    f"they can fire on {row['median']:.0%} of the people only",
                    "running them again on the text that the rated CVs had, or leaving them out",
                )
            )
    spread = scales.loc[
        scales["quantity"] == "spread of easy shares between companies", "median"
    ].iloc[0]
    if spread > _LARGEST_EASY_SD:
        found.append(
            Doubt(
                "companies with few profiles",
                f"the share of easy non-experts differs so much between companies ({spread:.1f} "
                "in logits) that one tells little about another",
                "labelling more profiles of each company, or cohorts that put like with like",
            )
        )
    return found


def _shifts(table: pd.DataFrame) -> list[Doubt]:
    found = []
    beyond = table[table["shift_in_prior_sd"].abs() > _LARGEST_SHIFT]
    for band, rows in beyond.groupby("band"):
        row = rows.iloc[0]
        found.append(
            Doubt(
                f"companies with headcount {str(band).replace('_', ' ')}",
                f"the data move their mean prevalence {abs(row['shift_in_prior_sd']):.1f} prior "
                f"standard deviations from the prior's {row['prior_mean']:.2%}, to "
                f"{row['posterior_mean']:.2%}",
                "looking at what such companies are, and a prior that fits them",
            )
        )
    return found


def _patterns(table: pd.DataFrame) -> list[Doubt]:
    ratio = table["ratio"].clip(lower=1e-9)
    missed = (table["deviation"].abs() > _DEVIATION) & (
        ratio.where(ratio > 1, 1 / ratio) > _MISS_RATIO
    )
    found = []
    for (cohort, text), rows in table[missed].groupby(["cohort", "text"]):
        # Pairs of LLMs decide most; then whatever misses most.
        row = rows.sort_values(["pair_of_llms", "deviation"], key=abs, ascending=False).iloc[0]
        where = f"the labels of {cohort}" if cohort else "the labels"
        found.append(
            Doubt(
                where,
                f"{row['annotators']} fire on {row['seen']:.2%} of {row['people']:,} people "
                f"({text}), where the model expects {row['expected']:.2%}; {len(rows)} such "
                "misses in all",
                "running these annotators again on rated and deployed text alike, or leaving "
                "one of them out",
            )
        )
    return found


def _cohorts(prevalences: pd.DataFrame) -> list[Doubt]:
    found = []
    for cohort, rows in prevalences.dropna(subset=["low"]).groupby("cohort"):
        if len(rows) > 1 and rows["low"].min() > _NO_COMPANY_WITHOUT:
            name = f"the cohort {cohort}" if cohort else "the total"
            found.append(
                Doubt(
                    name,
                    f"none of its {len(rows)} companies lacks experts (the least has more than "
                    f"{rows['low'].min():.0%}), so that a drift of sensitivities cannot be told "
                    "from prevalence",
                    "about 100 rated CVs from these companies' profiles, or companies without "
                    "experts in the same cohort",
                )
            )
    return found
