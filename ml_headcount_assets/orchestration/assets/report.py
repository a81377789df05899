"""What is handed to people: the results that readers open, and one page with tables and figures.

What is on the page does not belong here (see `export`), nor how results are swapped in (see
`warehouse.publish`).
"""

from contextlib import nullcontext

import pandas as pd

from ml_headcount_assets.compute.protocol import Progress
from ml_headcount_assets.export import read_results, write_report
from ml_headcount_assets.text.llm import AnswerStore
from ml_headcount_assets.warehouse.beside import answers_path, report_path, results_path
from ml_headcount_assets.warehouse.forgetting import forgotten_version
from ml_headcount_assets.warehouse.publish import PUBLISHED_TABLES, Published, publish
from ml_headcount_assets.warehouse.ratings import ratings_version

from ..checks.findings import findings
from ..reader import Reader
from ..recipes import COHORT, Frames, Obtained, Recipe
from ..stages import REPORT as STAGE
from ..versions import CONFIGURATION, ESTIMATION, FILES, LEVEL, NAME, source_versions

REPORT_VERSION = "5"


def _published(reader: Reader, _: Progress) -> Frames:
    inputs = source_versions(reader.study) | _kept_versions(reader)
    # The checks look at tables of people, too; what changes those changes the files declared here.
    checks = findings(reader.path, reader.study)
    publish(reader.path, reader.study, inputs, reader.around.run, checks, _spending(reader))
    results = read_results(Published(reader.path), reader.study.estimators)
    write_report(results, reader.study, report_path(reader.path))
    return {}


def _spending(reader: Reader) -> pd.DataFrame | None:
    if not answers_path(reader.path).is_file():
        return None
    with AnswerStore(answers_path(reader.path)) as answers:
        return answers.spending()


def _kept_versions(reader: Reader) -> dict[str, str]:
    """Return versions of what is kept in the warehouse itself, and not in the study's files."""
    return forgotten_version(reader.path) | ratings_version(reader.path)


RESULTS = Recipe(
    "results",
    makes={
        "results": "The file that readers open: all tables but those that tell of single persons,"
        " and the history of runs. It is swapped in whole when all that blocks a run holds.",
        "report": "One HTML page in the warehouse's folder that needs no network.",
    },
    stage=STAGE,
    grain=COHORT,
    version=REPORT_VERSION,
    make=_published,
    tables=PUBLISHED_TABLES,
    settings=(CONFIGURATION, ESTIMATION, LEVEL, NAME),
    files=tuple(FILES),
    # A run of everything that finds the same as one of single companies says so of it.
    obtain=lambda reader: nullcontext(
        Obtained(state=[reader.around.run.whole, ratings_version(reader.path)])
    ),
    draws={
        "experts by size of company": """
            SELECT replace(group_name, '_', ' ') AS label, low, median, high, level
            FROM portfolio_intervals WHERE grouping = 'size_band' AND estimator = ?
            ORDER BY median DESC NULLS LAST, label
            """
    },
    pages={"results": results_path, "report": report_path},
    warned_after_days=31,
)
