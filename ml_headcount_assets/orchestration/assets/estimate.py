"""Experts per company and in total, as joint draws and as intervals.

What companies share does not belong here: it has been made before, and is only read.
"""

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from ml_headcount_assets.compute.protocol import Progress
from ml_headcount_assets.ingest.subregions import subregions_of
from ml_headcount_assets.model import (
    MODEL_VERSION,
    Estimator,
    HeadcountResult,
    StudyEvidence,
    draw_headcounts,
    synthetic_counts,
)
from ml_headcount_assets.model.portfolio import portfolio_totals
from ml_headcount_assets.warehouse.records import (
    company_table,
    draw_rows,
    result_of,
    with_estimator,
)

from ..evidence import COUNTS, EVIDENCE, USE, used_annotators
from ..fits import (
    KEPT_TABLES,
    chosen_estimators,
    in_turn,
    rows_of,
    stored_annotators,
    stored_copula,
    stored_fits,
)
from ..reader import Reader
from ..recipes import COHORT, COMPANY, Frames, Recipe
from ..stages import ESTIMATE
from ..versions import ESTIMATION, LEVEL

#: Draws of companies that are held together: 50 MB, several times over on the way to the store.
_HELD_DRAWS = 12_500_000


def _draw_frames(reader: Reader, progress: Progress) -> Frames:
    """Return the draws, of as many companies at a time as are held together."""
    table, slugs = _companies(reader)
    counts, ratings = reader.read("pattern_counts"), reader.read("deployed_ratings")
    study = reader.study
    annotators = used_annotators(reader)
    # All is read beforehand: several frames are made while the warehouse is being written.
    fits = [(each, *stored_fits(reader, each)) for each in chosen_estimators(reader)]
    groups = _groups_held(reader, table["company"].tolist())
    turns = len(groups) * len(fits)

    def draw(number: int) -> pd.DataFrame:
        members = table[table["company"].isin(groups[number])]
        own = counts[counts["company_id"].isin(members["company_id"])]
        verdicts = ratings[ratings["company_id"].isin(members["company_id"])]
        evidence = StudyEvidence(annotators, own, members, ratings=verdicts)
        results = {
            estimator.name: draw_headcounts(
                fit,
                cohort,
                evidence,
                study.settings(),
                estimator=estimator.name,
                draws=study.draws,
                seed=study.seed,
                compute=reader.around.compute,
                progress=in_turn(progress, number * len(fits) + turn, turns),
            )
            for turn, (estimator, fit, cohort) in enumerate(fits)
        }
        return draw_rows(results, slugs)

    if len(groups) == 1:
        return {"headcount_draws": draw(0)}
    return (("headcount_draws", draw(number)) for number in range(len(groups)))


def _companies(reader: Reader) -> tuple[pd.DataFrame, Mapping[str, str]]:
    """Return the companies as the model takes them, and the partition key of each id."""
    rows = reader.read("companies")
    slugs = dict(zip(rows["company_id"], rows["company"], strict=True))
    return company_table(rows, reader.read("company_counts")), slugs


def _groups_held(reader: Reader, companies: Sequence[str]) -> list[Sequence[str]]:
    """Split companies into groups whose draws are held together."""
    size = max(1, _HELD_DRAWS // (reader.study.draws * len(reader.study.estimators)))
    return [companies[start : start + size] for start in range(0, len(companies), size)] or [[]]


HEADCOUNT_DRAWS = Recipe(
    "headcount_draws",
    makes={"headcount_draws": "Experts of each company in each joint draw, per estimator."},
    stage=ESTIMATE,
    grain=COMPANY,
    # Its check stops the run where an annotator tells nothing: nobody is to be drawn by it.
    follows=("annotator_summary",),
    version=MODEL_VERSION,
    make=_draw_frames,
    tables=(*KEPT_TABLES, *EVIDENCE),
    settings=(ESTIMATION,),
)


def _synthetic_frames(reader: Reader, progress: Progress) -> Frames:
    (table, slugs), study = _companies(reader), reader.study
    annotators = used_annotators(reader)
    evidence = StudyEvidence(annotators, reader.read("pattern_counts"), table)

    def summary(estimator: Estimator) -> pd.DataFrame:
        return synthetic_counts(
            stored_annotators(reader, estimator),
            stored_copula(reader, estimator),
            evidence,
            study.settings(),
            draws=study.draws,
            seed=study.seed,
            level=study.level,
        )

    through_copula = (each for each in chosen_estimators(reader) if each.copula)
    summaries = rows_of("synthetic_counts", ((each.name, summary(each)) for each in through_copula))
    return {"synthetic_counts": summaries.assign(company=summaries["company_id"].map(slugs))}


SYNTHETIC_COUNTS = Recipe(
    "synthetic_counts",
    makes={
        "synthetic_counts": "Label patterns that keyword counts imply for companies without"
        " profiles."
    },
    stage=ESTIMATE,
    grain=COMPANY,
    version=MODEL_VERSION,
    make=_synthetic_frames,
    tables=(*USE, "annotator_fit", "cohort_fit", *COUNTS),
    settings=(ESTIMATION, LEVEL),
)


def _interval_frames(reader: Reader, _: Progress) -> Frames:
    parts = [
        _intervals_of(reader.read("headcount_draws", group), reader.study.level)
        for group in _groups_held(reader, list(reader.companies or ()))
    ]
    return {"headcount_intervals": pd.concat(parts, ignore_index=True)}


def _intervals_of(rows: pd.DataFrame, level: float) -> pd.DataFrame:
    slugs = dict(zip(rows["company_id"], rows["company"], strict=True))
    intervals = with_estimator(
        (estimator, result_of(group).intervals(level))
        for estimator, group in rows.groupby("estimator")
    )
    return intervals.assign(company=intervals["company_id"].map(slugs))


HEADCOUNT_INTERVALS = Recipe(
    "headcount_intervals",
    makes={"headcount_intervals": "Experts of each company with an interval, per estimator."},
    stage=ESTIMATE,
    grain=COMPANY,
    version=MODEL_VERSION,
    make=_interval_frames,
    tables=("headcount_draws",),
    settings=(ESTIMATION, LEVEL),
    shows_company={
        "experts": """
            SELECT estimator, low, median, high, level, evidence, n_profiles, headcount, confidence,
                   flags
            FROM headcount_intervals WHERE company = ? ORDER BY estimator
            """
    },
)


def _total_frames(reader: Reader, _: Progress) -> Frames:
    companies = reader.read("companies").set_index("company")
    companies = companies.assign(subregion=subregions_of(companies["country"]))
    confidence = reader.read("headcount_intervals").set_index(["estimator", "company"])

    def drawn() -> Iterator[tuple[str, HeadcountResult, pd.DataFrame]]:
        for held in _groups_held(reader, companies.index.tolist()):
            for estimator, rows in reader.read("headcount_draws", held).groupby("estimator"):
                known = confidence.loc[estimator, "confidence"]
                members = companies.loc[rows["company"]].assign(confidence=known)
                yield str(estimator), result_of(rows), members

    return {"portfolio_intervals": portfolio_totals(drawn(), reader.study.level)}


PORTFOLIO_INTERVALS = Recipe(
    "portfolio_intervals",
    makes={
        "portfolio_intervals": "Totals of groups of companies, summed within each draw and then"
        " summarised."
    },
    stage=ESTIMATE,
    grain=COHORT,
    version=f"{MODEL_VERSION}, subregions",
    make=_total_frames,
    tables=("headcount_draws", "headcount_intervals", "companies"),
    settings=(ESTIMATION, LEVEL),
    shows={
        "total": """
            SELECT estimator, companies, companies_without_evidence AS without_evidence,
                   round(mean) AS mean, low, median, high
            FROM portfolio_intervals WHERE grouping = 'all' ORDER BY ALL
            """
    },
    draws={
        "experts by estimator": """
            SELECT estimator AS label, low, median, high, level FROM portfolio_intervals
            WHERE grouping = 'all' ORDER BY estimator <> ?, estimator
            """,
        "experts by cohort": """
            SELECT group_name AS label, low, median, high, level FROM portfolio_intervals
            WHERE grouping = 'cohort' AND estimator = ?
            ORDER BY median DESC NULLS LAST, label LIMIT 15
            """,
    },
    measures="""
        WITH totals AS (FROM portfolio_intervals WHERE grouping = 'all')
        SELECT 'experts: median, ' || estimator, median FROM totals
        UNION ALL SELECT 'experts: lower end, ' || estimator, low FROM totals
        UNION ALL SELECT 'experts: upper end, ' || estimator, high FROM totals
        UNION ALL SELECT 'companies with evidence', max(companies) FROM totals
        UNION ALL SELECT 'companies without evidence', max(companies_without_evidence) FROM totals
        UNION ALL SELECT 'profiles per employee (%)', 100 * sum(n_profiles) / sum(headcount)
        FROM headcount_intervals
        WHERE estimator = (SELECT min(estimator) FROM totals) AND headcount IS NOT NULL ORDER BY ALL
        """,
)
