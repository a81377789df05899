"""The commands of rating: people's verdicts on profiles, asked for and taken in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ml_headcount_assets.cli.options import short_path, warehouse_option
from ml_headcount_assets.cli.terminal import echo, open_console
from ml_headcount_assets.wording import how_many

if TYPE_CHECKING:
    import pandas as pd

    from ml_headcount_assets.labelling.ratings.rounds import Subject
    from ml_headcount_assets.study import Study
    from ml_headcount_assets.warehouse.store import TableStore

__all__ = ["ratings"]

_SHOWN_REJECTS = 10


@click.group()
def ratings() -> None:
    """Let people rate profiles, and take their verdicts into a study."""


def _round_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command what says which profiles are shown, to whom, and what is asked."""
    listed = click.argument(
        "listed", metavar="FILE", type=click.Path(path_type=Path, exists=True, dir_okay=False)
    )
    rater = click.option(
        "--rater", required=True, help="Who rates, as they call themselves; initials will do."
    )
    share = click.option(
        "--share",
        type=click.FloatRange(0, 1, min_open=True),
        default=1.0,
        show_default=True,
        help="Part of the profiles, for a second rater. It is the same part every time.",
    )
    criteria = click.option(
        "--criteria",
        "asked",
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        help="YAML file of criteria in place of the package's.",
    )
    return listed(rater(share(criteria(warehouse_option(command)))))


@ratings.command()
@_round_options
@click.option("--port", type=click.IntRange(1, 65535), default=3010, show_default=True)
def page(
    listed: Path, rater: str, share: float, asked: Path | None, warehouse: Path, port: int
) -> None:
    """Serve a page on which one person rates the profiles listed in FILE.

    FILE has columns company_id and profile_id. The page shows criteria beside the text, one
    profile at a time, on this machine only. Keys: y, n, u (unsure), s (skip), z (undo), and 1 to 9
    for criteria. Every verdict is stored as it is given: the same command goes on where it ended.
    """
    from ml_headcount_assets.labelling.ratings.criteria import read_criteria
    from ml_headcount_assets.labelling.ratings.page import rating_page
    from ml_headcount_assets.labelling.ratings.sitting import Sitting
    from ml_headcount_assets.orchestration.rating_server import serve_page
    from ml_headcount_assets.warehouse.ratings import RatingStore

    criteria, subjects = read_criteria(asked), _subjects(listed, share, warehouse)
    with RatingStore(warehouse) as store:
        sitting = Sitting(subjects, _named(rater), criteria, store)
        echo(f"http://127.0.0.1:{port} shows {how_many(len(subjects), 'profile')}; Ctrl-C ends it.")
        serve_page(rating_page(sitting, criteria, _named(rater)), port)
        state = sitting.state()
    echo(
        f"{state['done']} of {state['total']} are rated and stored. They count after:"
        " ml-headcount ratings import --page"
    )


@ratings.command()
@_round_options
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The workbook (.xlsx); it must not be there yet.",
)
def sheet(
    listed: Path, rater: str, share: float, asked: Path | None, warehouse: Path, out: Path
) -> None:
    """Write the profiles listed in FILE as a spreadsheet, for a person who rates elsewhere.

    FILE has columns company_id and profile_id. The spreadsheet names neither companies nor
    people; it holds the profiles' texts. Take it back in with: ml-headcount ratings import
    """
    from ml_headcount_assets.labelling.ratings.criteria import read_criteria
    from ml_headcount_assets.labelling.ratings.sheet import write_sheet
    from ml_headcount_assets.warehouse.ratings import RatingStore

    criteria, subjects = read_criteria(asked), _subjects(listed, share, warehouse)
    with RatingStore(warehouse) as store:
        write_sheet(out, subjects, criteria, _named(rater), store)
    echo(
        f"{short_path(out)} holds {how_many(len(subjects), 'text')} of profiles: whoever gets it"
        " can read these."
        f" When it is filled in: ml-headcount ratings import {short_path(out)}"
    )


@ratings.command()
@click.option(
    "--n",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    help="Profiles to rate.",
)
@click.option(
    "--for",
    "purpose",
    default="headline",
    show_default=True,
    metavar="WHOM",
    help="Whose total is to be narrowed: headline, cohort=NAME or company=ID.",
)
@click.option(
    "--random-part",
    type=click.FloatRange(0, 1),
    default=0.2,
    show_default=True,
    help="Share of them that is drawn by chance from all profiles.",
)
@click.option("--seed", type=click.IntRange(min=0), help="Of what is drawn; the study's if absent.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("round.csv"),
    show_default=True,
    help="CSV file to write, which its owner alone can read; one of this name is replaced.",
)
@warehouse_option
def propose(
    n: int, purpose: str, random_part: float, seed: int | None, out: Path, warehouse: Path
) -> None:
    """Choose the profiles whose rating narrows a total most, by what the last run has learned.

    Kinds of profile are cohorts (or one company) by combinations of labels. Within each kind
    profiles are drawn by chance; the file says with which probability. It is FILE of 'ratings
    page' and 'ratings sheet'.
    """
    from ml_headcount_assets.cli.rating_tables import plan_lines, plan_table
    from ml_headcount_assets.errors import InputError
    from ml_headcount_assets.labelling.ratings.rounds import write_list
    from ml_headcount_assets.model.annotators import likelihood_annotators
    from ml_headcount_assets.orchestration.evidence import used_annotators
    from ml_headcount_assets.orchestration.rating_plans import plan_ratings
    from ml_headcount_assets.warehouse.ratings import ratable_profiles

    tables, study = _last_run(warehouse)
    plan = plan_ratings(tables, study, n=n, purpose=purpose, random_part=random_part, seed=seed)
    settings, described = study.settings(), used_annotators(tables)
    kept = likelihood_annotators(described, six_dimensional=settings.six_dimensional)
    people = ratable_profiles(tables, [annotator.name for annotator in kept])
    if settings.missing_as_zero:
        people["pattern"] = people["pattern"].str.replace("-", "0")
    chosen = plan.choose(people)
    if chosen.empty:
        raise InputError(
            "None of the profiles that are worth a rating has a text in the warehouse, so that"
            " nobody could read it. Texts come with raw profiles (files.profiles in study.yaml)."
        )
    write_list(chosen.drop(columns="group").assign(stratum=chosen["group"]), out)
    open_console().print(plan_table(plan, [annotator.name for annotator in kept]))
    for line in plan_lines(plan, len(chosen)):
        echo(line)
    echo(f"{short_path(out)} lists them. Next: ml-headcount ratings page {short_path(out)} --rater")


@ratings.command(name="import")
@click.argument(
    "files", nargs=-1, metavar="[FILE]...", type=click.Path(path_type=Path, exists=True)
)
@click.option("--page", "of_page", is_flag=True, help="What was rated on the page.")
@click.option("--rater", help="Who rated, where a file has no column 'rater'.")
@click.option(
    "--third",
    type=click.Path(path_type=Path, dir_okay=False),
    help="CSV file to write with the profiles that need one more opinion, to be rated like FILE"
    " of 'ratings page'.",
)
@warehouse_option
def import_(
    files: tuple[Path, ...], of_page: bool, rater: str | None, third: Path | None, warehouse: Path
) -> None:
    """Take verdicts in, and show how far the raters agree.

    FILE is a sheet that was filled in, or a table of company_id, profile_id, verdict and rater.
    The next run of the study uses what was taken in. Verdicts on a profile that has another text
    now are set aside.
    """
    from ml_headcount_assets.labelling.ratings.importing import read_verdicts
    from ml_headcount_assets.warehouse.ratings import RatingStore
    from ml_headcount_assets.warehouse.store import TableStore

    if not files and not of_page:
        raise click.UsageError("Name a file, or say --page for what was rated on the page.")
    tables, name = TableStore(warehouse), None if rater is None else _named(rater)
    tables.read("companies", columns=["company"])  # which says it where there is no warehouse
    with RatingStore(warehouse) as store:
        for file in files:
            verdicts, rejects = read_verdicts(file, tables, store, name)
            _tell_rejects(rejects)
            store.add(verdicts, imported=True)
            echo(
                f"{file.name}: {how_many(len(verdicts), 'verdict')} taken in;"
                f" {how_many(len(rejects), 'note')}."
            )
        if of_page:
            echo(f"Page: {how_many(store.import_drafts(), 'verdict')} taken in.")
        elif store.drafts():
            echo(
                f"Not taken in: {how_many(store.drafts(), 'verdict')} of the page; --page does"
                " that."
            )
    _show_ratings(warehouse, third)
    echo("Next: ml-headcount run --study DIR")


@ratings.command()
@warehouse_option
def effect(warehouse: Path) -> None:
    """Show what the verdicts have changed: totals, deployed rates and drift without and with them.

    The fit of the last run is compared with one that has not seen them, which is made now and
    takes as long as that of a run.
    """
    from ml_headcount_assets.cli.progress import open_progress
    from ml_headcount_assets.cli.rating_tables import effect_table
    from ml_headcount_assets.orchestration.rating_plans import effect_of_ratings

    tables, study = _last_run(warehouse)
    console = open_console()
    with open_progress(console) as progress:
        progress("without the verdicts", 0, 2)
        found = effect_of_ratings(
            tables,
            study,
            progress=lambda done, total: progress("without the verdicts", done, total),
        )
    console.print(effect_table(found))


def _show_ratings(warehouse: Path, third: Path | None) -> None:
    """Show what there is of verdicts by now, how far raters agree, and what is open."""
    from ml_headcount_assets.cli.rating_tables import agreement_table, standing_line
    from ml_headcount_assets.labelling.ratings.agreement import (
        letters_of,
        open_questions,
        rater_agreement,
    )
    from ml_headcount_assets.labelling.ratings.pace import seconds_per_profile
    from ml_headcount_assets.labelling.ratings.rounds import write_list
    from ml_headcount_assets.model.intervals import LEVEL
    from ml_headcount_assets.warehouse.beside import kept_study
    from ml_headcount_assets.warehouse.ratings import (
        imported_verdicts,
        profiles_today,
        with_standing,
    )
    from ml_headcount_assets.warehouse.store import TableStore

    verdicts, study = imported_verdicts(warehouse), kept_study(warehouse)
    today = profiles_today(TableStore(warehouse), {each.profile_id for each in verdicts})
    rated = with_standing(verdicts, today)
    echo(standing_line(rated))
    pace = seconds_per_profile(rated)
    if pace is not None:
        echo(f"Raters took {pace:.0f} s a profile (median, breaks left out).")
    agreed = rater_agreement(rated, study.level if study else LEVEL)
    if len(agreed):
        open_console().print(agreement_table(agreed, letters_of(rated)))
    questions = open_questions(rated)
    if third is not None:
        write_list(questions, third)
        echo(
            f"{short_path(third)} lists {how_many(len(questions), 'profile')} for one more opinion."
        )
    elif len(questions):
        why = ", ".join(f"{why} {n}" for why, n in questions["why"].value_counts().items())
        echo(
            f"One more opinion would help on {how_many(len(questions), 'profile')} ({why}); see"
            " --third."
        )


def _last_run(warehouse: Path) -> tuple[TableStore, Study]:
    """Return the tables of a warehouse and the study that was run on it last."""
    from ml_headcount_assets.errors import InputError
    from ml_headcount_assets.warehouse.beside import kept_study
    from ml_headcount_assets.warehouse.store import TableStore

    tables, study = TableStore(warehouse), kept_study(warehouse)
    tables.read("companies", columns=["company"])  # which says it where there is no warehouse
    if study is None:
        raise InputError(f"No run of a study has been kept in {warehouse}; run the study first.")
    return tables, study


def _subjects(listed: Path, share: float, warehouse: Path) -> list[Subject]:
    from ml_headcount_assets.labelling.ratings.rounds import read_round, share_of
    from ml_headcount_assets.warehouse.store import TableStore

    subjects, rejects = read_round(listed, TableStore(warehouse))
    _tell_rejects(rejects)
    return share_of(subjects, share)


def _named(rater: str) -> str:
    from ml_headcount_assets.labelling.ratings.importing import rater_name

    return rater_name(rater)


def _tell_rejects(rejects: pd.DataFrame) -> None:
    import pandas as pd

    columns = ["source_file", "line", "field", "reason"]
    for file, line, field, reason in rejects[columns].head(_SHOWN_REJECTS).itertuples(index=False):
        where = file if pd.isna(line) else f"{file}, row {line}"
        echo(f"{where}, {field}: {reason}", err=True)
    if len(rejects) > _SHOWN_REJECTS:
        echo(f"... and {len(rejects) - _SHOWN_REJECTS} more like these.", err=True)
