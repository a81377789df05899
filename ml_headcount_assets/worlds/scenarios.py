"""What worlds there are to be estimated: scenarios as records, all of them equals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

__all__ = ["PUBLISHED_SIZES", "SCENARIOS", "Cohort", "Scenario", "Search"]

#: Companies per headcount band in the published study, and the bounds of each band.
PUBLISHED_SIZES: Mapping[str, tuple[int, int, int]] = MappingProxyType(
    {
        "under_100": (284, 1, 100),
        "100_to_999": (76, 100, 1_000),
        "1000_to_9999": (23, 1_000, 10_000),
        "10000_and_more": (20, 10_000, 640_001),
    }
)
_SIZES = tuple(PUBLISHED_SIZES.values())


@dataclass(frozen=True)
class Cohort:
    """Companies of one nature, in a scenario that has several.

    Attributes
    ----------
    share
        Of the companies.
    sizes
        (weight, low, high) of each range in which headcounts are log-uniform; high is excluded.
    prevalence
        Beta(a, b) of the share of experts.
    easy
        Beta(a, b) of a company's share of easy negatives.
    easy_shift
        Added to all latent means of the easy ones.
    profiled, labelled
        Shares of the companies that have profiles, and accepted counts of LLMs without profiles;
        the others have hits only.
    """

    share: float
    sizes: tuple[tuple[int, int, int], ...]
    prevalence: tuple[float, float]
    easy: tuple[float, float]
    easy_shift: float
    profiled: float = 0.0
    labelled: float = 0.0


@dataclass(frozen=True)
class Search:
    """A search that counts the filters' hits among all employees, as an instrument of its own.

    Attributes
    ----------
    threshold_sd
        Of what is added to the filters' rated latent means, once per filter and class.
    text_seen
        Share of the people whose text the search sees.
    """

    threshold_sd: float
    text_seen: float


@dataclass(frozen=True)
class Scenario:
    """How a world departs from the assumptions that an estimator makes.

    Attributes
    ----------
    description
        One sentence for tables and for the command line's help.
    prevalence_factor
        The mean of each band's Beta prior is multiplied by this; a + b is kept.
    prevalence_range
        If given, prevalences are uniform on it and the priors play no part.
    easy_share, easy_shift
        Share of the deployed negatives that are easy, and what is added to all their latent
        means. Rated negatives are never easy.
    easy_beta
        If given, every company has an easy share of its own, from this Beta(a, b).
    filters_seen
        Share of the deployed people on whose text the keyword filters work; they are silent on
        the others.
    threshold_sd
        Of what is added to the deployed latent means, once per annotator and class.
    sensitivity_sd
        Of what is added to all latent means of a company's experts, once per company.
    degrees
        Degrees of freedom of the latent t distribution, of the rated and the deployed; None is
        the normal.
    wrong_verdicts
        Share of the rated CVs with the wrong verdict.
    labelled
        Share of the companies with profiles of which only the accepted counts of the LLMs are
        known instead.
    search
        If given, hits are counted by this instrument; if not, by the filters that label profiles.
    cohorts
        If given, companies of different nature by name; they take the place of the published
        headcounts, the priors and `easy_beta`.
    annotators
        Number of label columns, of `label_model.ANNOTATOR_SETS`.
    rated
        Rated CVs, and experts among them.
    size
        Companies and profiles that the scenario is about; None leaves it to who simulates.
    must_warn
        Nobody can answer this well: an estimator has to say so.
    """

    description: str
    prevalence_factor: float = 1.0
    prevalence_range: tuple[float, float] | None = None
    easy_share: float = 0.0
    easy_shift: float = 0.0
    easy_beta: tuple[float, float] | None = None
    filters_seen: float = 1.0
    threshold_sd: float = 0.0
    sensitivity_sd: float = 0.0
    degrees: float | None = None
    wrong_verdicts: float = 0.0
    labelled: float = 0.0
    search: Search | None = None
    cohorts: Mapping[str, Cohort] | None = None
    annotators: int = 6
    rated: tuple[int, int] = (585, 153)
    size: tuple[int, int] | None = None
    must_warn: bool = False


#: The three kinds of company in the published study. Shares of profiles and counts are its own;
#: labs and comparators are more than there, since a world may have 200 companies only.
_REFERENCE_COHORTS: Mapping[str, Cohort] = MappingProxyType(
    {
        "ml_labs": Cohort(
            share=0.10,
            sizes=((6, 50, 1_000), (4, 1_000, 10_000)),
            prevalence=(2.5, 6.0),
            easy=(5.0, 3.0),
            easy_shift=-1.5,
            profiled=0.6,
        ),
        "consulting": Cohort(
            share=0.80,
            sizes=_SIZES,
            prevalence=(0.8, 60.0),
            easy=(8.0, 2.0),
            easy_shift=-1.5,
            labelled=0.72,
        ),
        "non_ml": Cohort(
            share=0.10,
            sizes=((5, 100, 1_000), (10, 1_000, 10_000), (3, 10_000, 60_000)),
            prevalence=(1.0, 9_999.0),
            easy=(60.0, 1.0),
            easy_shift=-2.25,
            labelled=1.0,
        ),
    }
)

_LABS_ALONE = Cohort(
    share=1.0,
    sizes=((7, 50, 1_000), (5, 1_000, 7_000)),
    prevalence=(4.0, 8.0),
    easy=(5.0, 3.0),
    easy_shift=-1.5,
    profiled=1.0,
)

SCENARIOS: Mapping[str, Scenario] = MappingProxyType(
    {
        "matched": Scenario("Prevalences follow the default priors, deployment equals rating."),
        "high_prevalence": Scenario("Three times the prevalence of the priors.", 3.0),
        "low_prevalence": Scenario("A third of the prevalence of the priors.", 1 / 3),
        "easy_negatives": Scenario(
            "80 % of the deployed negatives are much easier than the rated ones.",
            easy_share=0.8,
            easy_shift=-1.25,
        ),
        "silent_filters": Scenario(
            "In deployment the keyword filters fire on 5 % of what they should.",
            filters_seen=0.05,
        ),
        "ml_labs": Scenario(
            "Every company is an ML lab with 30 to 50 % experts.", prevalence_range=(0.3, 0.5)
        ),
        "near_misses_vary": Scenario(
            "Each company has a share of near misses of its own, 40 % on average.",
            easy_beta=(1.5, 1.0),
            easy_shift=-1.5,
        ),
        "shifted_thresholds": Scenario(
            "In deployment every annotator's threshold has moved, by N(0, 0.3) in each class.",
            threshold_sd=0.3,
        ),
        "reference": Scenario(
            "As in the published study: labs, consulting and non-ML companies, profiles here and"
            " counts of LLMs there, labels that have drifted, and a search of its own.",
            filters_seen=0.2,
            threshold_sd=0.12,
            search=Search(threshold_sd=0.3, text_seen=0.9),
            cohorts=_REFERENCE_COHORTS,
        ),
        "heavy_tails": Scenario(
            "Latent errors are t with 4 degrees of freedom instead of normal.", degrees=4.0
        ),
        "wrong_verdicts": Scenario(
            "5 % of the rated CVs have the wrong verdict.", wrong_verdicts=0.05
        ),
        "sensitivity_varies": Scenario(
            "Each company's experts are recognised better or worse, by N(0, 0.3) on the probit"
            " scale.",
            sensitivity_sd=0.3,
        ),
        "counts_only": Scenario(
            "Of half of the companies with profiles only the LLMs' accepted counts are known.",
            labelled=0.5,
        ),
        "twelve_labs": Scenario(
            "Twelve ML labs with profiles, a third of their people experts, and nobody else.",
            cohorts={"ml_labs": _LABS_ALONE},
            size=(12, 12_000),
        ),
        "shifted_labs": Scenario(
            "As twelve_labs, and in deployment every threshold has moved by N(0, 0.3).",
            threshold_sd=0.3,
            cohorts={"ml_labs": _LABS_ALONE},
            size=(12, 12_000),
        ),
        "shifted_labs_and_consulting": Scenario(
            "Labs and consulting companies; every threshold has moved by N(0, 0.3).",
            threshold_sd=0.3,
            cohorts={
                "ml_labs": replace(_LABS_ALONE, share=0.3),
                "consulting": replace(_REFERENCE_COHORTS["consulting"], share=0.7),
            },
            size=(40, 12_000),
        ),
        "30_companies": Scenario("As matched, with 30 companies.", size=(30, 9_000)),
        "5000_companies": Scenario("As matched, with 5,000 companies.", size=(5_000, 250_000)),
        "3_annotators": Scenario("As matched, with two LLMs and one filter.", annotators=3),
        "9_annotators": Scenario(
            "As matched, with six LLMs, two filters and their conjunction.", annotators=9
        ),
        "60_rated": Scenario("As matched, with 60 rated CVs, 16 of them experts.", rated=(60, 16)),
        "2_rated": Scenario(
            "One rated CV a class: nobody can know how annotators err.",
            rated=(2, 1),
            must_warn=True,
        ),
    }
)
