"""Data that no one hopes for: an answer or a sentence, never a traceback or NaN."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ml_headcount_assets.model import EstimatorSettings, estimate_headcount
from ml_headcount_assets.model.annotators import Annotator
from ml_headcount_assets.model.hierarchical import Effort, draw_company_hierarchical
from ml_headcount_tests.little_effort import LITTLE

from .conftest import Study

ANNOTATORS = (
    Annotator("llm_a", "llm"),
    Annotator("llm_b", "llm"),
    Annotator("filter_x", "filter"),
)
_NAMES = tuple(annotator.name for annotator in ANNOTATORS)
#: Whether it runs at all is the question.
LEAST = Effort(look=3, search=6, particles=25, chains=4, warmup=2, kept=2, rounds=1, leaps=2)


def _rated(rows=40, **fixed) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    verdict = (np.arange(rows) % 3 == 0).astype(int)
    frame = pd.DataFrame({"is_expert": verdict})
    for annotator in ANNOTATORS:
        frame[annotator.name] = (rng.random(rows) < np.where(verdict, 0.7, 0.1)).astype(int)
    return frame.assign(**fixed)


def _profiles(rows=60, **fixed) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"company_id": [f"c{i % 4}" for i in range(rows)]})
    for annotator in ANNOTATORS:
        frame[annotator.name] = (rng.random(rows) < 0.15).astype(int)
    return frame.assign(**fixed)


def _companies(count=6, **fixed) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "company_id": [f"c{i}" for i in range(count)],
            "headcount": [20, 30, 16, 4_000, 500, 50_000][:count],
            "filter_x_hits": [1, 2, 0, 30, 4, 90][:count],
        }
    )
    return frame.assign(**fixed)


NOTHING = _profiles().iloc[:0]
CASES = {
    "an annotator that never fires": (_rated(llm_a=0), _profiles(llm_a=0), _companies()),
    "an annotator that always fires": (_rated(llm_a=1), _profiles(llm_a=1), _companies()),
    "one expert": (_rated().iloc[:3], _profiles(), _companies()),
    "one rated CV a class": (_rated().iloc[:2], _profiles(), _companies()),
    "no label of an annotator in deployment": (_rated(), _profiles(llm_b=pd.NA), _companies()),
    "everybody employed alone": (_rated(), _profiles(4), _companies(headcount=1)),
    "more hits than employees": (_rated(), _profiles(), _companies(filter_x_hits=10**6)),
    "no profiles at all": (_rated(), NOTHING, _companies()),
    "one company": (_rated(), _profiles(15, company_id="c0"), _companies(1)),
    "no label in deployment": (
        _rated(),
        _profiles(**dict.fromkeys(_NAMES, pd.NA)),
        _companies().drop(columns="filter_x_hits"),
    ),
    "no evidence": (_rated(), NOTHING, _companies(headcount=np.nan)),
    "every label an expert's": (_rated(), _profiles(llm_a=1, llm_b=1, filter_x=1), _companies()),
    "many cohorts": (_rated(), _profiles(), _companies(cohort=[*"abcde", None])),
}


@pytest.mark.parametrize(("rated", "profiles", "companies"), CASES.values(), ids=CASES.keys())
def test_an_answer_for_every_company_with_evidence(rated, profiles, companies):
    study = Study.of(rated, profiles, companies, ANNOTATORS)
    fit = study.fit(effort=LEAST)
    assert np.isfinite(fit.theta).all()
    for tables in (fit.rated, fit.near, fit.easy, fit.expert):
        assert np.isfinite(tables).all()
        assert np.allclose(tables.sum(axis=-1), 1.0)
    for company in study.companies:
        drawn = draw_company_hierarchical(fit, company, draws=50, seed=0)
        if drawn.evidence == "none":
            assert (drawn.experts == -1).all()
        else:
            assert 0 <= drawn.experts.min() <= drawn.experts.max() <= company.headcount
            assert np.isfinite(drawn.prevalence).all()
    assert "R-hat" in str(fit.diagnostics)


@pytest.mark.filterwarnings("ignore::UserWarning")  # of the doubts that such data deserve
@pytest.mark.parametrize("case", ["no label in deployment", "no evidence", "no profiles at all"])
def test_what_is_told_in_python_of_data_without_labels(case):
    settings = replace(EstimatorSettings.default(), effort=LEAST, annotators=ANNOTATORS)
    told = estimate_headcount(*CASES[case], settings=settings, draws=20).intervals()
    known = told["evidence"] != "none"
    assert known.any() == (case == "no profiles at all")
    assert told.loc[~known, "median"].isna().all()


@pytest.mark.parametrize("kinds", [("llm",), ("filter",), ("llm", "filter", "survey")])
def test_any_number_of_kinds(kinds):
    annotators = [Annotator(f"{kind}_one", kind) for kind in kinds]
    names = dict(zip([a.name for a in annotators], ["llm_a", "llm_b", "filter_x"], strict=False))
    rated = _rated()[["is_expert", *names.values()]]
    profiles = _profiles()[["company_id", *names.values()]]
    back = {old: new for new, old in names.items()}
    companies = _companies().rename(columns={f"{o}_hits": f"{n}_hits" for o, n in back.items()})
    study = Study.of(
        rated.rename(columns=back), profiles.rename(columns=back), companies, annotators
    )
    fit = study.fit(effort=LEAST)
    for company in study.companies:
        drawn = draw_company_hierarchical(fit, company, draws=50, seed=0)
        assert drawn.evidence == "none" or drawn.experts.min() >= 0


def test_labels_that_contradict_the_rated_cvs_are_called_so_in_python():
    """Annotators without a fault on rated CVs that err on a sixth of the profiles."""
    rng = np.random.default_rng(3)
    verdict = (rng.random(200) < 0.3).astype(int)
    names = ["llm_a", "llm_b", "llm_c"]
    rated = pd.DataFrame({"is_expert": verdict, **dict.fromkeys(names, verdict)})
    truth = rng.random(300) < 0.1
    labels = {name: (truth ^ (rng.random(300) < 0.15)).astype(int) for name in names}
    profiles = pd.DataFrame({"company_id": "c", **labels})
    companies = pd.DataFrame({"company_id": ["c"], "headcount": [400]})
    settings = replace(EstimatorSettings.default(), effort=LITTLE)
    with pytest.warns(UserWarning, match=r"Do not trust llm_a: .* What would help: ") as heard:
        estimate_headcount(rated, profiles, companies, settings=settings, draws=20)
    assert all(warning.filename == __file__ for warning in heard)
