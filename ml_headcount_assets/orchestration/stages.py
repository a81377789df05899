"""The stages of the data's journey: what the UI calls their assets, and who answers for them.

What an asset is made from, or how, does not belong here.
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
    owner
        Who answers for them, as Dagster writes it.
    kinds
        What they are made with and kept in.
    on_request
        The job that makes them, if a run of everything leaves them as they are.
    """

    name: str
    place: int
    owner: str
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
            "owners": [self.owner],
            "kinds": kinds or set(self.kinds),
            "tags": {"stage": self.name, "grain": grain},
        }


#: The study's files and settings, as they are handed in.
STUDY = Stage("study", 1, "team:study")
INGEST = Stage("ingest", 2, "team:data", frozenset({"python", "duckdb"}))
ANNOTATE = Stage("annotate", 3, "team:data", frozenset({"python", "duckdb"}))
CALIBRATE = Stage("calibrate", 4, "team:statistics", frozenset({"numpy", "duckdb"}))
ESTIMATE = Stage("estimate", 5, "team:statistics", frozenset({"numpy", "duckdb"}))
#: Fits everything several times over, and no estimate depends on it.
SENSITIVITY = Stage(
    "sensitivity", 7, "team:statistics", frozenset({"numpy", "duckdb"}), "sensitivity"
)
#: Needs PyTorch and minutes, and no estimate depends on it.
KEYWORDS = Stage(
    "keywords", 8, "team:keywords", frozenset({"pytorch", "duckdb"}), "keyword_discovery"
)
REPORT = Stage("report", 6, "team:study", frozenset({"html", "plotly"}))
