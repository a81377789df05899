"""Simulated studies with known truth.

A simulated world has what a real study has (rated CVs, labels of profiles, a company table with
keyword-hit counts, gaps in all of them) and in addition the true number of experts of every
company. Labels come from a multivariate probit per class (`label_model`); the scenarios
(`scenarios`) bend the prevalences (`population`), or the way deployed profiles differ from the
rated CVs (`deployment`), or what is known of whom.

Every stage draws from a stream of its own, keyed by the seed and the stage's name, so that
scenarios with the same seed share what they have in common.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import InputError
from ..model.streams import stream
from ..wording import how_many
from .deployment import (
    LabelLaw,
    add_conjunction,
    deployed_labels,
    draw_labels,
    latent_scale,
    searched_labels,
)
from .label_model import (
    ANNOTATOR_SETS,
    CONJUNCTION,
    FILTERS,
    LLMS,
    PUBLISHED_RATES,
    LabelModel,
    label_model,
    published_label_model,
)
from .population import Population, Prevalence, draw_population
from .scenarios import SCENARIOS, Scenario

__all__ = [
    "CONJUNCTION",
    "FILTERS",
    "LLMS",
    "PUBLISHED_RATES",
    "SCENARIOS",
    "LabelModel",
    "Scenario",
    "SimulatedWorld",
    "published_label_model",
    "simulate_study",
]

IntArray = NDArray[np.int64]

#: Companies and profiles of the published study.
PUBLISHED_SIZE = (403, 250_000)
#: Shares of the profiles of which an LLM's label could not be obtained; other LLMs have few.
MISSING_LABELS: Mapping[str, float] = MappingProxyType(
    {"llm_gemini_2_5_flash": 0.020, "llm_gpt_5_mini": 0.010, "llm_sonnet_4": 0.015}
)
_MISSING_OTHERWISE = 0.01
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


@dataclass(frozen=True, repr=False)
class SimulatedWorld:
    """One simulated study.

    Attributes
    ----------
    validation
        Rated CVs: is_expert and the label columns (in another order than in `profiles`).
    profiles
        company_id and the label columns, 0, 1 or missing; one row a profile.
    companies
        company_id, name, headcount (may be missing), cohort, headquarters and
        ``<filter>_hits``, the keyword hits among all employees. In scenarios with counts of LLMs
        also ``<llm>_accepted`` and ``<llm>_labelled``, missing where there are none.
    truth
        company_id, headcount, experts, prevalence, profiled; what an estimator must not see.
    parameters
        The probit that the labels of the rated CVs were drawn from.
    deployed, searched
        The laws of the deployed people's labels, and of the hits (the same, unless the scenario
        has a search of its own), companies in the order of `truth`.
    prevalence
        What the shares of experts were drawn from.
    scenario, seed
        What the world was made with.
    is_expert
        Whether each row of `profiles` is of an expert; what an estimator must not see.
    """

    validation: pd.DataFrame
    profiles: pd.DataFrame
    companies: pd.DataFrame
    truth: pd.DataFrame
    parameters: LabelModel
    deployed: LabelLaw
    searched: LabelLaw
    prevalence: Prevalence
    scenario: str
    seed: int
    is_expert: NDArray[np.int8]

    def __repr__(self) -> str:
        return (
            f"World {self.scenario}, seed {self.seed}: {how_many(len(self.companies), 'company')}, "
            f"{how_many(len(self.profiles), 'profile')},"
            f" {how_many(len(self.validation), 'rated CV')}"
        )


def simulate_study(
    scenario: str = "matched",
    companies: int | None = None,
    profiles: int | None = None,
    seed: int = 0,
) -> SimulatedWorld:
    """Draw a study whose true counts are known.

    Headcounts are log-uniform within the published bands. A random half of the companies of
    each band may have profiles, the rest have keyword counts only. Profiled companies show 60 to
    100 % of their employees. Of that half the largest are passed over when 80 % of everybody's
    employees would exceed the wanted number of profiles; where this leaves a gap, the largest
    other companies that still fit are added. The number of profiles is then met exactly, unless
    the chosen companies employ fewer people than that (a small world, or more profiles wanted
    than there are people): then each of their employees has a profile, and that is all. In a
    scenario of several cohorts these decide who has profiles, of which there are at most as many
    as wanted.

    Parameters
    ----------
    scenario
        A key of `SCENARIOS`.
    companies, profiles
        Numbers of companies and of profiles, each at least 1; None takes those that the scenario
        is about, or else the published ones.
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
    setting = SCENARIOS[scenario]
    usual_companies, usual_profiles = setting.size or PUBLISHED_SIZE
    companies = usual_companies if companies is None else companies
    profiles = usual_profiles if profiles is None else profiles
    for argument, value, least in (
        ("companies", companies, 1),
        ("profiles", profiles, 1),
        ("seed", seed, 0),
    ):
        if value < least:
            raise InputError(f"{argument} is {value}; it has to be at least {least}.")
    model = label_model(ANNOTATOR_SETS[setting.annotators])
    people = draw_population(companies, profiles, setting, seed)
    deployed = deployed_labels(model, setting, people.easy_share, people.easy_shift, seed)
    searched = deployed
    if setting.search is not None:
        searched = searched_labels(model, deployed, setting.search, seed)
    labelled, is_expert = _draw_profiles(people, deployed, seed)
    hits = _draw_hits(people, labelled, searched, seed, apart=setting.search is not None)
    counted = labelled["company_id"].isin(people.ids[people.counted_only])
    companies_known = _company_table(people, hits, model, seed)
    if people.counted_only.any():
        companies_known = companies_known.join(
            _accepted_counts(labelled[counted], model), on="company_id"
        )
    profiles_known = labelled[~counted].reset_index(drop=True)
    return SimulatedWorld(
        validation=_draw_rated_cvs(model, setting, seed),
        profiles=_hide_labels(profiles_known, model, stream(seed, "simulate", "missing labels")),
        companies=companies_known,
        truth=pd.DataFrame(
            {
                "company_id": people.ids,
                "headcount": people.headcount,
                "experts": people.experts,
                "prevalence": people.prevalence,
                "profiled": (people.observed > 0) & ~people.counted_only,
            }
        ),
        parameters=model,
        deployed=deployed,
        searched=searched,
        prevalence=people.law,
        scenario=scenario,
        seed=seed,
        is_expert=is_expert[~counted.to_numpy()],
    )


def _draw_profiles(
    people: Population, law: LabelLaw, seed: int
) -> tuple[pd.DataFrame, NDArray[np.int8]]:
    """Profiles with complete labels, grouped by company, and whether each is an expert's."""
    observed = people.observed
    company = np.repeat(np.arange(len(observed)), observed)
    # Which of a company's profiles are the experts must not show in the order of its rows.
    rng = stream(seed, "simulate", "profile order")
    shuffled = np.lexsort((rng.random(len(company)), company))
    rank = np.arange(len(company)) - (np.cumsum(observed) - observed)[company]
    is_expert = np.empty(len(company), dtype=np.int8)
    is_expert[shuffled] = rank < people.observed_experts[company]
    labels = law.draw(is_expert, company, seed)
    columns = add_conjunction(labels, law.model)
    return _label_frame({"company_id": people.ids[company]}, columns), is_expert


def _label_frame(
    leading: Mapping[str, NDArray], labels: Mapping[str, NDArray[np.bool_]]
) -> pd.DataFrame:
    """Put the leading columns and the labels into one frame."""
    columns = {name: pd.array(fires.astype(np.int8), "Int8") for name, fires in labels.items()}
    return pd.DataFrame({**leading, **columns})


def _draw_rated_cvs(model: LabelModel, setting: Scenario, seed: int) -> pd.DataFrame:
    """The rated CVs in random order, with complete labels."""
    cvs, experts = setting.rated
    rng = stream(seed, "simulate", "rated cvs")
    is_expert = rng.permutation(np.arange(cvs) < experts).astype(np.int8)
    scale = latent_scale(setting.degrees, cvs, stream(seed, "simulate", "latent scale of rated"))
    labels = draw_labels(is_expert, np.zeros(cvs), model, rng, scale)
    wrong = stream(seed, "simulate", "verdicts").random(cvs) < setting.wrong_verdicts
    verdicts = np.where(wrong, 1 - is_expert, is_expert).astype(np.int8)
    frame = _label_frame({"is_expert": verdicts}, add_conjunction(labels, model))
    # As in the published files the column order differs from that of the profiles.
    reordered = sorted(frame.columns.drop("is_expert"), reverse=True)
    return frame[["is_expert", *reordered]]


def _hide_labels(
    profiles: pd.DataFrame, model: LabelModel, rng: np.random.Generator
) -> pd.DataFrame:
    """Remove LLM labels at random, as when an answer could not be obtained."""
    hidden = profiles.copy()
    for name in model.llms:
        share = MISSING_LABELS.get(name, _MISSING_OTHERWISE)
        hidden.loc[rng.random(len(hidden)) < share, name] = pd.NA
    return hidden


def _accepted_counts(profiles: pd.DataFrame, model: LabelModel) -> pd.DataFrame:
    """By company, how many each LLM has accepted, and of how many; everybody has been asked."""
    groups = profiles.groupby("company_id")[list(model.llms)]
    accepted, labelled = groups.sum().astype("Int64"), groups.count().astype("Int64")
    tables = [accepted.add_suffix("_accepted"), labelled.add_suffix("_labelled")]
    return pd.concat(tables, axis=1)


def _draw_hits(
    people: Population, labelled: pd.DataFrame, law: LabelLaw, seed: int, *, apart: bool
) -> IntArray:
    """Hits of each filter (and of their conjunction) among all employees, (C, F).

    Of those whose labels are drawn they are what the labels say, unless the search is an
    instrument apart; the others are drawn.
    """
    seen = np.zeros((len(people.ids), len(law.model.counted)), dtype=np.int64)
    experts, everybody = people.experts, people.headcount
    if not apart:
        counts = labelled.groupby("company_id")[list(law.model.counted)].sum()
        seen = counts.reindex(people.ids, fill_value=0).to_numpy(dtype=np.int64)
        experts, everybody = experts - people.observed_experts, everybody - people.observed
    rng = stream(seed, "simulate", "unseen hits")
    probabilities = law.filter_probabilities()
    patterns = rng.multinomial(everybody - experts, probabilities[:, 0])
    patterns += rng.multinomial(experts, probabilities[:, 1])
    if patterns.shape[1] == 2:
        return seen + patterns[:, 1:]
    _, only_first, only_second, both = patterns.T
    return seen + np.stack([only_first + both, only_second + both, both], axis=1)


def _company_table(
    people: Population, hits: IntArray, model: LabelModel, seed: int
) -> pd.DataFrame:
    """The company table as a study would have it, with some headcounts missing."""
    rng = stream(seed, "simulate", "company table")
    ids = people.ids
    known = pd.Series(people.headcount, dtype="Int64")
    known[rng.random(len(ids)) < MISSING_HEADCOUNTS] = pd.NA
    cohort = rng.choice(list(COHORTS), len(ids), p=list(COHORTS.values()))
    table = pd.DataFrame(
        {
            "company_id": ids,
            "name": [company.replace("company-", "Company ") for company in ids],
            "headcount": known,
            "cohort": cohort if people.cohort is None else people.cohort,
            "headquarters": rng.choice(list(HEADQUARTERS), len(ids), p=list(HEADQUARTERS.values())),
        }
    )
    for column, name in enumerate(model.counted):
        table[f"{name}_hits"] = pd.array(hits[:, column], "Int64")
    return table
