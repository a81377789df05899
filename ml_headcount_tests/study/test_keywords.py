"""The section `keywords` of a study's configuration."""

from dataclasses import fields

import pytest

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.study import load_study
from ml_headcount_assets.study.keywords import KeywordsEntry, ThresholdEntry
from ml_headcount_assets.text.keywords import KeywordSettings, Threshold


def load(directory, section: str):
    (directory / "companies.csv").write_text("company_id,headcount\nacme,9\n")
    (directory / "validation.csv").write_text("is_expert,a\n1,1\n0,0\n")
    (directory / "profile_labels.csv").write_text("company_id,a\nacme,1\n")
    (directory / "study.yaml").write_text(f"keywords: {section}\n")
    return load_study(directory)


def test_every_choice_can_be_made():
    for entry, record in ((KeywordsEntry, KeywordSettings), (ThresholdEntry, Threshold)):
        assert set(entry.model_fields) == {field.name for field in fields(record)}


def test_what_is_left_out_is_as_by_default(tmp_path):
    assert load(tmp_path, "{}").keyword_settings() == KeywordSettings()
    settings = load(tmp_path, "{folds: 7, strict: {z: 5}}").keyword_settings()
    assert settings.folds == 7
    assert settings.strict.z == 5
    assert settings.strict.documents == KeywordSettings().strict.documents
    assert settings.broad == KeywordSettings().broad


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("{fold: 3}", "'keywords.fold' is unknown"),
        ("{folds: '3'}", "'keywords.folds'"),
        ("{folds: 2.5}", "'keywords.folds'"),
        ("{folds: 1}", "folds is 1; it has to be at least 2"),
        ("{diversity: 2}", "'keywords.diversity'"),
        ("{strict: {z: 1}}", "the strict threshold is looser"),
        ("{strict: {zed: 1}}", "'keywords.strict.zed' is unknown"),
        ("{model: ''}", "'keywords.model'"),
    ],
)
def test_mistakes_are_named(tmp_path, section, message):
    with pytest.raises(InputError, match=message) as caught:
        load(tmp_path, section)
    assert str(caught.value).startswith("study.yaml: ")
