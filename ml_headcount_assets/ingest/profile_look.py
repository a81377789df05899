"""A look at raw profiles: who is in some records of each file, and how they are known.

The same code reads them as in a run, but no more than some thousand records, which are spread over
the files by their sizes, and within files of lines over these.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from ..errors import InputError
from ..study import ProfileColumns, ProfilesSource, Study
from ..text.fields import says_nothing_of_work, squashed
from ..text.recipe import text_fields
from .delimited import DELIMITERS, read_delimited
from .extraction import UNREAD_FILE, Extract, Facts, extract
from .file_forms import FileForm
from .identifiers import company_slug
from .profile_files import RecordFile, profile_files
from .profiles import all_rejects
from .rejects import Rejects
from .survey import survey_profiles
from .vendors import FORMS, Standing

__all__ = ["PeopleFound", "ProfileLook", "look_at_profiles"]

_MOST_RECORDS, _FEWEST_OF_FILE = 12_000, 50
#: A file is looked at in so many places, if so many records of it are looked at.
_PLACES, _FEWEST_AT_PLACE = 8, 25
_EMPLOYED = (Standing.EMPLOYED.value, Standing.UNTOLD.value)


@dataclass(frozen=True)
class PeopleFound:
    """Who was found.

    Attributes
    ----------
    records
        Records that were looked at.
    is_part
        Whether there are more.
    people
        Different people among them.
    by_id, by_name
        People whose current employer is known by an id, and by its name only; None where that
        is no question.
    with_content
        People of the study's companies who have a text; None where there are none.
    at_companies
        People by slug of the study's company.
    labelled
        Those of them who have a label, or a text that can be labelled.
    ids
        Their ids.
    """

    records: int
    is_part: bool
    people: int
    at_companies: pd.Series
    labelled: pd.Series
    by_id: int | None = None
    by_name: int | None = None
    with_content: int | None = None
    ids: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ProfileLook:
    """What a look at the profiles has found.

    Attributes
    ----------
    people
        Who is there.
    forms
        In which form each file is.
    rejects
        What could not be used, as `Rejects.frame`.
    left_out
        Files nothing can be read of, with the reason.
    """

    people: PeopleFound
    forms: tuple[FileForm, ...]
    rejects: pd.DataFrame
    left_out: tuple[str, ...] = field(default=())


def look_at_profiles(study: Study, companies: pd.DataFrame) -> ProfileLook:
    """Look at some records of a study's raw profiles.

    Parameters
    ----------
    study
        The study; it has raw profiles.
    companies
        As `read_companies` returns them.

    Raises
    ------
    InputError
        No record that was looked at can be used.
    """
    source = study.files.profiles
    if source is None:
        raise InputError(f"{study.name}: the study has no raw profiles.")
    files = profile_files(study)
    most = _quotas(files)
    with tempfile.TemporaryDirectory(prefix="profiles-") as folder:
        extracts = {name: Extract(Path(folder) / str(n)) for n, name in enumerate(files)}
        cut_off = {
            name: _look(path, name, source, extracts[name].folder, most[name])
            for name, path in files.items()
        }
        facts = {name: each.facts() for name, each in extracts.items()}
        survey = survey_profiles(extracts, facts, source.columns, companies)
        people = _people(extracts, survey.chosen, is_part=any(cut_off.values()))
        rejects = all_rejects(extracts, facts, survey)
    return ProfileLook(
        people,
        tuple(
            _form(name, path, facts[name], source.columns, is_part=cut_off[name])
            for name, path in files.items()
        ),
        rejects,
        tuple(_left_out(rejects)),
    )


def _left_out(rejects: pd.DataFrame) -> Iterator[str]:
    whole = rejects[rejects["reason"].str.startswith(UNREAD_FILE)]
    for file, reason in zip(whole["source_file"], whole["reason"], strict=True):
        yield f"{file} is left out{reason.removeprefix(UNREAD_FILE)}"


def _look(path: Path, name: str, source: ProfilesSource, folder: Path, most: int) -> bool:
    """Read records at several places of a file; return whether it has more of them."""
    try:
        places = RecordFile.looks(path, max(1, min(_PLACES, most // _FEWEST_AT_PLACE)))
    except (InputError, OSError):  # reading it says what is wrong
        places = [None]
    here = -(-most // len(places))
    found = [
        extract(path, name, source, folder, here, number=number, part=part)
        for number, part in enumerate(places)
    ]
    return any(each.records >= here for each in found)


def _quotas(files: Mapping[str, Path]) -> dict[str, int]:
    """Return how many records of each file are looked at."""
    sizes = {name: path.stat().st_size for name, path in files.items()}
    total = sum(sizes.values()) or 1
    return {
        name: max(_FEWEST_OF_FILE, _MOST_RECORDS * size // total) for name, size in sizes.items()
    }


def _people(extracts: Mapping[str, Extract], chosen: pd.DataFrame, *, is_part: bool) -> PeopleFound:
    every = pd.concat([each.people() for each in extracts.values()], ignore_index=True)
    employed = every[every["standing"].isin(_EMPLOYED)].drop_duplicates("profile_id", keep="last")
    by_id = employed["ids"] != ""
    has_text = pd.Series(False, index=chosen.index)
    for name, each in extracts.items():
        batches = [batch.to_pandas()["text"] for batch in each.texts()]
        if batches:  # of a file that cannot be read there are none
            texts = pd.concat(batches, ignore_index=True)
            here = chosen["file"] == name
            has_text[here] = (texts.iloc[chosen.loc[here, "row"]] != "").to_numpy()
    slugs = {company_id: company_slug(company_id) for company_id in chosen["company_id"].unique()}
    companies = chosen["company_id"].map(slugs)
    return PeopleFound(
        records=len(every),
        is_part=is_part,
        people=every["profile_id"].nunique(),
        by_id=int(by_id.sum()),
        by_name=int((~by_id & (employed["name"] != "")).sum()),
        with_content=int(has_text.sum()),
        at_companies=companies.value_counts(),
        labelled=companies[has_text].value_counts(),
        ids=frozenset(every["profile_id"]),
    )


def _form(
    name: str, path: Path, facts: Facts, columns: ProfileColumns, *, is_part: bool
) -> FileForm:
    if facts.unreadable:
        return FileForm(name, "cannot be read")
    form = FileForm(name, facts.format)
    delimiter = DELIMITERS.get(Path(path.name.lower().removesuffix(".gz")).suffix)
    if delimiter:
        form = replace(read_delimited(path, delimiter, Rejects(name)).form, path=name)
    texts = text_fields(facts.fields)
    deciding = {*FORMS[facts.form].deciding(facts.fields), *columns.top_fields}
    used = [*texts, *(each for each in facts.fields if each in deciding and each not in texts)]
    return replace(
        form,
        vendor=facts.said,
        records=None if is_part else facts.records,
        fields_used=tuple(used),
        fields_unused=tuple(
            each
            for each in facts.fields
            if each not in used and not says_nothing_of_work(squashed(each))
        ),
    )
