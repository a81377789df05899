"""Study configuration: what is found, what is refused, and in which words."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from pydantic import ValidationError

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.model import PAPER_PRIORS, EstimatorSettings
from ml_headcount_assets.study import Study, bundled_studies, load_study
from ml_headcount_assets.study.bounded_yaml import parse_yaml


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    for name in ("companies.csv", "validation.tsv", "profile_labels.jsonl.gz"):
        (tmp_path / name).write_text("x")
    return tmp_path


def _load(directory: Path, config: str) -> Study:
    (directory / "study.yaml").write_text(config, encoding="utf-8")
    return load_study(directory)


def test_without_a_configuration_files_are_found_by_name(directory: Path) -> None:
    study = load_study(directory)
    assert study.name == directory.name
    assert study.files.companies.path == directory / "companies.csv"
    assert study.files.validation.path == directory / "validation.tsv"
    assert study.files.profile_labels.path == directory / "profile_labels.jsonl.gz"
    assert study.annotators is None
    assert study.headline == "hierarchical"
    assert study.settings() == EstimatorSettings.default()


def test_missing_file_is_named(directory: Path) -> None:
    (directory / "validation.tsv").unlink()
    with pytest.raises(InputError, match=r"no file validation\.\*.*files\.validation\.path"):
        load_study(directory)


def test_two_candidates_are_refused(directory: Path) -> None:
    (directory / "companies.xlsx").write_text("x")
    with pytest.raises(InputError, match=r"companies\.csv, companies\.xlsx"):
        load_study(directory)
    study = _load(directory, "files: {companies: {path: companies.xlsx}}")
    assert study.files.companies.path == directory / "companies.xlsx"


def _with_profiles(directory: Path, folder: str = "profiles") -> Path:
    (directory / "profile_labels.jsonl.gz").unlink()
    (directory / folder).mkdir()
    (directory / "labels").mkdir()
    return directory


def test_a_folder_of_profiles_is_found_with_its_labels(directory: Path) -> None:
    study = load_study(_with_profiles(directory))
    assert study.files.profile_labels is None
    assert study.files.profiles.path == directory / "profiles"
    assert study.files.labels.path == directory / "labels"
    assert study.files.profiles.vendor is None
    assert not study.files.profiles.columns.model_fields_set
    assert list(study.keyword_filters.rules) == [
        "filter_broad_yes",
        "filter_strict_no",
        "filter_broad_yes_strict_no",
    ]


def test_profiles_may_lie_elsewhere(directory: Path) -> None:
    _with_profiles(directory, "people")
    (directory / "dump.csv.gz").write_text("x")
    for path in ("people", "dump.csv.gz"):
        study = _load(
            directory, f"files: {{profiles: {{path: {path}, columns: {{snapshot: taken}}}}}}"
        )
        assert study.files.profiles.path == directory / path
    with pytest.raises(InputError, match=r"files\.profiles\.path: there is no file 'gone'"):
        _load(directory, "files: {profiles: {path: gone}}")
    with pytest.raises(InputError, match=r"files\.labels\.path: there is no folder 'dump.csv.gz'"):
        _load(directory, "files: {profiles: {path: people}, labels: {path: dump.csv.gz}}")


def test_people_come_in_one_way(directory: Path) -> None:
    (directory / "profiles").mkdir()
    with pytest.raises(InputError, match="there are both profiles"):
        load_study(directory)
    study = _load(directory, "files: {profile_labels: {}}")
    assert study.files.profiles is None
    with pytest.raises(InputError, match="give either 'profiles' or 'profile_labels'"):
        _load(directory, "files: {profile_labels: {}, profiles: {}}")
    (directory / "labels").mkdir()
    with pytest.raises(InputError, match="'labels' are of 'profiles'"):
        _load(directory, "files: {profile_labels: {}, labels: {}}")
    (directory / "profiles").rmdir()
    (directory / "profile_labels.jsonl.gz").unlink()
    with pytest.raises(InputError, match="there is neither profiles"):
        _load(directory, "")


FILTERS = """
filters:
  terms: {ml: [machine learning, ML], sales: [leads]}
  rules:
    filter_x: {all_of: [ml], none_of: [sales]}
"""


def test_filters_are_data(directory: Path) -> None:
    _with_profiles(directory)
    study = _load(directory, FILTERS + "annotators: [{name: filter_x, kind: filter}]")
    assert study.keyword_filters.terms["ml"] == ("machine learning", "ML")
    with pytest.raises(
        InputError, match=r"'filter_y' is a keyword filter without a rule.*filter_x"
    ):
        _load(directory, FILTERS + "annotators: [{name: filter_y, kind: filter}]")
    with pytest.raises(InputError, match=r"'filters'.*there is no list 'mml'"):
        _load(directory, FILTERS.replace("all_of: [ml]", "all_of: [mml]"))
    with pytest.raises(InputError, match=r"'filters.terms.ml.0': .*besides white space"):
        _load(directory, FILTERS.replace("machine learning", '"-"'))


def test_missing_directory(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such study directory"):
        load_study(tmp_path / "nowhere")


def test_everything_that_can_be_said(directory: Path) -> None:
    study = _load(
        directory,
        """
name: demo
files:
  companies: {path: companies.csv, columns: {company_id: linkedin_id}, hits: {filter_a: a}}
  validation: {path: validation.tsv, columns: {is_expert: expert}}
  profile_labels: {path: profile_labels.jsonl.gz, columns: {company_id: org}}
annotators:
  - {name: llm_x, kind: llm, column: x}
  - {name: filter_a, kind: filter}
  - {name: filter_b, kind: filter}
  - {name: filter_ab, kind: filter, derived: [filter_a, filter_b]}
estimators: [independent, five_layer]
preset: paper-2026
draws: 200
seed: 7
level: 0.9
layers: [rated_cvs, truth]
priors: {bands: {under_100: [1, 9]}, cohorts: {labs: [2, 3]}}
six_dimensional: false
""",
    )
    assert study.name == "demo"
    assert study.files.companies.hits == {"filter_a": "a"}
    assert study.annotators is not None
    assert study.annotators[0].source_column == "x"
    assert study.annotators[3].derived == ("filter_a", "filter_b")
    assert (study.headline, study.draws, study.seed, study.level) == ("independent", 200, 7, 0.9)
    settings = study.settings()
    assert settings.layers == ("rated_cvs", "truth")
    assert settings.six_dimensional is False
    assert settings.repair == "clip"
    assert settings.priors.bands == {**PAPER_PRIORS.bands, "under_100": (1.0, 9.0)}
    assert settings.priors.cohorts == {**PAPER_PRIORS.cohorts, "labs": (2.0, 3.0)}


def test_a_study_cannot_be_changed(directory: Path) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load_study(directory).draws = 3  # type: ignore[misc]


TWO = "annotators: [{name: a, kind: filter}, {name: b, kind: filter}, "


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("nmae: x", "key 'nmae' is unknown"),
        ("directory: /tmp", "key 'directory' is unknown"),
        ("files: {companies: {columns: {id: x}}}", "'files.companies.columns.id' is unknown"),
        ("files: {persons: {path: x}}", "'files.persons' is unknown"),
        ("files: 3", "key 'files'"),
        ("files: {companies: 3}", "key 'files.companies'"),
        ("files: {companies: {path: 3}}", "key 'files.companies.path'"),
        ("files: {companies: {path: gone.csv}}", "files.companies.path: there is no file"),
        ("draws: many", "key 'draws'"),
        ("draws: true", "key 'draws'"),
        ("draws: 1", "key 'draws'"),
        ("seed: -1", "key 'seed'"),
        ("level: 1.0", "key 'level'"),
        ("estimators: []", "key 'estimators'"),
        ("estimators: [bayes]", "estimators: 'bayes' is unknown; there are hierarchical"),
        ("estimators: [five_layer, five_layer]", "'five_layer' is listed more than once"),
        ("preset: paper-1926", "'paper-1926'"),
        ("layers: [prevalence, luck]", "'luck'"),
        ("priors: {bands: {tiny: [1, 9]}}", "tiny"),
        ("priors: {bands: {under_100: [1]}}", "key 'priors.bands.under_100"),
        ("priors: {bands: {under_100: [0, 9]}}", "key 'priors.bands.under_100"),
        ("annotators: []", "the list is empty"),
        ("annotators: [{name: a, kind: person}]", "key 'annotators.0.kind'"),
        ("annotators: [{kind: llm}]", "key 'annotators.0.name' is missing"),
        (TWO + "{name: a, kind: llm}]", "'a' is listed more than once"),
        (TWO + "{name: c, kind: llm, column: a}]", "column: 'a' is listed more than once"),
        (TWO + "{name: c, kind: filter, derived: [a, z]}]", "'z', which is not a listed"),
        (TWO + "{name: c, kind: filter, derived: [a, a]}]", "two or more different"),
        (TWO + "{name: c, kind: llm}]\nfiles: {companies: {hits: {d: x}}}", "'d' is not an"),
        ("draws: 10\nname: x\ndraws: 20", "line 3: key 'draws' is given twice"),
        ("name: [", "line "),
        ("[1, 2]: 3", "mapping of keys|unhashable|Correct the YAML"),
        ("name: 2020-13-45", "not readable as YAML"),
        ("- 1", "mapping of keys"),
        ("\x00", "not readable as YAML"),
    ],
)
def test_mistakes_name_the_file_and_the_key(directory: Path, config: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        _load(directory, config)
    assert str(caught.value).startswith("study.yaml: ")


def test_empty_configuration_is_the_default(directory: Path) -> None:
    assert _load(directory, "# nothing yet\n") == load_study(directory)


def test_configuration_from_elsewhere(
    directory: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    _load(directory, "draws: 100")
    elsewhere = tmp_path_factory.mktemp("configs") / "other.yaml"
    elsewhere.write_text("draws: 300")
    assert load_study(directory, elsewhere).draws == 300
    with pytest.raises(InputError, match=r"there is no such configuration.*schons-2026\.yaml"):
        load_study(directory, "gone.yaml")


def test_bundled_configuration_goes_by_its_name(reference_directory: Path) -> None:
    assert bundled_studies() == ("schons-2026.yaml",)
    study = load_study(reference_directory, "schons-2026.yaml")
    assert study.name == "schons-2026"
    assert study.files.validation.path == reference_directory.resolve() / "validation_labels.csv"


MERGES = "a: &a {x: 1}\n" + "".join(
    f"{c}: &{c} {{<<: [{','.join(['*' + p] * 9)}], k{c}: 1}}\n"
    for p, c in zip("abcdefghijkl", "bcdefghijklm", strict=True)
)
ALIASES = "a0: &a0 [x, x]\n" + "".join(
    f"a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 9)}]\n" for n in range(12)
)


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        (MERGES, "references .* stand for far too much"),
        (ALIASES, "references .* stand for far too much"),
        ("a: &a [*a]", "a part refers to itself"),
        ("name: " + "[" * 2000, "nested more than 50 levels deep"),
        ("name: " + "{a: " * 2000, "nested more than 50 levels deep"),
        ("#" * (1 << 21), "larger than 1 MB"),
        ("files: {companies: {path: " + "x" * 5000 + "}}", "a path cannot be looked for"),
        ("name: !!python/object/apply:os.system [id]", "could not determine a constructor"),
    ],
    ids=["merges", "aliases", "itself", "lists", "mappings", "large", "path", "python"],
)
def test_yaml_that_is_out_of_all_proportion_is_told_at_once(directory, config, problem):
    (directory / "study.yaml").write_text(config)
    started = time.monotonic()
    with pytest.raises(InputError, match=problem) as caught:
        load_study(directory)
    assert time.monotonic() - started < 5
    assert str(caught.value).startswith("study.yaml: ")
    assert len(str(caught.value)) < 300


def test_references_that_stand_for_little_are_read(tmp_path):
    parsed = parse_yaml(b"a: &a {x: 1}\nb: {<<: *a, y: 2}\nc: [*a, *a]\n")
    assert parsed == {"a": {"x": 1}, "b": {"x": 1, "y": 2}, "c": [{"x": 1}, {"x": 1}]}
