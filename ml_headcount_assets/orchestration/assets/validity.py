"""The validity suite: how estimators do on simulated worlds whose truth is known.

Worlds, methods and scores do not belong here: see `validity`.
"""

from ml_headcount_assets.compute.protocol import Progress
from ml_headcount_assets.model import MODEL_VERSION
from ml_headcount_assets.validity.methods import methods_here
from ml_headcount_assets.validity.suite import SuitePlan, run_suite
from ml_headcount_assets.warehouse.beside import suite_path
from ml_headcount_assets.warehouse.schemas import TABLES

from ..reader import Reader
from ..recipes import COHORT, Frames, Recipe
from ..stages import VALIDITY as STAGE
from ..versions import VALIDITY


def _scored(reader: Reader, progress: Progress) -> Frames:
    plan = SuitePlan(**{"methods": methods_here(), **reader.study.validity.choices()})
    around = reader.around
    scores = run_suite(plan, suite_path(reader.path), compute=around.compute, progress=progress)
    columns = list(TABLES["validity_scores"].schema.columns)
    return {"validity_scores": scores.summary().assign(draws=plan.draws)[columns]}


VALIDITY_SCORES = Recipe(
    "validity_scores",
    makes={
        "validity_scores": "How often intervals hold the truth, and how far off estimates are, by"
        " scenario and method."
    },
    stage=STAGE,
    grain=COHORT,
    version=MODEL_VERSION,
    make=_scored,
    settings=(VALIDITY,),
    shows={
        "scores": """
            SELECT scenario, method, worlds, round(coverage_80, 2) AS coverage_80,
                   round(ranks, 2) AS ranks, round(to_oracle, 2) AS to_oracle,
                   round(total_ratio, 2) AS total_ratio, total_80
            FROM validity_scores ORDER BY scenario, to_oracle
            """
    },
    measures="""
        SELECT 'ranks of ' || method, avg(ranks) FROM validity_scores
        WHERE ranks IS NOT NULL GROUP BY method
        """,
)
