"""Companies as partitions, and the runs that cover many of them at once.

Which companies there are does not belong here: that is in the study's files.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import dagster as dg

#: One partition per company. The keys are slugs; the id in the study's files is a column.
COMPANY_PARTITIONS = "company"
COMPANIES = dg.DynamicPartitionsDefinition(name=COMPANY_PARTITIONS)

#: Name of the job that is of everything but the discovery of keywords.
WHOLE_STUDY = "whole_study"

_RANGE_START = "dagster/asset_partition_range_start"
_RANGE_END = "dagster/asset_partition_range_end"


@contextmanager
def beta_features() -> Iterator[None]:
    """Keep Dagster from warning about features marked as beta that are in use on purpose.

    They are range runs of dynamic partitions and observed sources; tests cover both.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        yield


def covers(tags: Mapping[str, str], companies: Sequence[str]) -> bool:
    """Whether a run with these tags is of all companies, in the instance's order."""
    ends = (tags.get(_RANGE_START), tags.get(_RANGE_END))
    return bool(companies) and ends == (companies[0], companies[-1])


def sync_companies(instance: dg.DagsterInstance, companies: Sequence[str]) -> list[str]:
    """Make the partitions those companies, and return them in the instance's order."""
    present = instance.get_dynamic_partitions(COMPANY_PARTITIONS)
    for company in set(present) - set(companies):
        instance.delete_dynamic_partition(COMPANY_PARTITIONS, company)
    instance.add_dynamic_partitions(COMPANY_PARTITIONS, sorted(set(companies) - set(present)))
    return list(instance.get_dynamic_partitions(COMPANY_PARTITIONS))


def partition_order(present: Sequence[str], companies: Sequence[str]) -> list[str]:
    """Return the order partitions will have once `present` ones have become `companies`.

    Dagster keeps partitions in the order in which they were added, and a range of partitions
    means that order.
    """
    kept = [company for company in present if company in set(companies)]
    return kept + sorted(set(companies) - set(present))


def range_tags(first: str, last: str) -> Mapping[str, str]:
    """Return the run tags that make one run cover all companies from `first` to `last`."""
    return {_RANGE_START: first, _RANGE_END: last}


def contiguous_ranges(order: Sequence[str], wanted: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Cut `wanted` companies into ranges without gaps in the order of the partitions."""
    position = {company: index for index, company in enumerate(order)}
    indices = sorted(position[company] for company in set(wanted))
    start = 0
    for end in range(1, len(indices) + 1):
        if end == len(indices) or indices[end] != indices[end - 1] + 1:
            yield order[indices[start]], order[indices[end - 1]]
            start = end
