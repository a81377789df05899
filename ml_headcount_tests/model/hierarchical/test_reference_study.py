"""Real companies: the laboratories and the companies without experts, in one fit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ml_headcount_assets.model.hierarchical import Effort, draw_company_hierarchical

from .conftest import Study

#: Enough for the middle of an interval.
EFFORT = Effort(look=15, search=60, particles=60, chains=12, warmup=4, kept=4, rounds=1, leaps=4)
LLMS = {"gemini": "llm_gemini_2_5_flash", "gpt5": "llm_gpt_5_mini", "claude": "llm_sonnet_4"}
COHORTS = ("comparator_ml", "comparator_non_ml")


def _companies(directory: Path) -> pd.DataFrame:
    """Return both comparator cohorts with hits of the search and accepted counts of LLMs."""
    table = pd.read_csv(directory / "companies.csv", dtype={"linkedin_id": str})
    table = table[table["cohort"].isin(COHORTS)].rename(
        columns={"linkedin_id": "company_id", "total_headcount": "headcount"}
    )
    published = pd.read_csv(directory / "published_comparator_ml.csv").set_index("linkedin_id")
    known = table["company_id"].map(published["n_employees"])
    table["headcount"] = known.fillna(table["headcount"])
    for column in [c for c in table if c.startswith("filter_")]:
        table[f"{column}_hits"] = table[column]
    for short, name in LLMS.items():
        table[f"{name}_accepted"] = table[f"{short}_total_accepted"]
        table[f"{name}_labelled"] = table[f"{short}_total_employees"]
    return table.dropna(subset=["company_id"]).reset_index(drop=True)


@pytest.fixture(scope="module")
def answer(reference_directory: Path):
    study = Study.of(
        pd.read_csv(reference_directory / "validation_labels.csv"),
        pd.read_csv(reference_directory / "profile_labels.csv"),
        _companies(reference_directory),
    )
    fit = study.fit(effort=EFFORT)
    drawn = {
        c.company_id: draw_company_hierarchical(fit, c, draws=100, seed=0).experts
        for c in study.companies
    }
    cohorts = {c.company_id: c.cohort for c in study.companies}
    return fit, drawn, cohorts


def test_laboratories_have_the_experts_that_their_labels_say(answer):
    _, drawn, _ = answer
    # A quarter of DeepMind's 6,500 are accepted by all three LLMs, who miss a third of experts.
    assert 2_300 < np.median(drawn["googledeepmind"]) < 3_700
    assert 700 < np.median(drawn["openai"]) < 1_400


def test_companies_without_experts_are_found_without_being_told(answer):
    _, drawn, cohorts = answer
    total = sum(v for name, v in drawn.items() if cohorts[name] == "comparator_non_ml")
    assert 0 <= np.median(total) < 60


def test_hits_of_the_search_are_an_instrument_of_their_own(answer):
    fit, _, _ = answer
    assert fit.layout.separate_search
    # Filters fire on 0.4 % of the profiles' texts, and on 9 % of rated non-experts.
    assert np.median(1 / (1 + np.exp(-fit.parameter("audible")))) < 0.5
