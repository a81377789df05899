"""Verdicts on profiles reach the counts to the right of the waist, and go with a person."""

import pytest

from ml_headcount_assets.orchestration.assets.ratings import (
    DEPLOYED_RATINGS,
    RATED_PROFILES,
    RATER_AGREEMENT,
)
from ml_headcount_assets.orchestration.making import follow
from ml_headcount_assets.orchestration.unchanged import is_published
from ml_headcount_assets.warehouse.beside import work_path
from ml_headcount_assets.warehouse.forgetting import forget_person
from ml_headcount_assets.warehouse.publish import Published
from ml_headcount_assets.warehouse.ratings import RatingStore, Verdict, imported_verdicts
from ml_headcount_assets.warehouse.store import TableStore

from .conftest import Place
from .test_recipes import AROUND


@pytest.fixture
def people(place: Place) -> list[tuple[str, str]]:
    """Company and id of three profiles, the first two with one pattern of labels."""
    found = TableStore(place.warehouse).query(
        """
        WITH patterns AS (
            SELECT company, profile_id,
                   string_agg(coalesce(label::VARCHAR, '-'), '' ORDER BY annotator) AS pattern
            FROM profile_labels GROUP BY ALL
        )
        SELECT company, profile_id, pattern FROM patterns
        QUALIFY count(*) OVER (PARTITION BY company, pattern) > 2
        ORDER BY company, pattern, profile_id LIMIT 3
        """
    )
    return list(zip(found["company"], found["profile_id"], strict=True))


def given(people, *said: tuple[int, str, str]) -> list[Verdict]:
    return [
        Verdict(rater, *people[number], verdict, (), "", f"2026-01-0{number + 1}")
        for number, rater, verdict in said
    ]


def test_a_study_without_verdicts_has_empty_tables(pristine):
    store = TableStore(pristine[1])
    assert store.read("rated_profiles").empty
    assert Published(pristine[1]).read("deployed_ratings").empty
    assert Published(pristine[1]).read("rater_agreement").empty


def settle(place: Place) -> list[int]:
    """Bring the tables of verdicts up to date; return which of them were made anew."""
    recipes = (RATED_PROFILES, DEPLOYED_RATINGS, RATER_AGREEMENT)
    store = TableStore(place.warehouse)
    return [follow(recipe, place.study, store, None, AROUND).made for recipe in recipes]


def test_verdicts_are_counted_by_pattern_and_go_with_the_person(place: Place, people):
    store = TableStore(place.warehouse)
    said = ((0, "zz-rater", "yes"), (0, "bob", "no"), (1, "zz-rater", "yes"), (2, "bob", "unsure"))
    with RatingStore(place.warehouse) as ratings:
        ratings.add(given(people, *said), imported=True)
    assert not is_published(place.study, place.warehouse)
    assert settle(place) == [1, 1, 1]
    assert settle(place) == [0, 0, 0]
    counts = store.read("deployed_ratings")
    assert counts[["yes", "no", "n_profiles"]].to_numpy().tolist() == [[1, 0, 1], [1, 1, 1]]
    assert counts["pattern"].nunique() == 1
    agreed = store.read("rater_agreement")
    assert agreed[["raters", "n_profiles", "second_only"]].to_numpy().tolist() == [["A B", 1, 1]]
    assert b"zz-rater" not in work_path(place.warehouse).read_bytes()

    erased = forget_person(place.warehouse, people[0][1], everywhere=True)
    assert (erased.verdicts, erased.rows["rated_profiles"]) == (2, 2)
    assert people[0][1] not in {each.profile_id for each in imported_verdicts(place.warehouse)}
    settle(place)
    counts = store.read("deployed_ratings")
    assert counts[["yes", "no", "n_profiles"]].to_numpy().tolist() == [[1, 0, 1]]
