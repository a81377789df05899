"""Writing a simulated world as a study directory."""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import yaml

from ..errors import InputError
from ..study import CONFIG_NAME
from .raw_people import RAW_FILES, write_raw_people
from .scenarios import SCENARIOS
from .simulation import SimulatedWorld

#: Where the answer lies, apart from the study's own files. Nothing in a run reads it.
TRUTH_PATH = Path("truth") / "truth.csv"

#: Where the people of a world are, by role, if they come with their labels.
_LABELS: Mapping[str, str] = {
    "validation": "validation.csv",
    "profile_labels": "profile_labels.csv.gz",
}

#: What texts say follows from the labels of these.
_WRITTEN_ANNOTATORS = 6


def write_world(
    world: SimulatedWorld, directory: Path | str, *, raw_profiles: bool = False
) -> Path:
    """Write a simulated world as a study directory and return its path.

    The directory gets companies.csv, study.yaml, truth/truth.csv, and the people: as
    validation.csv and profile_labels.csv.gz with their labels, or raw, as validation.jsonl.gz
    and profiles/ with their texts and labels/ with the answers of the LLMs. It appears in one
    step, so that it is never half-written; the same world gives the same bytes. A world that was
    written there before is replaced, anything else is left alone.

    Raises
    ------
    InputError
        The directory holds something other than a simulated world, or raw profiles are wanted
        of a world whose annotators are not the published ones.
    """
    directory = Path(directory).resolve()
    if raw_profiles and SCENARIOS[world.scenario].annotators != _WRITTEN_ANNOTATORS:
        raise InputError(
            f"Texts are written for the {_WRITTEN_ANNOTATORS} published annotators; scenario"
            f" {world.scenario} has others. Write its labels instead (without --raw)."
        )
    if directory.exists() and not _is_replaceable(directory):
        raise InputError(
            f"{directory}: is neither an empty directory nor an earlier simulated world."
            " Choose another place, or empty it."
        )
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory.parent, prefix=f".{directory.name}-") as work:
        finished = Path(work) / "world"
        (finished / TRUTH_PATH).parent.mkdir(parents=True)
        _write_csv(world.companies, finished / "companies.csv")
        _write_csv(world.truth, finished / TRUTH_PATH)
        files = (write_raw_people if raw_profiles else _write_labels)(world, finished)
        _write_settings(world, files, finished / CONFIG_NAME)
        if directory.exists():
            directory.rename(Path(work) / "replaced")
        finished.rename(directory)
    return directory


def read_truth(path: Path | str) -> pd.DataFrame:
    """Return the true counts of a simulated study: company_id, experts.

    Raises
    ------
    InputError
        The file is none that `write_world` has written.
    """
    try:
        table = pd.read_csv(path, dtype={"company_id": str})
        return table.astype({"experts": "int64"})[["company_id", "experts"]]
    except (ValueError, KeyError) as error:  # what pandas raises on files of another kind
        raise InputError(
            f"{Path(path).name}: is not a table of true counts with the columns company_id and"
            f" experts. Give the {TRUTH_PATH.as_posix()} of a simulated study."
        ) from error


def _is_replaceable(directory: Path) -> bool:
    if not directory.is_dir():
        return False
    present = {entry.name for entry in directory.iterdir()}
    common = {CONFIG_NAME, "companies.csv", "truth"}
    worlds = (common | set(_LABELS.values()), common | set(RAW_FILES.values()))
    return not present or (present in worlds and (directory / TRUTH_PATH).is_file())


def _write_labels(world: SimulatedWorld, directory: Path) -> Mapping[str, str]:
    for frame, role in ((world.validation, "validation"), (world.profiles, "profile_labels")):
        _write_csv(frame, directory / _LABELS[role])
    return _LABELS


def _write_settings(world: SimulatedWorld, files: Mapping[str, str], path: Path) -> None:
    text = (
        f"# Simulated study, scenario {world.scenario}, seed {world.seed}.\n"
        f"# {SCENARIOS[world.scenario].description}\n"
        f"# {TRUTH_PATH.as_posix()} has the true counts; no run reads it.\n"
    )
    located = {"companies": "companies.csv", **files}
    model = world.parameters
    settings = {
        "name": f"simulated-{world.scenario}-{world.seed}",
        "files": {role: {"path": name} for role, name in located.items()},
        "annotators": [
            *({"name": name, "kind": "llm"} for name in model.llms),
            *({"name": name, "kind": "filter"} for name in model.filters),
            *(
                {"name": name, "kind": "filter", "derived": list(model.filters)}
                for name in model.counted
                if name not in model.filters
            ),
        ],
    }
    text += yaml.safe_dump(settings, sort_keys=False)
    path.write_text(text, encoding="utf-8")


def _write_csv(frame: pd.DataFrame, path: Path) -> None:
    text = frame.to_csv(index=False, lineterminator="\n").encode()
    if path.suffix == ".gz":
        text = gzip.compress(text, mtime=0)  # no time stamp: equal worlds give equal bytes
    path.write_bytes(text)
