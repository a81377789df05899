"""From labels to pattern counts: after this stage there are no people, only counts."""

from collections.abc import Iterator

import dagster as dg

from ml_headcount_assets.warehouse.patterns import count_patterns

from ..partitions import company_asset
from ..recipes import Recipe, follow
from ..resources import ProgressListener, WarehouseResource

GROUP = "annotate"
COUNTING_VERSION = "1"


@company_asset(
    deps=["profile_labels", "annotators"],
    group_name=GROUP,
    kinds={"sql", "duckdb"},
    code_version=COUNTING_VERSION,
)
def pattern_counts(
    context: dg.AssetExecutionContext,
    warehouse: WarehouseResource,
    progress: dg.ResourceParam[ProgressListener],
) -> Iterator[dg.MaterializeResult]:
    """How many profiles of each company carry each combination of labels."""
    store = warehouse.store
    names = sorted(store.read("annotators", columns=["annotator"])["annotator"])
    yield from follow(
        context,
        store,
        Recipe(
            "pattern_counts",
            tables=("pattern_counts",),
            make=lambda companies, _: {"pattern_counts": count_patterns(store, names, companies)},
            reads=("profile_labels",),
            settings=names,
            code_version=COUNTING_VERSION,
            by_company=True,
        ),
        progress,
    )
