"""Simulated studies with known truth.

A simulated world has what a real study has (rated CVs, labels of profiles, a company table with
keyword-hit counts, gaps in all of them) and in addition the true number of experts of every
company. Labels come from a multivariate probit per class, whose margins are the published
sensitivities and specificities and whose errors are correlated in blocks; the scenarios bend
either the prevalences or the way deployed profiles differ from the rated CVs.

Every stage draws from a stream of its own, keyed by the seed and the stage's name, so that
scenarios with the same seed share their companies and headcounts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from ..errors import InputError
from ..model.bivariate import bivariate_upper
from ..model.priors import DEFAULT_PRIORS, SIZE_BANDS, size_band
from ..model.streams import stream
from ..wording import count

__all__ = [
    "SCENARIOS",
    "LabelModel",
    "Scenario",
    "SimulatedWorld",
    "published_label_model",
    "simulate_study",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Annotators that are drawn, with the published sensitivity and specificity of each.
PUBLISHED_RATES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "llm_gemini_2_5_flash": (0.712, 0.829),
        "llm_gpt_5_mini": (0.725, 0.868),
        "llm_sonnet_4": (0.588, 0.975),
        "filter_broad_yes": (0.562, 0.910),
        "filter_strict_no": (0.412, 0.891),
    }
)
#: The sixth annotator: exactly the conjunction of the two keyword filters.
CONJUNCTION = "filter_broad_yes_strict_no"
CONJUNCTION_RATES = (0.301, 0.981)

LLMS = tuple(name for name in PUBLISHED_RATES if name.startswith("llm_"))
FILTERS = tuple(name for name in PUBLISHED_RATES if name.startswith("filter_"))

#: Latent correlations within the LLMs and between LLMs and filters, for negatives and experts.
#: They are a choice (nothing of the kind is published): LLMs read alike, filters read otherwise.
LLM_CORRELATION = (0.55, 0.45)
CROSS_CORRELATION = (0.22, 0.18)

RATED_CVS, RATED_EXPERTS = 585, 153

#: Companies per headcount band in the published study, and the bounds of each band.
PUBLISHED_SIZES: Mapping[str, tuple[int, int, int]] = MappingProxyType(
    {
        "under_100": (284, 1, 100),
        "100_to_999": (76, 100, 1_000),
        "1000_to_9999": (23, 1_000, 10_000),
        "10000_and_more": (20, 10_000, 640_001),
    }
)

#: Shares of a profiled company's employees who have a profile.
COVERAGE = (0.6, 1.0)
MISSING_LABELS: Mapping[str, float] = MappingProxyType(
    {"llm_gemini_2_5_flash": 0.020, "llm_gpt_5_mini": 0.010, "llm_sonnet_4": 0.015}
)
MISSING_HEADCOUNTS = 0.02
COHORTS: Mapping[str, float] = MappingProxyType({"consulting": 0.8, "software": 0.2})
HEADQUARTERS: Mapping[str, float] = MappingProxyType(
    {
        "Boston, Massachusetts, United States": 0.35,
        "Bengaluru, Karnataka, India": 0.12,
        "London, England, United Kingdom": 0.12,
        "Hamburg, Germany": 0.09,
        "Paris, Ile-de-France, France": 0.08,
        "Tokyo, Japan": 0.08,
        "São Paulo, Brazil": 0.08,
        "Toronto, Ontario, Canada": 0.08,
    }
)


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
    filters_seen
        Share of the deployed people on whose text the keyword filters work; they are silent on
        the others.
    """

    description: str
    prevalence_factor: float = 1.0
    prevalence_range: tuple[float, float] | None = None
    easy_share: float = 0.0
    easy_shift: float = 0.0
    filters_seen: float = 1.0


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
    }
)


@dataclass(frozen=True)
class LabelModel:
    """The probit that labels come from; index 0 is the negatives, 1 the experts.

    Attributes
    ----------
    names
        The J drawn annotators (the conjunction follows from two of them).
    means
        (2, J) latent means: probit of the probability of a 1.
    correlations
        (2, J, J) latent correlation matrices.
    """

    names: tuple[str, ...]
    means: FloatArray
    correlations: FloatArray

    def filter_patterns(self, is_expert: int, shift: float = 0.0) -> FloatArray:
        """Probabilities (4,) that the two filters give 00, 10, 01, 11 (first filter first)."""
        first, second = (self.names.index(name) for name in FILTERS)
        a, b = self.means[is_expert, [first, second]] + shift
        both = float(bivariate_upper(a, b, self.correlations[is_expert, first, second]))
        return np.array([1 - ndtr(a) - ndtr(b) + both, ndtr(a) - both, ndtr(b) - both, both])


@dataclass(frozen=True, repr=False)
class SimulatedWorld:
    """One simulated study.

    Attributes
    ----------
    validation
        Rated CVs: is_expert and six label columns (in another order than in `profiles`).
    profiles
        company_id and six label columns, 0, 1 or missing; one row a profile.
    companies
        company_id, name, headcount (may be missing), cohort, headquarters and
        ``<filter>_hits``, the keyword hits among all employees.
    truth
        company_id, headcount, experts, prevalence, profiled; what an estimator must not see.
    parameters
        The probit that the labels were drawn from.
    scenario, seed
        What the world was made with.
    """

    validation: pd.DataFrame
    profiles: pd.DataFrame
    companies: pd.DataFrame
    truth: pd.DataFrame
    parameters: LabelModel
    scenario: str
    seed: int

    def __repr__(self) -> str:
        return (
            f"World {self.scenario}, seed {self.seed}: {count(len(self.companies))} companies, "
            f"{count(len(self.profiles))} profiles, {count(len(self.validation))} rated CVs"
        )


def simulate_study(
    scenario: str = "matched", companies: int = 403, profiles: int = 250_000, seed: int = 0
) -> SimulatedWorld:
    """Draw a study whose true counts are known.

    Headcounts are log-uniform within the published bands. A random half of the companies of
    each band may have profiles, the rest have keyword counts only. Profiled companies show 60 to
    100 % of their employees. Of that half the largest are passed over when 80 % of everybody's
    employees would exceed the wanted number of profiles; where this leaves a gap, the largest
    other companies that still fit are added. The number of profiles is then met exactly, unless
    the chosen companies employ fewer people than that (a small world, or more profiles wanted
    than there are people): then each of their employees has a profile, and that is all.

    Parameters
    ----------
    scenario
        A key of `SCENARIOS`.
    companies, profiles
        Numbers of companies and of profiles, each at least 1.
    seed
        Non-negative; the same seed and arguments give the same world.

    Raises
    ------
    InputError
        Unknown scenario, or a number out of range.

    Examples
    --------
    >>> from ml_headcount_assets import simulate_study
    >>> world = simulate_study(companies=20, profiles=2_000, seed=0)
    >>> world
    World matched, seed 0: 20 companies, 1,657 profiles, 585 rated CVs
    """
    if scenario not in SCENARIOS:
        raise InputError(f"scenario {scenario!r} is unknown; there are {', '.join(SCENARIOS)}.")
    for argument, value, least in (
        ("companies", companies, 1),
        ("profiles", profiles, 1),
        ("seed", seed, 0),
    ):
        if value < least:
            raise InputError(f"{argument} is {value}; it has to be at least {least}.")
    setting, model = SCENARIOS[scenario], published_label_model()
    people, prevalence = _draw_population(companies, profiles, setting, seed)
    labelled = _draw_profiles(people, setting, model, seed)
    hits = _filter_counts(labelled, people.ids) + _draw_unseen_hits(people, setting, model, seed)
    return SimulatedWorld(
        validation=_draw_rated_cvs(model, seed),
        profiles=_hide_labels(labelled, stream(seed, "simulate", "missing labels")),
        companies=_company_table(people, hits, seed),
        truth=pd.DataFrame(
            {
                "company_id": people.ids,
                "headcount": people.headcount,
                "experts": people.experts,
                "prevalence": prevalence,
                "profiled": people.observed > 0,
            }
        ),
        parameters=model,
        scenario=scenario,
        seed=seed,
    )


def published_label_model() -> LabelModel:
    """The probit with the published error rates and block-structured correlations.

    The correlation between the two filters is solved for, per class, such that their
    conjunction has its published sensitivity (.301) and specificity (.981).
    """
    names = tuple(PUBLISHED_RATES)
    sensitivity, specificity = np.array([PUBLISHED_RATES[name] for name in names]).T
    means = ndtri(np.stack([1 - specificity, sensitivity]))
    both = (1 - CONJUNCTION_RATES[1], CONJUNCTION_RATES[0])
    is_llm = np.array([name in LLMS for name in names])
    first, second = (names.index(name) for name in FILTERS)
    correlations = np.empty((2, len(names), len(names)))
    for is_expert in (0, 1):
        a, b = means[is_expert, [first, second]]
        between_filters = brentq(
            lambda r, a=a, b=b, target=both[is_expert]: bivariate_upper(a, b, r) - target,
            -0.99,
            0.99,
            xtol=1e-12,
        )
        matrix = np.full((len(names), len(names)), CROSS_CORRELATION[is_expert])
        matrix[np.ix_(is_llm, is_llm)] = LLM_CORRELATION[is_expert]
        matrix[first, second] = matrix[second, first] = between_filters
        np.fill_diagonal(matrix, 1.0)
        correlations[is_expert] = matrix
    return LabelModel(names, means, correlations)


@dataclass(frozen=True)
class _Population:
    """Who there is: ids, employees, experts, profiles and experts among the profiles, all (C,)."""

    ids: NDArray[np.str_]
    headcount: IntArray
    experts: IntArray
    observed: IntArray
    observed_experts: IntArray


def _draw_population(
    companies: int, profiles: int, setting: Scenario, seed: int
) -> tuple[_Population, FloatArray]:
    """Draw the companies' people, and the prevalences (C,) behind their experts."""
    headcount = _draw_headcounts(companies, stream(seed, "simulate", "headcount"))
    observed = _choose_profiles(headcount, profiles, stream(seed, "simulate", "profiled"))
    prevalence = _draw_prevalences(headcount, setting, stream(seed, "simulate", "prevalence"))
    experts = stream(seed, "simulate", "experts").binomial(headcount, prevalence)
    observed_experts = stream(seed, "simulate", "who is seen").hypergeometric(
        experts, headcount - experts, observed
    )
    ids = np.array([f"company-{number:04d}" for number in range(1, companies + 1)])
    return _Population(ids, headcount, experts, observed, observed_experts), prevalence


def _draw_headcounts(companies: int, rng: np.random.Generator) -> IntArray:
    """True headcounts (C,) in random order, log-uniform within each band."""
    published, low, high = np.array(list(PUBLISHED_SIZES.values())).T
    counts = _apportion(published.astype(float), companies)
    low, high = np.repeat(low, counts), np.repeat(high, counts)
    drawn = np.exp(rng.uniform(np.log(low), np.log(high)))
    return rng.permutation(np.minimum(drawn.astype(np.int64), high - 1))


def _apportion(weights: FloatArray, total: int) -> IntArray:
    """Split `total` into integers proportional to `weights` by largest remainders."""
    exact = weights / weights.sum() * total
    shares = np.floor(exact).astype(np.int64)
    order = np.argsort(shares - exact, kind="stable")
    shares[order[: total - shares.sum()]] += 1
    return shares


def _choose_profiles(headcount: IntArray, wanted: int, rng: np.random.Generator) -> IntArray:
    """Number of observed profiles of each company (C,); 0 where there are keyword counts only."""
    band, rank = size_band(headcount), rng.permutation(len(headcount))
    in_half = np.zeros(len(headcount), dtype=bool)
    for name in SIZE_BANDS:
        members = np.flatnonzero(band == name)
        members = members[np.argsort(rank[members])]
        in_half[members[: (len(members) + 1) // 2]] = True

    least = np.ceil(COVERAGE[0] * headcount).astype(np.int64)
    typical = np.maximum(least, np.mean(COVERAGE) * headcount)
    half = np.flatnonzero(in_half)
    half = half[np.argsort(headcount[half], kind="stable")]
    taken = np.zeros(len(headcount), dtype=bool)
    taken[half[np.cumsum(typical[half]) <= wanted]] = True
    for company in np.argsort(-headcount, kind="stable"):
        if not taken[company] and typical[taken].sum() + typical[company] <= wanted:
            taken[company] = True

    observed = np.ceil(rng.uniform(*COVERAGE, len(headcount)) * headcount).astype(np.int64)
    observed[~taken] = 0
    lacking = wanted - observed.sum()
    room = np.where(taken, headcount - observed if lacking > 0 else observed - least, 0)
    if room.sum() > 0:
        step = _apportion(room.astype(float), min(abs(lacking), room.sum()))
        observed += np.sign(lacking) * step
    return observed


def _draw_prevalences(
    headcount: IntArray, setting: Scenario, rng: np.random.Generator
) -> FloatArray:
    """Share of experts that each company's employees are drawn with (C,)."""
    if setting.prevalence_range is not None:
        return rng.uniform(*setting.prevalence_range, len(headcount))
    a, b = np.array([DEFAULT_PRIORS.bands[band] for band in size_band(headcount)]).T
    raised = a * setting.prevalence_factor
    return rng.beta(raised, a + b - raised)


def _draw_profiles(
    people: _Population, setting: Scenario, model: LabelModel, seed: int
) -> pd.DataFrame:
    """Profiles with complete labels, grouped by company: company_id and six label columns."""
    observed = people.observed
    company = np.repeat(np.arange(len(observed)), observed)
    # Which of a company's profiles are the experts must not show in the order of its rows.
    rng = stream(seed, "simulate", "profile order")
    shuffled = np.lexsort((rng.random(len(company)), company))
    rank = np.arange(len(company)) - (np.cumsum(observed) - observed)[company]
    is_expert = np.empty(len(company), dtype=np.int8)
    is_expert[shuffled] = rank < people.observed_experts[company]

    rng = stream(seed, "simulate", "profile labels")
    easy = (is_expert == 0) & (rng.random(len(company)) < setting.easy_share)
    labels = _draw_labels(is_expert, np.where(easy, setting.easy_shift, 0.0), model, rng)
    unseen_text = rng.random(len(company)) >= setting.filters_seen
    for name in FILTERS:
        labels[name] &= ~unseen_text
    return _label_frame({"company_id": people.ids[company]}, labels)


def _draw_labels(
    is_expert: NDArray[np.int8], shift: FloatArray, model: LabelModel, rng: np.random.Generator
) -> dict[str, NDArray[np.bool_]]:
    """Labels of the drawn annotators by name, each (n,)."""
    factors = np.linalg.cholesky(model.correlations)
    noise = rng.standard_normal((len(is_expert), len(model.names)))
    fires = np.empty(noise.shape, dtype=bool)
    for z in (0, 1):
        rows = is_expert == z
        latent = model.means[z] + noise[rows] @ factors[z].T + shift[rows, None]
        fires[rows] = latent > 0
    return {name: fires[:, column] for column, name in enumerate(model.names)}


def _label_frame(
    leading: Mapping[str, NDArray], labels: Mapping[str, NDArray[np.bool_]]
) -> pd.DataFrame:
    """Put the leading columns, the drawn labels and their conjunction into one frame."""
    complete = {**labels, CONJUNCTION: labels[FILTERS[0]] & labels[FILTERS[1]]}
    columns = {name: pd.array(fires.astype(np.int8), "Int8") for name, fires in complete.items()}
    return pd.DataFrame({**leading, **columns})


def _draw_rated_cvs(model: LabelModel, seed: int) -> pd.DataFrame:
    """The rated CVs in random order, with complete labels."""
    rng = stream(seed, "simulate", "rated cvs")
    is_expert = rng.permutation(np.arange(RATED_CVS) < RATED_EXPERTS).astype(np.int8)
    labels = _draw_labels(is_expert, np.zeros(RATED_CVS), model, rng)
    frame = _label_frame({"is_expert": is_expert}, labels)
    # As in the published files the column order differs from that of the profiles.
    reordered = sorted(frame.columns.drop("is_expert"), reverse=True)
    return frame[["is_expert", *reordered]]


def _hide_labels(profiles: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Remove LLM labels at random, as when an answer could not be obtained."""
    hidden = profiles.copy()
    for name, share in MISSING_LABELS.items():
        hidden.loc[rng.random(len(hidden)) < share, name] = pd.NA
    return hidden


def _filter_counts(profiles: pd.DataFrame, ids: NDArray[np.str_]) -> IntArray:
    """Hits of each filter and of the conjunction among the profiles, (C, 3)."""
    hits = profiles.groupby("company_id")[[*FILTERS, CONJUNCTION]].sum()
    return hits.reindex(ids, fill_value=0).to_numpy(dtype=np.int64)


def _draw_unseen_hits(
    people: _Population, setting: Scenario, model: LabelModel, seed: int
) -> IntArray:
    """Hits of each filter and of the conjunction among employees without a profile, (C, 3)."""
    rng = stream(seed, "simulate", "unseen hits")
    unseen_experts = people.experts - people.observed_experts
    unseen_negatives = people.headcount - people.observed - unseen_experts

    silent = np.array([1.0, 0.0, 0.0, 0.0])
    mixture = np.stack(
        [
            (1 - setting.easy_share) * model.filter_patterns(0)
            + setting.easy_share * model.filter_patterns(0, setting.easy_shift),
            model.filter_patterns(1),
        ]
    )
    mixture = setting.filters_seen * mixture + (1 - setting.filters_seen) * silent
    patterns = rng.multinomial(unseen_negatives, mixture[0])
    patterns += rng.multinomial(unseen_experts, mixture[1])
    _, only_first, only_second, both = patterns.T
    return np.stack([only_first + both, only_second + both, both], axis=1)


def _company_table(people: _Population, hits: IntArray, seed: int) -> pd.DataFrame:
    """The company table as a study would have it, with some headcounts missing."""
    rng = stream(seed, "simulate", "company table")
    ids = people.ids
    known = pd.Series(people.headcount, dtype="Int64")
    known[rng.random(len(ids)) < MISSING_HEADCOUNTS] = pd.NA
    table = pd.DataFrame(
        {
            "company_id": ids,
            "name": [company.replace("company-", "Company ") for company in ids],
            "headcount": known,
            "cohort": rng.choice(list(COHORTS), len(ids), p=list(COHORTS.values())),
            "headquarters": rng.choice(list(HEADQUARTERS), len(ids), p=list(HEADQUARTERS.values())),
        }
    )
    for column, name in enumerate((*FILTERS, CONJUNCTION)):
        table[f"{name}_hits"] = pd.array(hits[:, column], "Int64")
    return table
