"""Which annotators a study has."""

from __future__ import annotations

import pytest

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.ingest import read_profile_labels, read_rated_cvs, study_annotators
from ml_headcount_assets.model.annotators import Annotator

from .conftest import MakeStudy

LISTED = """annotators:
  - {name: llm_x, kind: llm, column: filter_a}
"""


def test_inferred_from_the_columns(make_study: MakeStudy) -> None:
    assert study_annotators(make_study()) == (
        Annotator("filter_a", "filter"),
        Annotator("llm_x", "llm"),
    )


def test_listed_ones_win_and_may_be_called_otherwise_in_the_files(make_study: MakeStudy) -> None:
    study = make_study(config=LISTED)
    assert study_annotators(study) == (Annotator("llm_x", "llm"),)
    _, rated_labels, _ = read_rated_cvs(study)
    assert rated_labels["label"].tolist() == [1, 0, 1, 0]
    labels, _ = read_profile_labels(study, ["acme", "globex"])
    assert labels["label"].tolist() == [0, 1, 1]


def test_annotator_on_one_side_only_is_named(make_study: MakeStudy) -> None:
    more_profiles = "company_id,filter_a,llm_x,llm_new\nacme,0,1,1\n"
    with pytest.raises(InputError, match=r"profile_labels\.csv: annotator 'llm_new' is not in"):
        study_annotators(make_study(profile_labels=more_profiles))
    fewer_profiles = "company_id,filter_a\nacme,0\n"
    with pytest.raises(InputError, match=r"validation\.csv: annotator 'llm_x' is not in"):
        study_annotators(make_study(profile_labels=fewer_profiles))


def test_listed_annotator_without_a_column_is_named(make_study: MakeStudy) -> None:
    study = make_study(config="annotators: [{name: llm_gone, kind: llm}]\n")
    for read in (read_rated_cvs, lambda s: read_profile_labels(s, ["acme"])):
        with pytest.raises(InputError, match="'llm_gone'"):
            read(study)


def test_files_without_annotators(make_study: MakeStudy) -> None:
    with pytest.raises(InputError, match="no column with an annotator's labels"):
        study_annotators(make_study(validation="is_expert\n1\n", profile_labels="company_id\na\n"))
