"""Texts of the profiles in the warehouse, for whoever labels them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ml_headcount_assets.text.recipe import RECIPE_VERSION

from .store import Tables, among

__all__ = ["StoredTexts"]


class StoredTexts:
    """The texts of profiles; they are read from the warehouse as needed.

    Parameters
    ----------
    tables
        Have table profiles.
    """

    recipe = RECIPE_VERSION

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def sizes(self) -> Mapping[str, int]:
        """Return the bytes of each text in UTF-8, by its hash."""
        rows = self._tables.query(
            "SELECT DISTINCT text_hash, strlen(text) AS n_bytes FROM profiles"
        )
        return dict(zip(rows["text_hash"], rows["n_bytes"].astype(int), strict=True))

    def read(self, hashes: Sequence[str]) -> Mapping[str, str]:
        """Return some of the texts, by hash."""
        rows = self._tables.query(
            "SELECT text_hash, any_value(text) AS text FROM profiles"
            f" WHERE {among('text_hash')} GROUP BY text_hash",
            [list(hashes)],
        )
        return dict(zip(rows["text_hash"], rows["text"], strict=True))
