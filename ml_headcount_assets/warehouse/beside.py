"""What lies in a warehouse's folder, and where: everything there has its name from here.

Whoever moves, copies or deletes a warehouse moves, copies or deletes the folder. What is in the
files, their own modules say.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from ..compute.whole_file import whole_file
from ..errors import InputError
from ..study import CONFIG_NAME, Study, read_kept, write_kept

__all__ = [
    "StudyPlace",
    "answers_path",
    "embeddings_path",
    "extracts_path",
    "forgotten_path",
    "home_of",
    "keep_study",
    "kept_study",
    "key_path",
    "lock_path",
    "make_folder",
    "people_path",
    "ranges_path",
    "ratings_path",
    "refuse_single_file",
    "report_path",
    "results_path",
    "study_place",
    "suite_path",
    "work_path",
]


def people_path(warehouse: Path) -> Path:
    """Return the DuckDB file of what tells of single persons, their texts among it."""
    return warehouse / "people.duckdb"


def work_path(warehouse: Path) -> Path:
    """Return the DuckDB file of results in the making, and of what they are made from."""
    return warehouse / "work.duckdb"


def results_path(warehouse: Path) -> Path:
    """Return the DuckDB file of published results, which is the one that readers open."""
    return warehouse / "results.duckdb"


def answers_path(warehouse: Path) -> Path:
    """Return where the LLMs' answers are, which were paid for."""
    return warehouse / "answers.sqlite"


def ratings_path(warehouse: Path) -> Path:
    """Return where the verdicts of people who rate profiles are."""
    return warehouse / "ratings.sqlite"


def embeddings_path(warehouse: Path) -> Path:
    """Return where embeddings of texts are remembered."""
    return warehouse / "embeddings.sqlite"


def suite_path(warehouse: Path) -> Path:
    """Return where the scores of the validity suite are kept, world by world."""
    return warehouse / "validity.jsonl"


def extracts_path(warehouse: Path) -> Path:
    """Return the folder of what was read of each file of profiles, the texts among it."""
    return warehouse / "extracts"


def ranges_path(warehouse: Path) -> Path:
    """Return the directory of what other machines have finished of a run."""
    return warehouse / "ranges"


def forgotten_path(warehouse: Path) -> Path:
    """Return the file of keyed hashes of those who are to be forgotten."""
    return warehouse / "forgotten.json"


def key_path(warehouse: Path) -> Path:
    """Return the file of the key that these hashes are made with."""
    return warehouse / "forgotten.key"


def lock_path(warehouse: Path) -> Path:
    """Return the file that a run holds while it writes."""
    return warehouse / "lock"


def report_path(warehouse: Path) -> Path:
    """Return where the report is."""
    return warehouse / "report.html"


def home_of(warehouse: Path) -> Path:
    """Return the folder of Dagster's files, in which the study's configuration is kept, too."""
    return warehouse.resolve() / "dagster"


def make_folder(warehouse: Path) -> None:
    """Make a warehouse's folder, which only its owner can look into, if it is not there.

    Raises
    ------
    InputError
        There is a file of this name, as warehouses of earlier versions are, or the folder cannot
        be made.
    """
    refuse_single_file(warehouse)
    try:
        warehouse.parent.mkdir(parents=True, exist_ok=True)
        warehouse.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"The warehouse {warehouse} cannot be made ({os.strerror(error.errno or 0)}). Give"
            " another path with --warehouse, or make its folder writable."
        ) from error


def refuse_single_file(warehouse: Path) -> None:
    """Raise an `InputError` if a warehouse is one file, as those of earlier versions are.

    So is one that lies beside a folder which is yet to be made, under the same name.
    """
    if warehouse.is_dir():
        return
    former = warehouse if warehouse.is_file() else warehouse.with_name(f"{warehouse.name}.duckdb")
    if warehouse.is_file() and not _is_of_duckdb(warehouse):
        raise InputError(
            f"{warehouse} is a file, and a warehouse is a folder. Give another path with"
            " --warehouse."
        )
    if former.is_file():
        folder = warehouse
        if former == warehouse:
            folder = former.with_name(former.stem if former.suffix else f"{former.name}-folder")
        raise InputError(
            f"{former} is a warehouse of an earlier version, in one file; now it is a folder. Take"
            f" over what it holds with: ml-headcount migrate {former} --warehouse {folder}"
        )


def _is_of_duckdb(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(12)[8:] == b"DUCK"


@dataclass(frozen=True)
class StudyPlace:
    """Where the study of a warehouse is.

    Attributes
    ----------
    directory
        Its directory.
    config
        The configuration, as for `load_study`; None for the directory's own.
    """

    directory: Path
    config: str | None


def keep_study(study: Study, warehouse: Path, config: Path | str | None = None) -> Path:
    """Keep a run's configuration in the warehouse, and return the folder that it is in.

    That is a study directory of its own that points to the same data files: a run has one
    configuration from its beginning to its end. Where the study itself is, is kept beside it.
    """
    home = home_of(warehouse)
    home.mkdir(parents=True, exist_ok=True)
    write_kept(study, home / CONFIG_NAME)
    given = config if config is None or not Path(config).is_file() else Path(config).resolve()
    content = {
        # The two are mostly moved together; if only one is, the other path holds.
        "relative": os.path.relpath(study.directory, warehouse.resolve()),
        "directory": str(study.directory),
        "config": None if given is None else str(given),
    }
    with whole_file(_place_path(warehouse)) as unfinished:
        unfinished.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return home


def study_place(warehouse: Path) -> StudyPlace | None:
    """Return where the study is that a warehouse was last brought up to date with.

    None, if it never was.

    Raises
    ------
    InputError
        It is not where it was, or the file that says where is damaged.
    """
    path = _place_path(warehouse)
    if not path.is_file():
        return None
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        places = (warehouse.resolve() / kept["relative"], Path(kept["directory"]))
        config = None if kept["config"] is None else os.fspath(kept["config"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} is damaged: it should say where the study is. Delete it; then say that with"
            " --study DIR, or run the study again."
        ) from error
    for directory in places:
        if directory.is_dir():
            return StudyPlace(directory.resolve(), config)
    raise InputError(
        f"The study of the warehouse {warehouse} was in {places[1]}, and is not there any"
        " more. Say where it is now with --study DIR."
    )


def _place_path(warehouse: Path) -> Path:
    return warehouse / "study.json"


def kept_study(warehouse: Path) -> Study | None:
    """Return the configuration that was kept in a warehouse; None if there is none."""
    kept = home_of(warehouse) / CONFIG_NAME
    if not work_path(warehouse).is_file() or not kept.is_file():
        return None
    return read_kept(kept, warehouse.parent)
