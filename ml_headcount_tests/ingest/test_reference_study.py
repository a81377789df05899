"""The real labels of the published study, through the mapping that ships with the package."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_headcount_assets.ingest import (
    read_companies,
    read_profile_labels,
    read_rated_cvs,
    study_annotators,
)
from ml_headcount_assets.study import Study, load_study

LLMS = ("llm_gemini_2_5_flash", "llm_gpt_5_mini", "llm_sonnet_4")


@pytest.fixture(scope="module")
def study(reference_directory: Path) -> Study:
    return load_study(reference_directory, "schons-2026.yaml")


def test_companies(study: Study) -> None:
    companies, counts, rejects = read_companies(study)
    # 441 rows less two without an id and two companies that are in two cohorts.
    assert len(companies) == 437
    assert companies["company"].is_unique
    assert companies["company"].str.match(r"^[a-z0-9_.-]+$").all()
    assert companies["headcount"].isna().sum() == 30
    by_id = companies.set_index("company_id")
    assert by_id.loc["mistralai", "cohort"] == "consulting;comparator_ml"
    assert by_id.loc["cohere-ai", "cohort"] == "consulting;comparator_ml"
    assert by_id.loc["357", "headcount"] == 87_000
    assert by_id.loc["357", "country"] == "Japan"
    assert {"next's", "biz-conexión-digital", "（株）シービーエスリサーチ"} <= set(by_id.index)
    accenture = counts[counts["company_id"] == "accenture"].set_index("annotator")
    assert accenture["hits"].dropna().to_dict() == {
        "filter_broad_yes": 3500,
        "filter_strict_no": 3400,
        "filter_broad_yes_strict_no": 186,
    }
    assert accenture["labelled"].dropna().to_dict() == dict.fromkeys(LLMS, 3)
    assert counts["hits"].notna().sum() == 3 * len(companies)
    # Some 320 companies were put before the LLMs, of which a few have no employees.
    asked = counts[counts["annotator"].isin(LLMS)].groupby("company")["labelled"].max().dropna()
    assert len(asked) > 300
    assert counts["accepted"].sum() < 0.1 * counts["labelled"].sum()
    assert rejects["field"].value_counts().to_dict() == {
        "headcount": 30,
        "company_id": 2,
        "(row)": 2,
    }


def test_labels(study: Study) -> None:
    rated_cvs, rated_labels, rejects = read_rated_cvs(study)
    assert rejects.empty
    assert (len(rated_cvs), rated_cvs["is_expert"].sum()) == (585, 153)
    assert len(rated_labels) == 6 * 585
    # By name, although the two files have their columns in different order.
    experts = set(rated_cvs.loc[rated_cvs["is_expert"] == 1, "rated_id"])
    of_experts = rated_labels[rated_labels["rated_id"].isin(experts)]
    sensitivity = of_experts.groupby("annotator")["label"].mean()
    assert sensitivity["filter_broad_yes_strict_no"] == pytest.approx(0.301, abs=5e-4)
    assert sensitivity["llm_sonnet_4"] == pytest.approx(0.588, abs=5e-4)

    companies, _, _ = read_companies(study)
    labels, rejects = read_profile_labels(study, companies["company_id"])
    assert rejects.empty
    profiles = labels.groupby("company_id")["profile_id"].nunique()
    assert (profiles.sum(), profiles["googledeepmind"], len(profiles)) == (11_205, 4_308, 12)
    gemini = labels.loc[labels["annotator"] == "llm_gemini_2_5_flash", "label"]
    assert (gemini.isna().sum(), gemini.sum()) == (129, 3_363)


def test_annotators(study: Study) -> None:
    derived = {a.name: a.derived for a in study_annotators(study) if a.derived}
    assert derived == {
        "filter_broad_yes_strict_no": ("filter_broad_yes", "filter_strict_no"),
    }
