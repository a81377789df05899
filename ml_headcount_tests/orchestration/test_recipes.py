"""One declaration per asset: what is not in it cannot be read, and what is in it is compared."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pandera.pandas as pa
import pytest
import yaml

from ml_headcount_assets.compute.local import LocalCompute
from ml_headcount_assets.orchestration.assets import annotate, calibrate, estimate, ingest
from ml_headcount_assets.orchestration.build import RECIPES, build_definitions
from ml_headcount_assets.orchestration.instance import open_instance
from ml_headcount_assets.orchestration.making import follow, reader_for
from ml_headcount_assets.orchestration.partitions import range_tags, sync_companies
from ml_headcount_assets.orchestration.reader import Reader, Surroundings
from ml_headcount_assets.orchestration.recipes import COMPANY, Recipe
from ml_headcount_assets.orchestration.resources import (
    StudyResource,
    WarehouseResource,
    no_progress,
)
from ml_headcount_assets.orchestration.versions import SETTINGS, SPENDING
from ml_headcount_assets.study import Study, load_study
from ml_headcount_assets.warehouse.publish import Run
from ml_headcount_assets.warehouse.schemas import TABLES
from ml_headcount_assets.warehouse.store import TableStore

from .conftest import Place

AROUND = Surroundings(LocalCompute(), no_progress, print, Run("a-run", datetime.now(UTC), True))


@pytest.fixture
def reader(pristine) -> Callable[[Recipe], Reader]:
    """What the functions of a recipe see, if it is about the first two companies."""
    directory, warehouse, summary = pristine

    def see(recipe: Recipe) -> Reader:
        companies = summary.companies[:2] if recipe.grain == COMPANY else None
        return reader_for(recipe, load_study(directory), TableStore(warehouse), companies, AROUND)

    return see


def test_a_table_that_is_not_declared_cannot_be_read(reader):
    see = reader(estimate.HEADCOUNT_INTERVALS)
    assert len(see.read("headcount_draws"))
    for read in (
        lambda: see.read("companies"),
        lambda: see.query("SELECT count(*) FROM companies"),
        lambda: see.query("SELECT 1 FROM headcount_draws WHERE company IN (FROM companies)"),
        lambda: see.query(
            "WITH c AS (FROM main.companies) SELECT * FROM c WHERE company = ?", [""]
        ),
    ):
        with pytest.raises(LookupError, match=r"'companies' is read and not declared"):
            read()
    with (
        see.snapshot() as snapshot,
        pytest.raises(LookupError, match=r"'companies' is read and not declared"),
    ):
        next(snapshot.stream("SELECT * FROM companies", [], 10))


def test_columns_that_are_not_declared_cannot_be_read(reader):
    see = reader(ingest.PROFILES)
    assert list(see.read("companies")) == ["company", "company_id", "name", "aliases"]
    assert len(see.read("companies")) == 12  # of all of them, since people may be anywhere
    with pytest.raises(LookupError, match="'headcount' of table 'companies' is not declared"):
        see.read("companies", columns=["headcount"])
    with pytest.raises(Exception, match="headcount"):
        see.query("SELECT headcount FROM companies")


def test_of_a_divided_table_there_are_the_companies_in_hand(reader, pristine):
    see = reader(annotate.PATTERN_COUNTS)
    wanted = set(pristine[2].companies[:2])
    assert set(see.read("profile_labels")["company"]) <= wanted
    found = see.query("SELECT DISTINCT company FROM profile_labels")["company"]
    assert set(found) == set(see.read("profile_labels")["company"])
    everybody = TableStore(pristine[1]).query("SELECT DISTINCT company FROM profile_labels")
    assert set(everybody["company"]) - wanted
    cohort = reader(calibrate.COHORT_FIT)
    assert set(cohort.read("companies")["company"]) == set(pristine[2].companies)


def test_settings_and_files_that_are_not_declared_cannot_be_read(reader):
    study = reader(estimate.HEADCOUNT_DRAWS).study
    assert study.draws == 60
    assert study.settings()
    for read in (lambda: study.level, lambda: study.files, lambda: study.keyword_filters):
        with pytest.raises(LookupError, match="is read and not declared"):
            read()
    study = reader(ingest.COMPANIES).study
    assert study.files.companies.path.is_file()
    assert study.files.profiles is None  # which kinds of files there are can be seen
    for read in (
        lambda: study.files.validation.path,
        lambda: study.annotators,
        lambda: study.settings(),
        lambda: study.headline,
    ):
        with pytest.raises(LookupError, match="not declared"):
            read()


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(
            "pattern_counts",
            makes={"pattern_counts": ""},
            stage=annotate.PATTERN_COUNTS.stage,
            grain=COMPANY,
            version="another",
            make=lambda reader, _: {"pattern_counts": reader.read("company_counts")},
            tables=("profile_labels",),
        )
    ],
)
def test_a_recipe_that_reads_more_than_it_declares_stores_nothing(place, recipe):
    store, companies = TableStore(place.warehouse), ["company-0001"]
    with store.snapshot() as snapshot:
        before = snapshot.digests("pattern_counts")
    with pytest.raises(LookupError, match="'company_counts' is read and not declared"):
        follow(recipe, place.study, store, companies, AROUND)
    with store.snapshot() as snapshot:
        assert snapshot.digests("pattern_counts") == before


CHANGES = {
    "estimators": ("log_debias",),
    "preset": "paper-2026",
    "draws": 99,
    "seed": 99,
    "layers": ("rated_cvs",),
    "priors": {"bands": {"under_100": (1.0, 9.0)}},
    "six_dimensional": True,
    "ratings_are_random": True,
    "effort": {"chains": 7},
    "level": 0.95,
    "name": "another",
    "filters": {"terms": {"ml": ["ML"]}, "rules": {"filter_ml": {"all_of": ["ml"]}}},
    "keywords": {"folds": 3},
    "validity": {"worlds": 3},
    "annotators": [{"name": "llm_sonnet_4", "kind": "llm"}],
}


@pytest.mark.parametrize(
    ("setting", "field"),
    [(setting, field) for setting in SETTINGS for field in setting.fields],
    ids=lambda value: value if isinstance(value, str) else str(value.source),
)
def test_every_setting_that_can_be_read_is_compared(pristine, setting, field):
    study = load_study(pristine[0])
    if setting is SPENDING:
        return  # what is not asked because of it, the state of the labels says
    content = study.model_dump(exclude_unset=True)
    changed = Study.model_validate({**content, field: CHANGES[field]})
    assert setting.version(changed) != setting.version(study)


def test_every_reader_has_a_part_of_the_rejects():
    (known,) = [
        check.statistics["allowed_values"]
        for check in TABLES["rejects"].schema.columns["reader"].checks
        if isinstance(check, pa.Check)
    ]
    assert set(known) == {recipe.asset for recipe in RECIPES if recipe.rejects}


def test_every_table_is_made_by_one_recipe():
    made = [name for recipe in RECIPES for name in recipe.makes]
    assert len(made) == len(set(made))
    assert set(made) == {*TABLES, "results", "report", "keyword_results"}


def test_a_run_has_one_configuration_whatever_becomes_of_the_file(place: Place):
    """As the UI starts it: from the study's directory, which somebody edits meanwhile."""
    config = place.directory / "study.yaml"
    before = place.study.seed

    def edit(stage: str, done: int, total: int) -> None:
        if stage == "pattern_counts":
            content = {**yaml.safe_load(config.read_text()), "seed": before + 1, "draws": 110}
            config.write_text(yaml.safe_dump(content))

    content = {**yaml.safe_load(config.read_text()), "draws": 80}
    config.write_text(yaml.safe_dump(content))
    definitions = build_definitions(
        resources={
            "study": StudyResource(directory=str(place.directory)),
            "warehouse": WarehouseResource(path=str(place.warehouse)),
            "progress": edit,
        }
    )
    store = TableStore(place.warehouse)

    def draws() -> set[int]:
        return set(store.read("headcount_draws")["draws"].map(len))

    with open_instance(place.warehouse) as instance:
        order = sync_companies(instance, store.read("companies")["company"].tolist())
        job = definitions.resolve_job_def("whole_study")
        run = {"instance": instance, "tags": range_tags(order[0], order[-1])}
        run["run_config"] = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
        assert job.execute_in_process(**run).success
        assert place.study.draws == 110  # it has been edited
        assert draws() == {80}
        assert job.execute_in_process(**run).success
        assert draws() == {110}  # the next run sees it
