"""From the study's files to tables: companies, rated CVs, raw profiles, and the rejects.

What is asked of anybody, or labelled by a rule, does not belong here.
"""

from ml_headcount_assets.compute.protocol import Progress
from ml_headcount_assets.ingest import (
    EXTRACT_VERSION,
    read_companies,
    read_profiles,
    read_rated_cvs,
    study_annotators,
)
from ml_headcount_assets.text.recipe import RECIPE_VERSION
from ml_headcount_assets.warehouse.beside import extracts_path
from ml_headcount_assets.warehouse.records import annotator_rows, annotators_of, reject_rows
from ml_headcount_assets.warehouse.store import Transaction

from ..forgotten import LeftOut, who_is_forgotten
from ..reader import Reader
from ..recipes import COHORT, COMPANY, Frames, Recipe
from ..stages import INGEST
from ..versions import ANNOTATORS, FILTERS

READER_VERSION = "9"


def _rated_frames(reader: Reader, _: Progress) -> Frames:
    rated, labels, rejects = read_rated_cvs(reader.study)
    left_out = LeftOut(reader.obtained)
    return {
        "rated_cvs": left_out.of(rated, "rated_id"),
        "rated_labels": left_out.of(labels, "rated_id"),
        "annotators": annotator_rows(study_annotators(reader.study)),
        "rejects": reject_rows("rated_cvs", left_out.noted(rejects)),
    }


RATED_CVS = Recipe(
    "rated_cvs",
    makes={
        "rated_cvs": "The raters' verdict on each CV, and its text.",
        "rated_labels": "The annotators' labels of the rated CVs.",
        "annotators": "Who labels, and which labels follow from others.",
    },
    stage=INGEST,
    grain=COHORT,
    version=f"{READER_VERSION}/{RECIPE_VERSION}",
    make=_rated_frames,
    # Who the annotators are, the columns and folders of all files may have to tell.
    files=("validation", "profile_labels", "labels"),
    settings=(ANNOTATORS, FILTERS),
    rejects=True,
    obtain=who_is_forgotten,
    measures="""
        SELECT 'rated CVs', count(*) FROM rated_cvs
        UNION ALL SELECT 'rated experts', count(*) FILTER (is_expert = 1) FROM rated_cvs
        """,
)


def _company_frames(reader: Reader, _: Progress) -> Frames:
    annotators = annotators_of(reader.read("annotators"))
    companies, counts, rejects = read_companies(reader.study, annotators)
    return {
        "companies": companies,
        "company_counts": counts,
        "rejects": reject_rows("companies", rejects),
    }


def _forget_former_companies(transaction: Transaction) -> None:
    transaction.keep_companies(transaction.read("companies")["company"].tolist())


COMPANIES = Recipe(
    "companies",
    makes={
        "companies": "One row per company, with its partition key.",
        "company_counts": "People counted per company and annotator: hits, accepted of labelled.",
    },
    stage=INGEST,
    grain=COHORT,
    version=READER_VERSION,
    make=_company_frames,
    tables=("annotators",),
    files=("companies",),
    rejects=True,
    after=_forget_former_companies,
    shows={
        "by size": """
            SELECT size_band, count(*) AS companies, sum(headcount) AS employees
            FROM companies GROUP BY ALL ORDER BY min(headcount) NULLS LAST, size_band
            """,
        "counted": """
            SELECT annotator, count(*) AS companies, sum(hits) AS hits,
                   sum(accepted) AS accepted, sum(labelled) AS labelled
            FROM company_counts GROUP BY ALL ORDER BY ALL
            """,
    },
    measures="""
        SELECT 'companies', count(*) FROM companies
        UNION ALL SELECT 'companies with a headcount', count(headcount) FROM companies
        UNION ALL SELECT 'employees', sum(headcount) FROM companies
        """,
)


def _profile_frames(reader: Reader, progress: Progress) -> Frames:
    known, wanted = reader.read("companies"), set(reader.companies or ())
    left_out = LeftOut(reader.obtained)
    # Extracts have everybody in them who is in the files: they are not kept, if somebody there
    # may have to be forgotten.
    cache = None if reader.obtained.hashes else extracts_path(reader.path)
    return (
        (table, reject_rows("profiles", left_out.noted(rows)))
        if table == "rejects"
        else (table, left_out.of(rows, "profile_id"))
        for table, rows in read_profiles(reader.study, known, wanted, progress, cache=cache)
    )


PROFILES = Recipe(
    "profiles",
    makes={
        "profiles": "One row per person with the text that is labelled; none, if the study has"
        " labels only.",
    },
    stage=INGEST,
    grain=COMPANY,
    version=f"{READER_VERSION}/{EXTRACT_VERSION}/{RECIPE_VERSION}",
    make=_profile_frames,
    # People are matched with all companies, and larger or smaller ones are the same to them.
    columns={"companies": ("company", "company_id", "name", "aliases")},
    files=("profiles",),
    rejects=True,
    obtain=who_is_forgotten,
)

#: Every reader writes its own part.
REJECTS = Recipe(
    "rejects",
    makes={
        "rejects": "Rows and fields that the readers could not use, each with its line and the"
        " reason."
    },
    stage=INGEST,
    grain=COHORT,
    version=READER_VERSION,
    make=lambda _, __: {},
    tables=("rejects",),
    shows={
        "rejected": """
            SELECT source_file AS file, field, count(*) AS rejected FROM rejects
            GROUP BY ALL ORDER BY rejected DESC, file, field LIMIT 20
            """
    },
    measures="SELECT 'rows set aside', count(*) FROM rejects",
    kinds=frozenset({"duckdb"}),
)
