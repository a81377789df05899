"""Whatever is wrong with a study's files, the user is told; good rows survive."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from ml_headcount_assets.cli.main import main
from ml_headcount_assets.errors import InputError
from ml_headcount_assets.warehouse.store import TableStore
from ml_headcount_assets.worlds.writing import read_truth

from .conftest import FEW_DRAWS, Command, StudyFiles

WAREHOUSE = Path(".ml-headcount") / "warehouse"
OPTIONS = ("--draws", 64, "--estimator", "five_layer")
FILES = ("companies.csv", "validation.csv", "profile_labels.csv")


def stored(table: str) -> pd.DataFrame:
    return TableStore(WAREHOUSE).read(table)


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
    assert command("doctor", "--study", study).exit_code == 2
    result = command("run", "--study", study, *OPTIONS)
    assert result.exit_code == 2
    message = result.output[result.output.index("Error: ") :]
    for word in words:
        assert word in message
    if WAREHOUSE.is_file():
        refused = command("export", "--to", "out")
        assert refused.exit_code == 2, "tables of an unfinished run are not to be handed out"


def test_a_failed_run_leaves_earlier_results_alone_and_the_mended_study_runs(
    files: StudyFiles, command: Command, after_run: str
) -> None:
    study = files.directory
    before = stored("headcount_draws")
    no_expert(study)
    assert command("run", "--study", study, *FEW_DRAWS).exit_code == 2
    pd.testing.assert_frame_equal(stored("headcount_draws"), before)
    files.companies.loc[0, "headcount"] = 60
    files.write()
    assert command("run", "--study", study, *FEW_DRAWS).exit_code == 0
    headcounts = stored("headcount_intervals").set_index("company_id")["headcount"]
    assert headcounts["acme"].tolist() == [60] * 4  # of each estimator


def blemished(files: StudyFiles) -> Path:
    """Write a study that has one blemish of every kind that rows and fields can have."""
    files.validation.loc[3, "llm_x"] = 2
    files.profiles.loc[4, "llm_y"] = "yes?"
    files.companies["company_id"] = ["357", "%E6%A0%AA", "https://x.test/company/Core/?a=1", "dusk"]
    ids = {"acme": "357.0", "bits": "株"}
    files.profiles["company_id"] = files.profiles["company_id"].replace(ids)
    files.companies["headcount"] = [30, 0, -5, None]
    more = [("lost", "Lost", "many"), ("CORE ", "Core again", 20), (None, "Nobody", 5)]
    rows = [dict(zip(("company_id", "name", "headcount"), row, strict=True)) for row in more]
    files.companies = pd.concat([files.companies, pd.DataFrame(rows)], ignore_index=True)
    stranger = files.profiles.head(2).assign(company_id="ghost")
    files.profiles = pd.concat([files.profiles, stranger, stranger.head(1)], ignore_index=True)
    odd = {"llm_y": "llm[/y]"}  # brackets are no markup
    files.validation = files.validation.rename(columns=odd)
    files.profiles = files.profiles.rename(columns=odd)
    study = files.write()
    path = study / "profile_labels.csv"
    path.write_text(path.read_text()[:-5])
    return study


@pytest.fixture(scope="module")
def survived(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, TableStore]:
    """What the run of a study with every blemish prints and stores."""
    home = tmp_path_factory.mktemp("blemished")
    study, warehouse = blemished(StudyFiles(home / "study")), home / "warehouse"
    arguments = ["run", "--study", study, *OPTIONS, "--warehouse", warehouse]
    told = CliRunner().invoke(main, ["doctor", "--study", str(study)])
    assert told.exit_code == 0, told.output
    result = CliRunner(env={"COLUMNS": "200"}).invoke(main, [str(a) for a in arguments])
    assert result.exit_code == 0, result.output
    return result.output, TableStore(warehouse)


Survived = tuple[str, TableStore]


def reject_of(survived: Survived, file: str, field: str, words: str) -> pd.Series:
    """The one reject of a field with these words; it is shown to the user, too."""
    output, store = survived
    rejects = store.read("rejects")
    chosen = rejects[(rejects["source_file"] == file) & (rejects["field"] == field)]
    chosen = chosen[chosen["reason"].str.contains(words, regex=False)]
    assert len(chosen) == 1, rejects.to_string()
    assert words in output
    return chosen.iloc[0]


def test_labels_other_than_0_and_1_are_missing_and_listed(survived: Survived) -> None:
    assert reject_of(survived, "validation.csv", "llm_x", "2 is not 0, 1 or empty")["line"] == 5
    line = reject_of(survived, "profile_labels.csv", "llm[/y]", "not 0, 1 or empty")["line"]
    assert line == 6
    for table in ("rated_labels", "profile_labels"):
        assert survived[1].read(table)["label"].isna().sum() == 1


def test_text_in_the_wrong_place_is_not_repeated(survived: Survived) -> None:
    output, store = survived
    for text in ("yes?", "many"):
        assert text not in output
        assert not store.read("rejects")["reason"].str.contains(text, regex=False).any()


def test_a_company_twice_is_used_once_and_listed(survived: Survived) -> None:
    assert reject_of(survived, "companies.csv", "(row)", "already in line 4")["line"] == 7
    companies = survived[1].read("companies")
    assert sorted(companies["company_id"]) == ["357", "core", "dusk", "lost", "株"]
    assert companies.set_index("company_id").loc["core", "name"] == "Core"


def test_a_company_without_an_id_is_listed(survived: Survived) -> None:
    assert reject_of(survived, "companies.csv", "company_id", "no id")["line"] == 8


def test_headcounts_of_zero_less_or_none_are_missing_and_flagged(survived: Survived) -> None:
    output, store = survived
    for value, line in (("0 is not a whole number", 3), ("-5 is not a whole number", 4)):
        assert reject_of(survived, "companies.csv", "headcount", value)["line"] == line
    companies = store.read("companies").set_index("company_id")
    assert companies["headcount"].dropna().to_dict() == {"357": 30}
    flags = store.read("headcount_intervals").set_index("company_id")["flags"]
    assert set(flags.index[flags.str.contains("headcount_missing")]) == set(flags.index) - {"357"}
    assert "headcount_missing 4" in output


def test_a_company_that_nothing_is_known_of_gets_no_number(survived: Survived) -> None:
    output, store = survived
    intervals = store.read("headcount_intervals").set_index("company_id")
    assert intervals.loc["lost", "evidence"] == "none"
    assert intervals.loc["lost", ["mean", "low", "median", "high"]].isna().all()
    line = next(line for line in output.splitlines() if line.startswith("  Lost"))
    assert line.split() == ["Lost", "0", "–", "–", "–", "–", "no", "evidence"]


def test_profiles_of_a_company_without_a_row_are_counted(survived: Survived) -> None:
    reject_of(survived, "profile_labels.csv", "company_id", "2 profiles of company 'ghost'")


def test_a_row_that_is_cut_off_is_listed_and_the_others_are_used(survived: Survived) -> None:
    assert reject_of(survived, "profile_labels.csv", "(row)", "cut off")["line"] == 76
    assert survived[1].read("pattern_counts")["n_profiles"].sum() == 72


def test_ids_are_matched_however_they_are_written(survived: Survived) -> None:
    intervals = survived[1].read("headcount_intervals").set_index("company_id")
    expected = {"357": 24, "株": 30, "core": 18, "dusk": 0, "lost": 0}
    assert intervals["n_profiles"].to_dict() == expected
    assert intervals["company"].map(str.isascii).all()


def test_a_compressed_file_that_is_cut_off_is_reported(files: StudyFiles, command: Command) -> None:
    study = files.write()
    plain = study / "profile_labels.csv"
    packed = gzip.compress(plain.read_bytes())
    plain.unlink()
    (study / "profile_labels.csv.gz").write_bytes(packed[: len(packed) * 2 // 3])
    output = command("run", "--study", study, *OPTIONS).output
    assert "cut off or damaged" in output
    assert 0 < stored("pattern_counts")["n_profiles"].sum() < 72


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "--study", "nowhere"], ["nowhere", "no such study directory"]),
        (["export", "--to", "out"], ["no finished run", "--warehouse"]),
        (["ui"], ["no finished run"]),
        (["simulate", "--out", "w", "--scenario", "paradise"], ["paradise", "matched"]),
        (["calibrate", "--worlds", "1", "--estimator", "guess"], ["guess", "five_layer"]),
        (["calibrate", "--suite", "--methods", "guess"], ["guess", "oracle", "five_layer"]),
        (["calibrate", "--suite", "--scenario", "paradise"], ["paradise", "reference"]),
        (["calibrate", "--keep", "scores.jsonl"], ["--keep", "--suite"]),
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


def test_a_truth_file_of_another_kind_is_refused(files: StudyFiles) -> None:
    with pytest.raises(InputError, match=r"validation\.csv: is not a table of true counts"):
        read_truth(files.write() / "validation.csv")
