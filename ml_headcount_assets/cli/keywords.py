"""The commands of keyword discovery."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ml_headcount_assets.cli.options import (
    chosen_compute,
    compute_options,
    refuse_other_study,
    short_path,
    study_option,
    warehouse_option,
)
from ml_headcount_assets.cli.terminal import echo, open_console
from ml_headcount_assets.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from ml_headcount_assets.warehouse.store import Tables

__all__ = ["keywords"]

_SHOWN_TABLES = ("keyword_phrases", "keyword_themes", "keyword_filters_found")


@click.group()
def keywords() -> None:
    """Discover keywords in rated CVs, and take filters made of them into a study."""


@keywords.command()
@study_option
@click.option("--config", help="Configuration in place of the directory's study.yaml.")
@click.option(
    "--model", help="Sentence-transformer in place of the study's: a name, or a path to one."
)
@compute_options
@warehouse_option
def discover(
    directory: Path,
    config: str | None,
    model: str | None,
    compute: str,
    processes: int,
    engine: str,
    warehouse: Path,
) -> None:
    """Find phrases that tell experts' CVs from others, and filters made of them.

    The filters are judged on CVs that they were not learned on. Nothing of the study changes
    until one of them is accepted.
    """
    from ml_headcount_assets.cli.progress import open_progress
    from ml_headcount_assets.orchestration.session import discover_study_keywords
    from ml_headcount_assets.study import load_study
    from ml_headcount_assets.warehouse.beside import ranges_path
    from ml_headcount_assets.warehouse.publish import Published

    study = load_study(directory, config)
    if model is not None:
        chosen = study.keywords.model_copy(update={"model": model})
        study = study.model_copy(update={"keywords": chosen})
    refuse_other_study(study, warehouse)
    console = open_console()
    announce = partial(console.print, markup=False, soft_wrap=True)
    where = chosen_compute(
        compute, processes, engine, ranges_path(warehouse.resolve()), announce, hold=True
    )
    with open_progress(console) as progress:
        discover_study_keywords(
            study,
            warehouse,
            compute=where,
            progress=progress,
            announce=announce,
            config=config,
        )
    found = _discovered(Published(warehouse), warehouse)
    _show(console, found)
    if len(found["keyword_filters_found"]):
        echo(
            f"The tables are in {short_path(warehouse)}. Next: ml-headcount keywords accept NAME"
            f" --study {short_path(directory)}"
        )


@keywords.command()
@warehouse_option
def show(warehouse: Path) -> None:
    """Show what was discovered last: themes, phrases, filters."""
    from ml_headcount_assets.warehouse.publish import Published

    _show(open_console(), _discovered(Published(warehouse), warehouse))


@keywords.command()
@click.argument("name")
@study_option
@click.option("--as", "new_name", help="Name of the new annotator, if not that of the filter.")
@warehouse_option
def accept(name: str, directory: Path, new_name: str | None, warehouse: Path) -> None:
    """Write a discovered filter into the study's study.yaml, as an annotator.

    What it says of the rated CVs when it is learned without them is written beside it, and its
    error rates are learned from that; its rule labels the profiles.
    """
    from ml_headcount_assets.labelling.accepting import accept_filter
    from ml_headcount_assets.orchestration.session import discovery_is_current
    from ml_headcount_assets.study import load_study
    from ml_headcount_assets.warehouse.discoveries import learned_filter
    from ml_headcount_assets.warehouse.store import TableStore

    study, store = load_study(directory), TableStore(warehouse)
    refuse_other_study(study, warehouse)
    found = _discovered(store, warehouse)["keyword_filters_found"]
    rated = store.read("rated_cvs", columns=["rated_id", "text_hash"])
    learned = learned_filter(name, found, store.read("keyword_folds"), rated)
    if not discovery_is_current(study, warehouse):
        raise InputError(
            "The rated CVs, their labels or the way of discovery are not those that the filters"
            f" were learned with. Run: ml-headcount keywords discover --study {directory}"
        )
    config, labels = accept_filter(directory, new_name or name, learned)
    _warn_of_repetition(name, found)
    echo(
        f"{new_name or name} is now an annotator of {study.name}: its rule is in"
        f" {short_path(config)}, its labels of the rated CVs in {short_path(labels)}.\n"
        f"Next: ml-headcount run --study {short_path(directory)}. What the other filters would add"
        " to it, another discovery tells after that."
    )


def _warn_of_repetition(name: str, found: pd.DataFrame) -> None:
    """Say so if a filter tells no more than its noise beyond the other annotators."""
    from ml_headcount_assets.text.keywords.validation import BEYOND_NOISE

    honest = found[found["judged"] == "cross_validated"].set_index("filter").loc[name]
    if honest["information"] > BEYOND_NOISE * honest["information_sd"]:
        return
    echo(
        f"Warning: {name} tells nothing beyond its noise that the other annotators do not tell"
        " already. An annotator that repeats others can make estimates worse; compare them with"
        " and without it.",
        err=True,
    )


def _discovered(store: Tables, warehouse: Path) -> dict[str, pd.DataFrame]:
    with store.snapshot() as snapshot:
        if not all(map(snapshot.has, _SHOWN_TABLES)):
            raise InputError(
                f"No keywords have been discovered in {short_path(warehouse)} yet. Run:"
                " ml-headcount keywords discover --study DIR"
            )
        return {name: snapshot.read(name) for name in _SHOWN_TABLES}


def _show(console: Any, found: dict[str, pd.DataFrame]) -> None:
    from ml_headcount_assets.cli.keyword_tables import (
        filters_table,
        phrases_table,
        themes_table,
        verdict_lines,
    )

    phrases, themes, filters = (found[name] for name in _SHOWN_TABLES)
    if phrases.empty:
        console.print(
            "The rated CVs have no texts, so there was nothing to discover keywords in. Add their"
            " texts to the file of the rated CVs (docs/profiles.md).",
            soft_wrap=True,
        )
        return
    console.print(themes_table(themes))
    console.print(phrases_table(phrases))
    console.print(filters_table(filters))
    for line in verdict_lines(filters):
        console.print(line, soft_wrap=True)
