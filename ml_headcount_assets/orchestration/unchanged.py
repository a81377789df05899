"""Whether a run would come to what is published already, without beginning one.

Dagster is not needed to tell, nor are the tables in the making. What exactly is out of date does
not belong here: a run finds that, asset by asset.
"""

from __future__ import annotations

import json
from pathlib import Path

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.study import Study
from ml_headcount_assets.warehouse.beside import report_path, results_path
from ml_headcount_assets.warehouse.forgetting import forgotten_version
from ml_headcount_assets.warehouse.publish import Published, last_run, package_code
from ml_headcount_assets.warehouse.ratings import ratings_version

from .versions import source_versions

__all__ = ["is_published"]


def is_published(study: Study, warehouse: Path) -> bool:
    """Whether all that is published was made from the study as it is, by this very code.

    It is taken not to be if an LLM's service is asked, which may answer today what it did not
    answer then, and if the last run was of single companies.

    Raises
    ------
    InputError
        A file of the study cannot be read.
    """
    if any(entry.endpoint is not None for entry in study.annotators or ()):
        return False
    results, report = results_path(warehouse), report_path(warehouse)
    if not results.is_file() or not report.is_file():
        return False
    if report.stat().st_mtime_ns < results.stat().st_mtime_ns:
        return False  # killed between the two
    try:
        last = last_run(Published(warehouse))
    except InputError:
        return False  # a run finds out what is the matter, and says it
    same = (last["study"], last["code"], last["whole"]) == (study.name, package_code(), True)
    if not same:
        return False
    now = source_versions(study) | forgotten_version(warehouse) | ratings_version(warehouse)
    return bool(json.loads(last["inputs"]) == now)
