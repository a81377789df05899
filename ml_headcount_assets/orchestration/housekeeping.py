"""Keeping a warehouse and Dagster's records of it small: old runs go, and free room is given back.

What a study's tables hold does not belong here: nothing of it is removed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import dagster as dg

from ml_headcount_assets.warehouse.beside import home_of
from ml_headcount_assets.warehouse.compacting import (
    compact_sqlite,
    compact_warehouse,
    remove_unfinished,
)

from .instance import open_instance
from .pruning import prune_records

__all__ = ["KEPT_DAYS", "Tidied", "keep_house", "tidy"]

KEPT_DAYS = 90


@dataclass(frozen=True)
class Tidied:
    """What housekeeping did.

    Attributes
    ----------
    runs
        How many runs were removed from Dagster's records.
    freed
        By how many bytes the warehouse's folder has become smaller.
    in_use
        Names of files that another program had open, and that are as they were.
    """

    runs: int
    freed: int
    in_use: tuple[str, ...]


def keep_house(warehouse: Path, days: float = KEPT_DAYS) -> Tidied:
    """Do the housekeeping of a warehouse that is held by whoever calls this."""
    with open_instance(warehouse) as instance:
        return tidy(warehouse, instance, days)


def tidy(warehouse: Path, instance: dg.DagsterInstance, days: float = KEPT_DAYS) -> Tidied:
    """Remove old runs and unfinished files, and give back free room.

    Parameters
    ----------
    warehouse
        The folder; whoever calls this holds it.
    instance
        Of the warehouse.
    days
        How long a run stays on record after its end.
    """
    before = _size(warehouse)
    removed = prune_records(instance, days)
    remove_unfinished(warehouse)
    in_use = compact_warehouse(warehouse)
    records = sorted(home_of(warehouse).rglob("*.db"))
    in_use += [path for path in records if not compact_sqlite(path)]
    names = tuple(path.name for path in in_use)
    return Tidied(removed, before - _size(warehouse), names)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
