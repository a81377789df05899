"""Whatever is wrong with a study's files, the user is told; good rows survive."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from ml_headcount_assets.warehouse.store import TableStore

from .conftest import Command, StudyFiles

WAREHOUSE = Path(".ml-headcount") / "warehouse.duckdb"
OPTIONS = ("--draws", 64, "--estimator", "five_layer")
FILES = ("companies.csv", "validation.csv", "profile_labels.csv")


def stored(table: str) -> pd.DataFrame:
    return TableStore(WAREHOUSE).read(table)


def reject_of(file: str, field: str) -> pd.Series:
    """The one reject of a field; there is to be no other."""
    rejects = stored("rejects")
    chosen = rejects[(rejects["source_file"] == file) & (rejects["field"] == field)]
    assert len(chosen) == 1, rejects.to_string()
    return chosen.iloc[0]


def unknown_annotator(study: Path) -> None:
    (study / "study.yaml").write_text("annotators:\n- {name: llm_z, kind: llm}\n")


def annotator_on_one_side(study: Path) -> None:
    path = study / "profile_labels.csv"
    pd.read_csv(path).drop(columns="llm_y").to_csv(path, index=False)


def no_expert(study: Path) -> None:
    path = study / "validation.csv"
    pd.read_csv(path).assign(is_expert=0).to_csv(path, index=False)


def missing_file(study: Path) -> None:
    (study / "companies.csv").unlink()


def unknown_key(study: Path) -> None:
    (study / "study.yaml").write_text("draw: 100\n")


def damaged_yaml(study: Path) -> None:
    (study / "study.yaml").write_text("files: [\n")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (unknown_annotator, ["validation.csv", "llm_z", "study's configuration"]),
        (annotator_on_one_side, ["llm_y", "validation.csv", "profile_labels.csv"]),
        (no_expert, ["validation.csv", "no CV is rated as an expert", "Add"]),
        (missing_file, ["companies", "Add it"]),
        (unknown_key, ["study.yaml", "'draw'", "unknown"]),
        (damaged_yaml, ["study.yaml", "line 2", "YAML"]),
        *(
            (lambda study, file=file: (study / file).write_text(""), [file, "empty"])
            for file in FILES
        ),
        *(
            (
                lambda study, file=file: (study / file).write_text(
                    (study / file).read_text().splitlines()[0] + "\n"
                ),
                [file, "no rows"],
            )
            for file in FILES
        ),
    ],
)
def test_unusable_studies_are_refused_in_words_and_can_be_mended(
    files: StudyFiles, command: Command, spoil: Callable[[Path], None], words: list[str]
) -> None:
    study = files.write()
    spoil(study)
    result = command("run", "--study", study, *OPTIONS)
    assert result.exit_code == 2
    message = result.output[result.output.index("Error: ") :]
    for word in words:
        assert word in message
    if WAREHOUSE.is_file():
        refused = command("export", "--to", "out")
        assert refused.exit_code == 2, "tables of an unfinished run are not to be handed out"


def test_after_a_failed_run_the_mended_study_runs(files: StudyFiles, command: Command) -> None:
    study = files.write()
    no_expert(study)
    assert command("run", "--study", study, *OPTIONS).exit_code == 2
    files.write()
    assert command("run", "--study", study, *OPTIONS).exit_code == 0
    assert stored("headcount_intervals")["q50"].notna().sum() == 4


def test_a_failed_run_leaves_earlier_results_alone(files: StudyFiles, command: Command) -> None:
    study = files.write()
    command("run", "--study", study, *OPTIONS)
    before = stored("headcount_draws")
    no_expert(study)
    assert command("run", "--study", study, *OPTIONS).exit_code == 2
    pd.testing.assert_frame_equal(stored("headcount_draws"), before)


@pytest.mark.parametrize("table", ["validation", "profiles"])
def test_a_label_of_2_is_missing_and_listed(
    files: StudyFiles, command: Command, table: str
) -> None:
    getattr(files, table).loc[3, "llm_x"] = 2
    output = command("run", "--study", files.write(), *OPTIONS).output
    file = {"validation": "validation.csv", "profiles": "profile_labels.csv"}[table]
    reject = reject_of(file, "llm_x")
    assert reject["line"] == 5
    assert "not 0, 1 or empty" in reject["reason"]
    assert "not 0, 1 or empty" in output
    labels = stored({"validation": "rated_labels", "profiles": "profile_labels"}[table])
    assert labels["label"].isna().sum() == 1


def test_a_company_twice_is_counted_once_and_listed(files: StudyFiles, command: Command) -> None:
    again = files.companies.head(1).assign(company_id="ACME ", headcount=999)
    files.companies = pd.concat([files.companies, again], ignore_index=True)
    output = command("run", "--study", files.write(), *OPTIONS).output
    assert "already in line 2" in output
    companies = stored("companies").set_index("company_id")
    assert len(companies) == 4
    assert companies.loc["acme", "headcount"] == 30


def test_headcounts_of_zero_less_or_none_are_missing_and_flagged(
    files: StudyFiles, command: Command
) -> None:
    files.companies["headcount"] = [0, -5, None, 20]
    files.companies.loc[len(files.companies)] = ["lost", "Lost", "many", None, None]
    output = command("run", "--study", files.write(), *OPTIONS).output
    intervals = stored("headcount_intervals").set_index("company_id")
    assert intervals["headcount"].isna().drop(["core", "dusk"]).all()
    flagged = intervals["flags"].str.contains("headcount_missing")
    assert flagged.to_dict() == dict.fromkeys(["acme", "bits", "lost"], True) | {
        "core": False,
        "dusk": False,
    }
    assert (stored("rejects")["field"] == "headcount").sum() == 3  # an empty one is no mistake
    # No profiles, no hits, no headcount: nothing is known, and nothing is printed as zero.
    assert intervals.loc["lost", "evidence"] == "none"
    assert pd.isna(intervals.loc["lost", "q50"])
    line = next(line for line in output.splitlines() if line.startswith("  Lost"))
    assert line.split() == ["Lost", "0", "–", "–", "–", "–", "no", "evidence"]
    assert "headcount_missing 3" in output


def test_profiles_of_a_company_without_a_row_are_counted(
    files: StudyFiles, command: Command
) -> None:
    files.profiles["company_id"] = files.profiles["company_id"].replace("core", "ghost")
    output = command("run", "--study", files.write(), *OPTIONS).output
    assert "18 profiles of company 'ghost' have no row in the company table" in output
    assert stored("pattern_counts")["n_profiles"].sum() == 54
    assert set(stored("companies")["company_id"]) == {"acme", "bits", "core", "dusk"}


def test_ids_are_matched_however_they_are_written(files: StudyFiles, command: Command) -> None:
    files.companies["company_id"] = [
        "357",
        "%E6%A0%AA%E5%BC%8F",
        "https://www.linkedin.com/company/Core/?trk=x",
        "dusk",
    ]
    files.profiles["company_id"] = files.profiles["company_id"].replace(
        {"acme": "357.0", "bits": "株式"}
    )
    assert command("run", "--study", files.write(), *OPTIONS).exit_code == 0
    intervals = stored("headcount_intervals").set_index("company_id")
    assert intervals["n_profiles"].to_dict() == {"357": 24, "株式": 30, "core": 18, "dusk": 0}
    assert stored("companies")["company"].map(str.isascii).all()


@pytest.mark.parametrize("file", FILES)
def test_a_row_that_is_cut_off_is_listed_and_the_others_are_used(
    files: StudyFiles, command: Command, file: str
) -> None:
    study = files.write()
    content = (study / file).read_text()
    (study / file).write_text(content[:-7])
    output = command("run", "--study", study, *OPTIONS).output
    reject = reject_of(file, "(row)")
    assert reject["line"] == len(content.splitlines())
    assert "cut off" in output


def test_a_compressed_file_that_is_cut_off_is_reported(files: StudyFiles, command: Command) -> None:
    study = files.write()
    plain = study / "profile_labels.csv"
    packed = gzip.compress(plain.read_bytes())
    plain.unlink()
    (study / "profile_labels.csv.gz").write_bytes(packed[: len(packed) * 2 // 3])
    output = command("run", "--study", study, *OPTIONS).output
    assert "cut off or damaged" in output
    reject_of("profile_labels.csv.gz", "(file)")
    assert 0 < stored("pattern_counts")["n_profiles"].sum() < 72


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "--study", "nowhere"], ["nowhere", "no such study directory"]),
        (["export", "--to", "out"], ["no finished run", "--warehouse"]),
        (["ui"], ["no finished run"]),
        (["simulate", "--out", "w", "--scenario", "paradise"], ["paradise", "matched"]),
        (["calibrate", "--worlds", "1", "--estimator", "guess"], ["guess", "five_layer"]),
    ],
)
def test_commands_that_cannot_start_say_why(
    command: Command, arguments: list[str], words: list[str]
) -> None:
    result = command(*arguments)
    assert result.exit_code == 2
    for word in words:
        assert word in result.output


@pytest.mark.parametrize(
    ("option", "value", "word"),
    [("--company", "acm", "'acme'"), ("--estimator", "guess", "five_layer")],
)
def test_misspelt_names_get_a_hint(
    files: StudyFiles, command: Command, option: str, value: str, word: str
) -> None:
    result = command("run", "--study", files.write(), option, value)
    assert result.exit_code == 2
    assert value in result.output
    assert word in result.output


def test_a_truth_file_of_another_kind_is_refused(files: StudyFiles, command: Command) -> None:
    study = files.write()
    command("run", "--study", study, *OPTIONS)
    result = command("compare", "--truth", study / "validation.csv")
    assert result.exit_code == 2
    assert "true counts" in result.output
