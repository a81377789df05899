"""Reading a study: its configuration is found and parsed, and its files are located.

`load_study` reads a folder's ``study.yaml`` (or another configuration handed over by path, or by
the name of a bundled one), finds the files, and returns an immutable `Study`. Files that the
configuration does not name are looked for by their usual names. Mistakes are reported as
`InputError` with the file and the key that are to be mended.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from ..compute.whole_file import whole_file
from ..errors import InputError
from .bounded_yaml import LARGEST_BYTES, parse_yaml
from .files import EXTENSIONS, LABELS_FOLDER, PROFILE_EXTENSIONS, PROFILES_FOLDER, StudyFiles
from .study import Study

CONFIG_NAME = "study.yaml"


def bundled_studies() -> tuple[str, ...]:
    """Names of the configurations that ship with the package."""
    folder = resources.files(__package__) / "bundled"
    return tuple(sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".yaml")))


def load_study(directory: Path | str, config: Path | str | None = None) -> Study:
    """Read a study's configuration and find its files.

    Parameters
    ----------
    directory
        Folder with the data. Relative paths in the configuration start here.
    config
        Configuration to use in place of the folder's own ``study.yaml``: a path, or the name of
        a bundled one (`bundled_studies`). With neither, the files are found by name and the
        annotators are inferred from their columns.

    Raises
    ------
    InputError
        The folder, the configuration or a data file is missing or cannot be used.
    """
    directory = Path(directory).resolve()
    if not directory.is_dir():
        raise InputError(f"{directory}: there is no such study directory. Check the path.")
    source, raw = _read_config(directory, config)
    unsettled = {key: raw[key] for key in raw if key != "files"}
    try:
        unsettled["files"] = _locate_files(directory, raw.get("files"), source)
        if "annotators" in raw:
            unsettled["annotators"] = _locate_labels(directory, raw["annotators"], source)
    except OSError as error:
        raise InputError(
            f"{source}: a path cannot be looked for ({error.strerror}). Correct the paths under"
            " 'files' and 'annotators'."
        ) from error
    unsettled.setdefault("name", directory.name)
    if "directory" in raw:
        raise InputError(f"{source}: key 'directory' is unknown; correct or remove it.")
    try:
        study = Study(directory=directory, **unsettled)
        study.settings()
        study.keyword_settings()
    except ValidationError as error:
        raise InputError(_describe(error, source)) from error
    except InputError as error:
        raise InputError(f"{source}: {error}") from error
    return study


def write_kept(study: Study, path: Path) -> None:
    """Write a study that has been loaded as a configuration, which names its files absolutely."""
    # Defaults stay out: a column that is named has to exist, a default one need not.
    content = study.model_dump(mode="json", exclude={"directory"}, exclude_unset=True)
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    with whole_file(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")


def read_kept(path: Path, directory: Path) -> Study:
    """Return the study that `write_kept` wrote, whether or not its files are still there.

    Raises
    ------
    InputError
        The file is empty, damaged, or of a version that has other keys.
    """
    try:
        content = _parse(_content(path), path.name)
        if not content:
            raise InputError("it is empty")
        return Study.model_validate({"directory": directory, **content})
    except (InputError, ValidationError, OSError) as error:
        why = _describe(error, path.name) if isinstance(error, ValidationError) else error
        raise InputError(
            f"{path}: the settings of the last run cannot be read ({why}). Delete the file, and"
            " run the study again: ml-headcount run --study DIR"
        ) from error


def _read_config(directory: Path, config: Path | str | None) -> tuple[str, dict[str, Any]]:
    """Return the configuration's name for messages and its content."""
    if config is None:
        path = directory / CONFIG_NAME
        if not path.is_file():
            return f"{directory.name} (no {CONFIG_NAME})", {}
        return CONFIG_NAME, _parse(_content(path), CONFIG_NAME)
    if Path(config).is_file():
        return Path(config).name, _parse(_content(Path(config)), Path(config).name)
    if str(config) in bundled_studies():
        bundled = resources.files(__package__) / "bundled" / str(config)
        return str(config), _parse(bundled.read_bytes(), str(config))
    raise InputError(
        f"{config}: there is no such configuration file. Give a path, or the name of a bundled"
        f" one: {', '.join(bundled_studies())}."
    )


def _content(path: Path) -> bytes:
    """Return a file's content, or as much of it as is more than a configuration may have."""
    with path.open("rb") as file:
        return file.read(LARGEST_BYTES + 1)


def _parse(content: bytes, source: str) -> dict[str, Any]:
    try:
        raw = parse_yaml(content)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f"line {mark.line + 1}: " if mark else ""
        raise InputError(f"{source}: {line}{error.problem}. Correct the YAML.") from error
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date that does not exist
        raise InputError(f"{source}: is not readable as YAML. Correct the file.") from error
    if raw is None:
        return {}
    if not isinstance(raw, dict) or not all(isinstance(key, str) for key in raw):
        raise InputError(f"{source}: the file has to be a mapping of keys such as 'files:'.")
    return raw


def _locate_files(directory: Path, files: Any, source: str) -> Any:
    """Fill in the paths that the configuration leaves out, and make all of them absolute."""
    if files is None:
        files = {}
    if not isinstance(files, dict):
        return files  # the model says what is wrong with it
    named = dict(files)
    for role in ("companies", "validation"):
        named.setdefault(role, None)
    if "profiles" not in named and "profile_labels" not in named:
        named[_role_of_people(directory)] = None
    if "profiles" in named and (directory / LABELS_FOLDER).is_dir():
        named.setdefault("labels", None)
    return {role: _with_path(directory, role, entry, source) for role, entry in named.items()}


def _locate_labels(directory: Path, annotators: Any, source: str) -> Any:
    """Make the paths of labels of rated CVs absolute."""
    if not isinstance(annotators, list):
        return annotators  # the model says what is wrong with it
    return [_with_labels(directory, entry, source) for entry in annotators]


def _with_labels(directory: Path, entry: Any, source: str) -> Any:
    if not isinstance(entry, dict) or not isinstance(entry.get("rated_labels"), str):
        return entry
    path = directory / entry["rated_labels"]
    if not path.is_file():
        raise InputError(
            f"{source}: annotators: {entry.get('name')}: there is no file"
            f" {entry['rated_labels']!r} in the study directory. It has what this filter says of"
            " rated CVs that it was not learned on: restore it, or remove the annotator."
        )
    return {**entry, "rated_labels": path}


def _role_of_people(directory: Path) -> str:
    """Return as which of the two the folder has its people: raw profiles, or labels."""
    roles = [role for role in ("profiles", "profile_labels") if _candidates(directory, role)]
    if len(roles) == 1:
        return roles[0]
    problem = "there are both" if roles else "there is neither"
    raise InputError(
        f"{directory.name}: {problem} profiles (a folder {PROFILES_FOLDER}/, or a file profiles.*)"
        " and labels of profiles (a file profile_labels.*). Supply one of the two, or name it"
        f" under files.profiles.path or files.profile_labels.path in {CONFIG_NAME}."
    )


def _with_path(directory: Path, role: str, entry: Any, source: str) -> Any:
    """Return a section of `files` with an absolute path, looked for if it names none."""
    entry = {} if entry is None else entry
    known = role in StudyFiles.model_fields
    if not known or not isinstance(entry, dict) or not isinstance(entry.get("path", ""), str):
        return entry  # the model says what is wrong with it
    if "path" not in entry:
        return {**entry, "path": _discover(directory, role)}
    path = directory / entry["path"]
    exists = path.is_dir() if role == "labels" else path.is_file()
    if not exists and not (role == "profiles" and path.is_dir()):
        kind = "folder" if role == "labels" else "file"
        raise InputError(
            f"{source}: files.{role}.path: there is no {kind} {entry['path']!r} in the"
            f" study directory. Correct the path or add the {kind}."
        )
    return {**entry, "path": path}


def _candidates(directory: Path, role: str) -> list[Path]:
    """Return what could be meant by a role, going by its name."""
    folders = {"profiles": PROFILES_FOLDER, "labels": LABELS_FOLDER}
    folder = directory / folders.get(role, "")
    files = [directory / f"{role}{extension}" for extension in _extensions(role)]
    found = [path for path in files if path.is_file()]
    return [folder, *found] if role in folders and folder.is_dir() else found


def _extensions(role: str) -> tuple[str, ...]:
    return PROFILE_EXTENSIONS if role == "profiles" else EXTENSIONS


def _discover(directory: Path, role: str) -> Path:
    """Find the one file called ``<role>`` with an extension that the readers understand."""
    found = _candidates(directory, role)
    if not found:
        raise InputError(
            f"{directory.name}: no file {role}.* ({', '.join(_extensions(role))}). Add it, or"
            f" name it under files.{role}.path in {CONFIG_NAME}."
        )
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise InputError(
            f"{directory.name}: {names} could all be the file of files.{role}. Remove all but"
            f" one, or name the right one under files.{role}.path in {CONFIG_NAME}."
        )
    return found[0]


def _describe(error: ValidationError, source: str) -> str:
    """Put pydantic's findings into one message that names each key."""
    findings = []
    for finding in error.errors(include_url=False, include_context=False):
        key = ".".join(str(part) for part in finding["loc"])
        if finding["type"] == "extra_forbidden":
            findings.append(f"key {key!r} is unknown; correct or remove it")
        elif finding["type"] == "missing":
            findings.append(f"key {key!r} is missing; add it")
        else:
            text = finding["msg"].removeprefix("Value error, ")
            findings.append(f"key {key!r}: {text}" if key else text)
    return f"{source}: {'; '.join(findings)}."
