"""What is handed to people: one page with tables and figures.

What is on the page does not belong here: see `export`.
"""

from ml_headcount_assets.compute.protocol import Progress
from ml_headcount_assets.export import (
    KEYWORD_RESULTS,
    RESULT_TABLES,
    TRUST_TABLES,
    read_results,
    write_report,
)
from ml_headcount_assets.warehouse.beside import report_path

from ..reader import Reader
from ..recipes import COHORT, Frames, Recipe
from ..sources import ESTIMATION, LEVEL, NAME
from ..stages import REPORT as STAGE

REPORT_VERSION = "2"


def _page(reader: Reader, _: Progress) -> Frames:
    study = reader.study
    write_report(read_results(reader, study.estimators), study, report_path(reader.path))
    return {}


REPORT = Recipe(
    "report",
    makes={"report": "One HTML page beside the warehouse that needs no network."},
    stage=STAGE,
    grain=COHORT,
    version=REPORT_VERSION,
    make=_page,
    tables=(*RESULT_TABLES, *TRUST_TABLES, *KEYWORD_RESULTS),
    settings=(ESTIMATION, LEVEL, NAME),
    page=report_path,
)
