"""Texts of the profiles in the warehouse, for whoever labels them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ml_headcount_assets.text.recipe import RECIPE_VERSION

from .store import TableStore

__all__ = ["StoredTexts"]


class StoredTexts:
    """The texts of some companies' profiles; they are read from the warehouse as needed.

    Parameters
    ----------
    store
        The warehouse.
    companies
        Partition keys.
    """

    recipe = RECIPE_VERSION

    def __init__(self, store: TableStore, companies: Sequence[str]) -> None:
        self._store = store
        self._companies = list(companies)

    def sizes(self) -> Mapping[str, int]:
        """Return the bytes of each text in UTF-8, by its hash."""
        rows = self._store.query(
            "SELECT DISTINCT text_hash, strlen(text) AS n_bytes FROM profiles"
            " WHERE company IN (SELECT unnest(?::VARCHAR[]))",
            [self._companies],
        )
        return dict(zip(rows["text_hash"], rows["n_bytes"].astype(int), strict=True))

    def read(self, hashes: Sequence[str]) -> Mapping[str, str]:
        """Return some of the texts, by hash."""
        rows = self._store.query(
            "SELECT text_hash, any_value(text) AS text FROM profiles"
            " WHERE text_hash IN (SELECT unnest(?::VARCHAR[])) GROUP BY text_hash",
            [list(hashes)],
        )
        return dict(zip(rows["text_hash"], rows["text"], strict=True))
