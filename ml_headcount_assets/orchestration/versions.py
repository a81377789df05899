"""Versions of what a study's assets come from: its files, and parts of its configuration.

Each changes only with what it holds. How Dagster is told of them does not belong here, nor
reading files and making tables: that is what assets do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.study import Study
from ml_headcount_assets.warehouse.cache import hash_of

__all__ = [
    "ANNOTATORS",
    "CONFIGURATION",
    "DRIFT",
    "ESTIMATION",
    "FILES",
    "FILTERS",
    "KEYWORDS",
    "LEVEL",
    "NAME",
    "SETTINGS",
    "SPENDING",
    "VALIDITY",
    "Setting",
    "file_version",
    "source_versions",
]


@dataclass(frozen=True)
class Setting:
    """A part of a study's configuration that assets can declare to depend on.

    Attributes
    ----------
    source
        Asset key by which the UI knows it; several settings may share one. None, if it is not
        worth a source: then only what is compared tells of a change.
    fields
        The fields of `Study` that it opens.
    version
        What of them a result depends on, as a JSON-like value.
    """

    source: str | None
    fields: tuple[str, ...]
    version: Callable[[Study], object]


#: How estimates are made.
ESTIMATION = Setting(
    "study_settings",
    (
        *("estimators", "preset", "draws", "seed", "layers", "priors", "six_dimensional"),
        *("ratings_are_random", "effort"),
    ),
    lambda study: [
        *(study.settings().fingerprint(), study.estimators, study.preset),
        *(study.draws, study.seed),
    ],
)
#: What is to be done with annotators that drift.
DRIFT = Setting("annotator_settings", ("annotators",), lambda study: study.when_drifting)

#: The probability content of intervals.
LEVEL = Setting("study_settings", ("level",), lambda study: study.level)

#: What the study is called.
NAME = Setting(None, ("name",), lambda study: study.name)

#: The rules of the keyword filters.
FILTERS = Setting(
    "keyword_filters",
    ("filters",),
    lambda study: {
        name: study.keyword_filters.fingerprint(name) for name in study.keyword_filters.rules
    },
)
#: How keywords are to be discovered.
KEYWORDS = Setting(
    "keyword_settings", ("keywords",), lambda study: study.keyword_settings().fingerprint()
)

#: What the validity suite is to try.
VALIDITY = Setting("validity_settings", ("validity",), lambda study: study.validity.choices())

#: How an LLM's service is asked: no label depends on it, nor on where a file of labels lies.
_NO_MATTER = {
    *("api_key_env", "requests_per_minute", "tokens_per_minute", "concurrency"),
    *("price_per_million", "rated_labels", "when_drifting"),
}
#: Who labels, as far as the configuration says.
ANNOTATORS = Setting(
    "annotator_settings",
    ("annotators",),
    lambda study: [
        each.model_dump(mode="json", exclude=_NO_MATTER) for each in study.annotators or ()
    ],
)
#: How much asking LLMs may cost. What is not asked because of it, the labels' own state says.
SPENDING = Setting("annotator_settings", ("spending_cap",), lambda _: None)

#: All of it, where it lies left out: what is published tells by which it was made.
CONFIGURATION = Setting(
    None,
    tuple(name for name in Study.model_fields if name != "directory"),
    lambda study: study.model_dump(mode="json", exclude={"directory", "files"}),
)

SETTINGS = (ESTIMATION, DRIFT, LEVEL, NAME, FILTERS, KEYWORDS, VALIDITY, ANNOTATORS, SPENDING)


#: Asset key of each file's source, by its role in the configuration.
FILES: Mapping[str, str] = {
    "companies": "companies_file",
    "validation": "validation_file",
    "profile_labels": "profile_labels_file",
    "profiles": "profile_files",
    "labels": "label_files",
}


def source_versions(study: Study) -> dict[str, str]:
    """Return a version of every source, which changes only with what it holds."""
    versions = {source: file_version(study, role) for role, source in FILES.items()}
    sources = dict.fromkeys(setting.source for setting in SETTINGS if setting.source)
    return versions | {
        source: hash_of(*(each.version(study) for each in SETTINGS if each.source == source))
        for source in sources
    }


def file_version(study: Study, role: str) -> str:
    """Return a hash of what the files of a role hold, and of how they are to be read."""
    entry = getattr(study.files, role)
    if entry is None:
        return hash_of(None)
    # Labels that filters give CVs which they were learned on belong to the rated CVs.
    held_out = study.held_out if role == "validation" else {}
    labels = {name: _digest(path) for name, path in held_out.items()}
    mapping = entry.model_dump(mode="json", exclude={"path"})
    return hash_of(_digests(entry.path), entry.path.name, mapping, labels)


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
