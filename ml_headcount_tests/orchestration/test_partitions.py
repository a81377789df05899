"""Ranges of partitions mean the order in which Dagster keeps them."""

import dagster as dg
import pytest

from ml_headcount_assets.orchestration.partitions import (
    contiguous_ranges,
    partition_order,
    sync_companies,
)

ORDER = ["d", "a", "c", "b", "e"]


@pytest.mark.parametrize(
    ("wanted", "ranges"),
    [
        (["a"], [("a", "a")]),
        (["c", "a"], [("a", "c")]),
        (["e", "d"], [("d", "d"), ("e", "e")]),
        (["e", "b", "d", "a", "b"], [("d", "a"), ("b", "e")]),
        (ORDER, [("d", "e")]),
        ([], []),
    ],
)
def test_companies_are_cut_into_ranges_without_gaps(wanted, ranges):
    assert list(contiguous_ranges(ORDER, wanted)) == ranges


@pytest.mark.parametrize("companies", [["a", "b"], ["b", "c", "e", "a"], ["x", "a", "q"], ORDER])
def test_the_order_that_is_foretold_is_the_one_that_comes(companies):
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("company", ORDER)
        foretold = partition_order(ORDER, companies)
        assert sync_companies(instance, companies) == foretold
        assert set(foretold) == set(companies)
