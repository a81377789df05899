"""Estimators are equals: a new one is a module and a line, and nobody asks for its name."""

from __future__ import annotations

import ast
import inspect
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import ml_headcount_assets
from ml_headcount_assets.errors import InputError
from ml_headcount_assets.model import ESTIMATORS, Estimator, estimate_headcount, estimator_of
from ml_headcount_assets.model.estimate import prepare
from ml_headcount_assets.model.estimators import DrawnCompany
from ml_headcount_assets.study import Study

PACKAGE = Path(ml_headcount_assets.__file__).parent
HOME = PACKAGE / "model" / "estimators"


@dataclass(frozen=True)
class Shares:
    """A cohort fit of one number, learned without any fit of the annotators."""

    accepted: float
    draws: int

    def to_frame(self) -> pd.DataFrame:
        return pd.DataFrame({"draw": range(self.draws), "accepted": self.accepted})


def fit_shares(fit, evidence, settings, *, draws, seed, compute=None, progress=None) -> Shares:
    assert fit is None
    assert evidence.rated is not None
    return Shares(float(evidence.rated["is_expert"].mean()), draws)


@dataclass(frozen=True)
class DrawShare:
    accepted: float
    draws: int

    def __call__(self, company) -> DrawnCompany:
        if company.evidence == "none":
            return DrawnCompany.without_evidence(company, self.draws)
        experts = np.full(self.draws, int(company.headcount * self.accepted), dtype=np.int32)
        return DrawnCompany(experts, company.evidence, company.flags)


SHARES = Estimator(
    name="shares",
    about="takes everybody for rated",
    errors=None,
    fit_cohort=fit_shares,
    read_cohort=lambda rows: Shares(rows["accepted"].iloc[0], len(rows)),
    drawer=lambda fit, cohort, settings, *, draws, seed, engine: DrawShare(cohort.accepted, draws),
    kept_in="cohort_fit",
    diagnostics=lambda fit, cohort: {"accepted": cohort.accepted},
    rates=lambda fit, cohort, level: (pd.DataFrame(), pd.DataFrame()),
    foil=True,
)


@pytest.fixture
def shares(monkeypatch) -> Estimator:
    monkeypatch.setitem(ESTIMATORS, SHARES.name, SHARES)
    return SHARES


def test_a_new_one_needs_no_fit_of_the_annotators(shares, world):
    tables = world.validation, world.profiles, world.companies
    result = estimate_headcount(*tables, estimator="shares", draws=20)
    known = result.evidence != "none"
    expected = (result.headcount[known] * world.validation["is_expert"].mean()).astype(int)
    assert (result.draws.data[known] == expected[:, None]).all()
    assert result.diagnostics["accepted"] == world.validation["is_expert"].mean()


def test_a_new_one_is_known_to_studies_and_tables(shares, tmp_path):
    from ml_headcount_assets.warehouse.schemas import TABLES

    column = TABLES["headcount_intervals"].schema.columns["estimator"]
    names = pd.Series([*ESTIMATORS])
    assert column.checks[0](names).check_passed
    assert not column.checks[0](pd.Series(["six_layer"])).check_passed
    files = {name: {"path": tmp_path / name} for name in ("companies", "validation")}
    files["profile_labels"] = {"path": tmp_path / "labels"}
    study = Study(directory=tmp_path, name="s", files=files, estimators=["shares", "independent"])
    assert study.headline == "shares"


def test_what_is_unknown_is_told_with_what_there_is():
    with pytest.raises(InputError, match=f"'pooled'; there are {', '.join(ESTIMATORS)}"):
        estimator_of("pooled")


def test_each_says_what_it_is():
    for name, estimator in ESTIMATORS.items():
        assert estimator.name == name
        # The end of a sentence that begins with its name.
        assert estimator.about[0].islower()
        assert not estimator.about.endswith(".")


def test_nobody_else_tells_them_apart_by_name():
    """Comparing with a name, or keeping something by it, is what the record is there for."""
    told = {}
    for path in PACKAGE.rglob("*.py"):
        own = (PACKAGE / "model" / name for name in ESTIMATORS)
        if any(path.is_relative_to(folder) for folder in (HOME, *own)):
            continue
        constants = {
            node.value
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        quoted = {f"'{name}'" for name in ESTIMATORS}
        named = constants & set(ESTIMATORS) | {
            text for text in constants if any(name in text for name in quoted)
        }
        if named:
            told[path.relative_to(PACKAGE).as_posix()] = named
    assert told == {}


def test_the_record_is_all_that_callers_see():
    assert "estimator_of(" in inspect.getsource(prepare)
