"""Which results have to be made anew: a content-hash cache by asset and company.

The input of a result is a hash of everything it is made from: the rows it reads (by digest, see
`store`), the settings, the version of the code. A company whose input is unchanged keeps its
stored rows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .schemas import TABLES

__all__ = ["WHOLE", "CacheEntry", "Comparison", "compare", "hash_of"]

#: Stands for the company in results of the whole cohort, and for the part of undivided tables.
WHOLE = ""


@dataclass(frozen=True)
class CacheEntry:
    """What a stored result was made from, and the version it was reported under."""

    input_hash: str
    code_version: str
    data_version: str


@dataclass(frozen=True)
class Comparison:
    """The inputs of an asset's companies, set against those of their stored results.

    Attributes
    ----------
    asset
        Name of the asset.
    inputs
        Input hash by company (`WHOLE`, if the asset is of the cohort).
    code_version
        Version of the code that makes the asset.
    hits
        Entries of the companies whose stored result is still right.
    """

    asset: str
    inputs: Mapping[str, str]
    code_version: str
    hits: Mapping[str, CacheEntry]

    @property
    def misses(self) -> tuple[str, ...]:
        """The companies whose result has to be made."""
        return tuple(company for company in self.inputs if company not in self.hits)

    def settled_version(self) -> str | None:
        """Return the one version all stored results were reported under; None if there is none.

        Reporting unchanged results under their old version is what keeps the UI from calling
        everything after them stale.
        """
        versions = {entry.data_version for entry in self.hits.values()}
        return versions.pop() if not self.misses and len(versions) == 1 else None


def hash_of(*parts: object) -> str:
    """Return a stable hash of JSON-like values."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def compare(
    asset: str,
    companies: Sequence[str] | None,
    *,
    reads: Mapping[str, Mapping[str, str]],
    settings: object,
    code_version: str,
    stored: Mapping[str, CacheEntry],
) -> Comparison:
    """Hash the inputs of an asset and compare them with those of its stored results.

    Parameters
    ----------
    asset
        Name of the asset.
    companies
        Partition keys, or None for an asset of the cohort.
    reads
        For each table that is read: the digests of its parts. A company's input takes its own
        part of tables that are divided by company, and all of the others. A name that is no
        table's stands for some columns of one, which are taken whole.
    settings
        JSON-like values that the result depends on.
    code_version
        Version of the code that makes the asset.
    stored
        The cache's entries by company.
    """
    divided = {
        table: parts
        for table, parts in reads.items()
        if companies is not None and table in TABLES and TABLES[table].part == "company"
    }
    undivided = {table: parts for table, parts in reads.items() if table not in divided}
    common = hash_of(settings, undivided)
    inputs = {
        company: hash_of(common, {table: parts.get(company) for table, parts in divided.items()})
        for company in ([WHOLE] if companies is None else companies)
    }
    hits = {
        company: entry
        for company, entry in stored.items()
        if (entry.input_hash, entry.code_version) == (inputs.get(company), code_version)
    }
    return Comparison(asset, inputs, code_version, hits)
