"""The study's files as versioned sources: they have changed when their content has."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import dagster as dg

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.study import Study
from ml_headcount_assets.warehouse.cache import hash_of

__all__ = [
    "SETTINGS",
    "SOURCES",
    "observations",
    "reader_version",
    "settings_version",
    "source_versions",
]

#: Asset key of the estimator's settings, which come from the study's configuration.
SETTINGS = "study_settings"

#: Asset key of each file's source, by the file's role in the configuration.
SOURCES: Mapping[str, str] = {
    role: f"{role}_file" for role in ("companies", "validation", "profile_labels")
}


def source_versions(study: Study) -> dict[str, str]:
    """Return a version of every source, which changes only with what it holds."""
    versions = {source: file_version(study, role) for role, source in SOURCES.items()}
    return {**versions, SETTINGS: settings_version(study)}


def reader_version(study: Study, role: str) -> str:
    """Return a hash of all that reading one of the study's files depends on."""
    roles = {role}
    if study.annotators is None:
        # Who the annotators are, is then taken from the columns and labels of these files.
        roles |= {"validation", "profile_labels"}
    return hash_of({each: file_version(study, each) for each in roles})


def file_version(study: Study, role: str) -> str:
    """Return a hash of a file's content and of how its columns are to be read."""
    entry = getattr(study.files, role)
    if entry is None:
        return hash_of(None)
    mapping = entry.model_dump(mode="json", exclude={"path"})
    annotators = [entry.model_dump(mode="json") for entry in study.annotators or ()]
    return hash_of(_digest(entry.path), entry.path.name, mapping, annotators)


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


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "blake2b").hexdigest()
    except OSError as error:
        raise InputError(f"{path.name}: the file cannot be read ({error.strerror}).") from error
