"""The stages of the data's journey, and what the UI is told of all assets of one.

What an asset is made from, or how, does not belong here, nor who owns it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = [
    "ANNOTATE",
    "CALIBRATE",
    "ESTIMATE",
    "INGEST",
    "KEYWORDS",
    "REPORT",
    "SENSITIVITY",
    "STUDY",
    "VALIDITY",
    "Stage",
]


@dataclass(frozen=True)
class Stage:
    """A stage.

    Attributes
    ----------
    name
        What it is called.
    place
        Where on the journey it is. It begins the name of the group of its assets, since the UI
        puts groups into the order of the alphabet.
    kinds
        What they are made with and kept in.
    on_request
        The job that makes them, if a run of everything leaves them as they are.
    """

    name: str
    place: int
    kinds: frozenset[str] = frozenset()
    on_request: str | None = None

    @property
    def group(self) -> str:
        """Name of the group of its assets."""
        return f"{self.place}_{self.name}"

    def attributes(self, kinds: set[str], grain: str) -> dict[str, Any]:
        """Return what a `dagster.AssetSpec` is told of its stage.

        Parameters
        ----------
        kinds
            Those of the one asset, in place of the stage's; empty for these.
        grain
            What its rows are made for at a time: "company", "cohort" or "study".
        """
        return {
            "group_name": self.group,
            "kinds": kinds or set(self.kinds),
            "tags": {"stage": self.name, "grain": grain},
        }


#: The study's files and settings, as they are handed in.
STUDY = Stage("study", 1)
INGEST = Stage("ingest", 2, frozenset({"python", "duckdb"}))
ANNOTATE = Stage("annotate", 3, frozenset({"python", "duckdb"}))
CALIBRATE = Stage("calibrate", 4, frozenset({"numpy", "duckdb"}))
ESTIMATE = Stage("estimate", 5, frozenset({"numpy", "duckdb"}))
#: Fits everything several times over, and no estimate depends on it.
SENSITIVITY = Stage("sensitivity", 7, frozenset({"numpy", "duckdb"}), "sensitivity")
#: Needs PyTorch and minutes, and no estimate depends on it.
KEYWORDS = Stage("keywords", 8, frozenset({"pytorch", "duckdb"}), "keyword_discovery")
#: Hours, unless little is chosen, and about the estimators and not about the study.
VALIDITY = Stage("validity", 9, frozenset({"numpy", "duckdb"}), "validity")
REPORT = Stage("report", 6, frozenset({"html", "plotly"}))
