"""The history of what was published: what came out of each run, and what had changed before it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from .publish import Published

__all__ = ["changed_companies", "moved_companies", "refreshes"]

#: Sources that are settings; the others are files.
_SETTINGS = ("study_settings", "keyword_filters", "annotator_settings", "keyword_settings")


def refreshes(results: Published) -> pd.DataFrame:
    """Return the runs that were published, the first first, and why each differs from the last.

    Parameters
    ----------
    results
        Published results.

    Returns
    -------
    DataFrame
        Rows of table runs, with ``data``, ``settings_changed`` and ``version_changed``: what of
        each had changed since the run before, in words separated by ", "; "" for nothing, and
        for the first.
    """
    runs = results.read("runs").sort_values("finished", ignore_index=True)
    rows = runs.to_dict("records")
    changes = [_nothing(), *map(_changes, rows[:-1], rows[1:])][: len(rows)]
    return pd.concat([runs, pd.DataFrame(changes, columns=list(_nothing()))], axis=1)


def changed_companies(results: Published) -> pd.DataFrame:
    """Return what became of each company from the run before the last to the last.

    Returns
    -------
    DataFrame
        ``company_id, before, low_before, high_before, now, low, high``, by how far the median
        has moved; companies that came or went first. No rows, if there is only one run.
    """
    order = refreshes(results)["run"].tolist()
    if len(order) < 2:
        return pd.DataFrame(
            columns=["company_id", "before", "low_before", "high_before", "now", "low", "high"]
        )
    history = results.read("history")
    before, now = (history[history["run"] == run].set_index("company_id") for run in order[-2:])
    both = (
        before[["median", "low", "high"]]
        .rename(columns={"median": "before", "low": "low_before", "high": "high_before"})
        .join(now[["median", "low", "high"]].rename(columns={"median": "now"}), how="outer")
    )
    moved = (both["now"] - both["before"]).abs().fillna(float("inf"))
    neither = both[["now", "before"]].isna().all(axis=1)
    return (
        both.assign(moved=moved.mask(neither, 0.0))
        .sort_values(["moved", "company_id"], ascending=[False, True])
        .drop(columns="moved")
        .reset_index()
    )


def moved_companies(changed: pd.DataFrame) -> pd.DataFrame:
    """Return those rows of `changed_companies` in which a median or an end has moved."""
    before = changed[["before", "low_before", "high_before"]].fillna(-1).to_numpy(float)
    now = changed[["now", "low", "high"]].fillna(-1).to_numpy(float)
    return changed[(before != now).any(axis=1)]


def _nothing() -> dict[str, str]:
    return {"data": "", "settings_changed": "", "version_changed": ""}


def _changes(before: Mapping[Any, Any], now: Mapping[Any, Any]) -> dict[str, str]:
    was, inputs = json.loads(before["inputs"]), json.loads(now["inputs"])
    sources = [name for name in inputs if inputs[name] != was.get(name)]
    return {
        "data": ", ".join(name for name in sources if name not in _SETTINGS),
        "settings_changed": ", ".join(
            _keys(json.loads(before["settings"]), json.loads(now["settings"]))
        ),
        "version_changed": _version(before, now),
    }


def _keys(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """Yield the keys of the configuration that differ."""
    return (key for key in sorted({*before, *now}) if before.get(key) != now.get(key))


def _version(before: Mapping[Any, Any], now: Mapping[Any, Any]) -> str:
    names = {"package_version": "package", "model_version": "model"}
    found = [f"{of} {now[name]}" for name, of in names.items() if before[name] != now[name]]
    if not found and before["code"] != now["code"]:
        found = ["source text"]
    return ", ".join(found)
