"""How a check tells what it found.

What is looked for does not belong here.
"""

from collections.abc import Callable
from typing import Any

import dagster as dg
import pandas as pd

__all__ = ["check", "verdict"]


def check(
    asset: str, *, blocking: bool = False
) -> Callable[[Callable[..., dg.AssetCheckResult]], dg.AssetChecksDefinition]:
    """Declare a check of an asset; a blocking one stops the run."""
    return dg.asset_check(asset=asset, blocking=blocking)


def verdict(
    problem: str | None, *, warn: bool = False, found: pd.DataFrame | None = None, **metadata: Any
) -> dg.AssetCheckResult:
    """Return the result of a check that found a problem, or none."""
    if found is not None and len(found):
        metadata["found"] = dg.MetadataValue.md(found.to_markdown(index=False))
    return dg.AssetCheckResult(
        passed=problem is None,
        severity=dg.AssetCheckSeverity.WARN if warn else dg.AssetCheckSeverity.ERROR,
        description=problem,
        metadata=metadata,
    )
