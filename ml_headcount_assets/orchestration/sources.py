"""The study's files as versioned sources: they have changed when their content has."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import dagster as dg

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.study import Study
from ml_headcount_assets.warehouse.cache import hash_of

__all__ = [
    "FILTERS",
    "KEYWORD_SETTINGS",
    "SETTINGS",
    "SOURCES",
    "filters_version",
    "observations",
    "reader_version",
    "settings_version",
    "source_versions",
]

#: Asset key of the estimator's settings, which come from the study's configuration.
SETTINGS = "study_settings"

#: Asset key of the rules of the keyword filters.
FILTERS = "keyword_filters"

#: Asset key of how keywords are to be discovered.
KEYWORD_SETTINGS = "keyword_settings"

#: Asset key of each file's source, by its role in the configuration.
SOURCES: Mapping[str, str] = {
    "companies": "companies_file",
    "validation": "validation_file",
    "profile_labels": "profile_labels_file",
    "profiles": "profile_files",
    "labels": "label_files",
}


def source_versions(study: Study) -> dict[str, str]:
    """Return a version of every source, which changes only with what it holds."""
    versions = {source: file_version(study, role) for role, source in SOURCES.items()}
    return {
        **versions,
        FILTERS: filters_version(study),
        SETTINGS: settings_version(study),
        KEYWORD_SETTINGS: study.keyword_settings().fingerprint(),
    }


def reader_version(study: Study, role: str) -> str:
    """Return a hash of all that reading one of the study's files depends on."""
    if role == "profiles":
        return file_version(study, role)
    roles = {role}
    if study.annotators is None:
        # Who the annotators are, is then taken from these files.
        roles |= {"validation", "profile_labels", "labels"}
    return hash_of({each: file_version(study, each) for each in roles}, filters_version(study))


def file_version(study: Study, role: str) -> str:
    """Return a hash of what the files of a role hold, and of how they are to be read."""
    entry = getattr(study.files, role)
    if entry is None:
        return hash_of(None)
    mapping = entry.model_dump(mode="json", exclude={"path"})
    # Who labels raw profiles does not matter for what they say.
    listed = (study.annotators or ()) if role != "profiles" else ()
    annotators = [each.model_dump(mode="json", exclude={"rated_labels"}) for each in listed]
    # Labels that filters give CVs which they were learned on belong to the rated CVs.
    held_out = study.held_out if role == "validation" else {}
    labels = {name: _digest(path) for name, path in held_out.items()}
    return hash_of(_digests(entry.path), entry.path.name, mapping, annotators, labels)


def filters_version(study: Study) -> str:
    """Return a hash of the rules by which raw profiles are labelled by keyword."""
    raw = study.files.profiles is not None
    return hash_of(study.keyword_filters.model_dump(mode="json") if raw else None)


def settings_version(study: Study) -> str:
    """Return a hash of everything but the data that the estimates depend on."""
    return hash_of(
        *(study.settings().fingerprint(), study.estimators, study.draws, study.seed, study.level)
    )


def observations(study: Study) -> list[dg.AssetObservation]:
    """Return what is to be reported about the sources, so that the UI sees what has changed."""
    return [
        dg.AssetObservation(asset_key=source, tags={"dagster/data_version": version})
        for source, version in source_versions(study).items()
    ]


def _digests(path: Path) -> str | dict[str, str]:
    """Return a hash of a file, or of every file in a folder by its name there."""
    if not path.is_dir():
        return _digest(path)
    files = (each for each in sorted(path.rglob("*")) if each.is_file())
    return {each.relative_to(path).as_posix(): _digest(each) for each in files}


def _digest(path: Path) -> str:
    try:
        status = path.stat()
        return _content_digest(path, status.st_mtime_ns, status.st_size)
    except OSError as error:
        raise InputError(f"{path.name}: the file cannot be read ({error.strerror}).") from error


@lru_cache(maxsize=1000)
def _content_digest(path: Path, changed: int, size: int) -> str:
    """Hash a file; large ones are asked for several times in a run, and each time by the UI."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()
