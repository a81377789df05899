"""From texts to labels and on to pattern counts: after this there are no people, only counts.

Whom LLMs are asked about, and what that costs, does not belong here: see `llms`.
"""

from ml_headcount_assets.compute.protocol import Progress
from ml_headcount_assets.ingest import no_rejects, read_profile_labels
from ml_headcount_assets.warehouse.keyword_labels import label_profiles
from ml_headcount_assets.warehouse.labels import gather_labels
from ml_headcount_assets.warehouse.patterns import count_patterns
from ml_headcount_assets.warehouse.records import annotators_of, label_rows, reject_rows

from ..forgotten import LeftOut, who_is_forgotten
from ..reader import Reader
from ..recipes import COMPANY, Frames, Recipe
from ..stages import ANNOTATE
from ..versions import ANNOTATORS, FILTERS

LABELLING_VERSION = "3"
COUNTING_VERSION = "1"

#: Tables of labels that are made from the texts of raw profiles.
MADE_HERE = ("keyword_labels", "llm_labels")


def _keyword_frames(reader: Reader, progress: Progress) -> Frames:
    annotators = annotators_of(reader.read("annotators"))
    filters = reader.study.keyword_filters.only([each.name for each in annotators])
    # All texts have been read when the first of the rows is stored.
    found = label_profiles(reader, filters, annotators, progress)
    return (("keyword_labels", label_rows(rows)) for rows in found)


KEYWORD_LABELS = Recipe(
    "keyword_labels",
    makes={"keyword_labels": "What the keyword filters say about each profile."},
    stage=ANNOTATE,
    grain=COMPANY,
    version=LABELLING_VERSION,
    make=_keyword_frames,
    tables=("profiles", "annotators"),
    settings=(FILTERS,),
)


def _label_frames(reader: Reader, _: Progress) -> Frames:
    annotators = annotators_of(reader.read("annotators"))
    if reader.study.files.profile_labels is None:
        labels = gather_labels(reader, MADE_HERE, [each.name for each in annotators])
        rejects = no_rejects()
    else:
        known = reader.read("companies")["company_id"].tolist()
        labels, rejects = read_profile_labels(reader.study, known, annotators)
        left_out = LeftOut(reader.obtained)
        labels = left_out.of(labels, "profile_id")
        rejects = left_out.noted(rejects)
        labels = label_rows(labels[labels["company"].isin(reader.companies)])
    return {"profile_labels": labels, "rejects": reject_rows("profile_labels", rejects)}


PROFILE_LABELS = Recipe(
    "profile_labels",
    makes={
        "profile_labels": "Every label of every profile, from whomever; one that could not be"
        " had is missing."
    },
    stage=ANNOTATE,
    grain=COMPANY,
    version=LABELLING_VERSION,
    make=_label_frames,
    tables=(*MADE_HERE, "annotators"),
    columns={"companies": ("company", "company_id")},
    files=("profile_labels",),
    settings=(ANNOTATORS,),
    rejects=True,
    obtain=who_is_forgotten,
)


def _pattern_frames(reader: Reader, _: Progress) -> Frames:
    names = sorted(reader.read("annotators")["annotator"])
    return {"pattern_counts": count_patterns(reader, names)}


PATTERN_COUNTS = Recipe(
    "pattern_counts",
    makes={"pattern_counts": "How many profiles of each company carry each combination of labels."},
    stage=ANNOTATE,
    grain=COMPANY,
    version=COUNTING_VERSION,
    make=_pattern_frames,
    tables=("profile_labels",),
    columns={"annotators": ("annotator",)},
    kinds=frozenset({"sql", "duckdb"}),
    measures="""
        SELECT 'profiles of all companies', sum(n_profiles) FROM pattern_counts
        UNION ALL SELECT 'companies with profiles', count(DISTINCT company) FROM pattern_counts
        UNION ALL SELECT 'kinds of profile', count(DISTINCT pattern) FROM pattern_counts
        """,
)
