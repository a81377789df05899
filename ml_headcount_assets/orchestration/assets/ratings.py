"""What people said of profiles: what stands of it today, counted by pattern, and how they agree.

Gathering verdicts does not belong here: see `labelling.ratings`. After `deployed_ratings` there
are no people, only counts.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from ml_headcount_assets.compute.protocol import Progress
from ml_headcount_assets.labelling.ratings.agreement import rater_agreement
from ml_headcount_assets.warehouse.forgetting import Forgotten
from ml_headcount_assets.warehouse.ratings import (
    count_ratings,
    imported_verdicts,
    profiles_today,
    with_standing,
)

from ..forgotten import LeftOut
from ..reader import Reader
from ..recipes import COHORT, Frames, Obtained, Recipe
from ..stages import ANNOTATE
from ..versions import LEVEL

RATING_VERSION = "1"


@contextmanager
def _verdicts(reader: Reader) -> Iterator[Obtained]:
    """Obtain the verdicts that were imported, and who is to be forgotten."""
    verdicts, forgotten = imported_verdicts(reader.path), Forgotten.of(reader.path)
    yield Obtained([verdicts, forgotten.state], (verdicts, LeftOut(forgotten)))


def _rated_frames(reader: Reader, _: Progress) -> Frames:
    verdicts, left_out = reader.obtained
    today = profiles_today(reader, {each.profile_id for each in verdicts})
    return {"rated_profiles": left_out.of(with_standing(verdicts, today), "profile_id")}


RATED_PROFILES = Recipe(
    "rated_profiles",
    makes={"rated_profiles": "What people said of profiles, and whether it stands today."},
    stage=ANNOTATE,
    grain=COHORT,
    version=RATING_VERSION,
    make=_rated_frames,
    tables=("profiles", "profile_labels"),
    obtain=_verdicts,  # and nobody who is to be forgotten
    shows={
        "verdicts": """
            SELECT verdict, standing, count(*) AS number FROM rated_profiles
            GROUP BY ALL ORDER BY ALL
            """
    },
    measures="""
        SELECT 'verdicts', count(*) FROM rated_profiles
        UNION ALL SELECT 'profiles with a verdict', count(DISTINCT profile_id) FROM rated_profiles
        """,
)


def _count_frames(reader: Reader, _: Progress) -> Frames:
    names = sorted(reader.read("annotators")["annotator"])
    return {"deployed_ratings": count_ratings(reader, names)}


DEPLOYED_RATINGS = Recipe(
    "deployed_ratings",
    makes={
        "deployed_ratings": "How many rated profiles of each company carry each combination of"
        " labels, by what their raters said."
    },
    stage=ANNOTATE,
    grain=COHORT,
    version=RATING_VERSION,
    make=_count_frames,
    tables=("rated_profiles", "profile_labels"),
    columns={"annotators": ("annotator",)},
    kinds=frozenset({"sql", "duckdb"}),
)


def _agreement_frames(reader: Reader, _: Progress) -> Frames:
    return {"rater_agreement": rater_agreement(reader.read("rated_profiles"), reader.study.level)}


RATER_AGREEMENT = Recipe(
    "rater_agreement",
    makes={"rater_agreement": "How far raters agree beyond chance, with an interval."},
    stage=ANNOTATE,
    grain=COHORT,
    version=RATING_VERSION,
    make=_agreement_frames,
    tables=("rated_profiles",),
    settings=(LEVEL,),
)
