"""What lies beside a warehouse, and where: everything that goes with it and is no table.

The files share the warehouse's name. Whoever moves, copies or deletes a warehouse takes them
along. What is in them, their own modules say.
"""

from __future__ import annotations

from pathlib import Path

from ..study import CONFIG_NAME, Study, read_kept, write_kept

__all__ = [
    "answers_path",
    "embeddings_path",
    "extracts_path",
    "home_of",
    "keep_study",
    "kept_study",
    "lock_path",
    "ranges_path",
    "report_path",
]


def answers_path(warehouse: Path) -> Path:
    """Return where the LLMs' answers are, which were paid for."""
    return warehouse.with_suffix(".answers.sqlite")


def embeddings_path(warehouse: Path) -> Path:
    """Return where embeddings of texts are remembered."""
    return warehouse.with_suffix(".embeddings")


def extracts_path(warehouse: Path) -> Path:
    """Return the folder of what was read of each file of profiles, the texts among it."""
    return warehouse.with_name(f"{warehouse.name}.extracts")


def ranges_path(warehouse: Path) -> Path:
    """Return the directory of what other machines have finished of a run."""
    return warehouse.with_name(f"{warehouse.name}.ranges")


def lock_path(warehouse: Path) -> Path:
    """Return the file that a run holds while it writes."""
    return warehouse.with_name(f"{warehouse.name}.lock")


def report_path(warehouse: Path) -> Path:
    """Return where the report is."""
    return warehouse.with_suffix(".html")


def home_of(warehouse: Path) -> Path:
    """Return the folder of Dagster's files, in which the study's configuration is kept, too."""
    return warehouse.resolve().with_suffix(".dagster")


def keep_study(study: Study, warehouse: Path) -> Path:
    """Keep a study's configuration beside its warehouse, and return the folder that it is in.

    It is a study directory of its own that points to the same data files: what the UI starts
    later has the settings of the last run.
    """
    home = home_of(warehouse)
    home.mkdir(parents=True, exist_ok=True)
    write_kept(study, home / CONFIG_NAME)
    return home


def kept_study(warehouse: Path) -> Study | None:
    """Return the configuration that was kept beside a warehouse; None if there is none."""
    kept = home_of(warehouse) / CONFIG_NAME
    if not warehouse.is_file() or not kept.is_file():
        return None
    return read_kept(kept, warehouse.parent)
