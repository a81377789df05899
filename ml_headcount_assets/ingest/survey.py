"""Who is in the raw profiles: one record per person, and the company it belongs to.

Of several records of a person the one that was taken last counts; of equally new ones, or if none
says when, that in the file whose name comes last, and there the last. If the date of one of them
cannot be read, or can mean several days of which the others are between, it is not known which is
the newest: then, too, the last in the files counts, and this is said. Only then the company is
looked at, so that whoever has left for a company outside the study is not counted at the former
one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import InputError
from ..study import ProfileColumns
from ..wording import how_many
from .employers import Directory, Employer, Match
from .extraction import UNREAD_FILE, Extract, Facts
from .formulas import UNCALCULATED
from .rejects import WHOLE_ROW, Rejects
from .vendors import PathMisses, Standing

__all__ = ["Survey", "survey_profiles"]

_LIST = "\x1f"
_NEVER, _ALWAYS = "", "~"  # before and after every date as text

_NOT_EMPLOYED = {
    Standing.NOWHERE: "the profile names no current company; not used",
    Standing.LEFT: "every post of the profile has ended; not used",
    Standing.AHEAD: "every post of the profile has ended, or begins after the snapshot; not used",
    Standing.DELETED: "the vendor has marked the profile as deleted; not used",
}


@dataclass(frozen=True)
class Survey:
    """Which records count.

    Attributes
    ----------
    chosen
        file (name), row (of the extract), line, profile_id, company_id, snapshot (ISO 8601 in
        UTC, or missing); one row a person, in the order of files and lines.
    rejects
        What cannot be used, by file.
    """

    chosen: pd.DataFrame
    rejects: Mapping[str, Rejects]


def survey_profiles(
    extracts: Mapping[str, Extract],
    facts: Mapping[str, Facts],
    columns: ProfileColumns,
    companies: pd.DataFrame,
) -> Survey:
    """Find out which records of the raw profiles count, and for which company.

    Parameters
    ----------
    extracts
        What was read of the files, by name.
    facts
        What is known of each of them as a whole.
    columns
        What fields the study names, for messages.
    companies
        company_id and name of the study's companies, and perhaps their aliases.

    Raises
    ------
    InputError
        No record can be used, or none has a field that the study names.
    """
    rejects = {name: Rejects(name) for name in extracts}
    seen = _seen(extracts)
    _refuse_misses(facts, columns)
    latest = _latest(seen, list(extracts), rejects)
    chosen = _at_companies(latest, facts, Directory(companies), rejects)
    if chosen.empty:
        raise InputError(_nobody(extracts, facts, rejects))
    with_people = set(seen["file"])
    for number, (name, each) in enumerate(facts.items()):
        if number not in with_people and not each.unreadable:
            rejects[name].add_file(
                f"{UNREAD_FILE}: nobody with an id was found in it. Supply it again, or take it out"
            )
    return Survey(chosen, rejects)


def _seen(extracts: Mapping[str, Extract]) -> pd.DataFrame:
    """Return every record that has an id, with the number of its file and its row there."""
    parts = [
        extract.people().assign(file=number, row=lambda people: np.arange(len(people)))
        for number, extract in enumerate(extracts.values())
    ]
    return pd.concat(parts, ignore_index=True)


def _refuse_misses(facts: Mapping[str, Facts], columns: ProfileColumns) -> None:
    """Raise an `InputError` if the study names a field that no record has."""
    found: Counter[str] = Counter()
    for each in facts.values():
        found.update(each.found)
    records = sum(each.records for each in facts.values())
    names = dict.fromkeys(name for each in facts.values() for name in each.names)
    sentence = PathMisses(records, found).sentence(columns, list(names))
    if sentence:
        raise InputError(f"{sentence}.")


def _latest(seen: pd.DataFrame, files: list[str], rejects: Mapping[str, Rejects]) -> pd.DataFrame:
    """Return the newest record of every person, and count the others."""
    unread = seen["unread_time"].astype(bool)
    seen["first"] = seen["first"].fillna(_NEVER)
    seen["last"] = seen["last"].fillna(_NEVER).mask(unread, _ALWAYS)
    several = seen["profile_id"].duplicated(keep=False)
    alone, others = seen[~several], seen[several]
    ordered = others.sort_values(["first", "file", "row"], kind="stable")
    newest = ordered.groupby("profile_id", sort=False).tail(1)
    # Newest for certain is a record that begins when no other can have been taken any more.
    latest_of_others = _latest_of_others(ordered, newest)
    certain = newest["first"].to_numpy() >= latest_of_others
    last_listed = others.groupby("profile_id", sort=False).tail(1)
    in_doubt = set(newest.loc[~certain, "profile_id"])
    instead = last_listed[last_listed["profile_id"].isin(in_doubt)]
    for file, line in zip(instead["file"], instead["line"], strict=True):
        rejects[files[file]].add(
            line,
            "snapshot",
            "it cannot be told which record of this person is the newest; the last in the files"
            " is taken",
        )
    chosen = pd.concat([alone, newest[certain], instead])
    left_out = others.index.difference(chosen.index)
    for number, count in others.loc[left_out, "file"].value_counts().items():
        rejects[files[number]].add_file(
            f"{how_many(count, 'time')} another record of the same person is as new or newer; not"
            " used"
        )
    chosen = chosen.sort_values(["file", "row"], ignore_index=True)
    return chosen.assign(file=np.array(files, dtype=object)[chosen["file"]])


def _latest_of_others(ordered: pd.DataFrame, newest: pd.DataFrame) -> NDArray[np.object_]:
    """Return, for each of the newest records, until when another of the person may be taken."""
    rest = ordered.drop(index=newest.index)
    latest = rest.groupby("profile_id", sort=False)["last"].max()
    # Of records that are known to be of one and the same time, the last in the files counts.
    same = rest.groupby("profile_id", sort=False)["first"].max()
    bounds = latest.reindex(newest["profile_id"]).to_numpy(dtype=object)
    starts = same.reindex(newest["profile_id"]).to_numpy(dtype=object)
    equal = (bounds == newest["last"].to_numpy()) & (starts == newest["first"].to_numpy())
    return np.where(equal, _NEVER, bounds)


def _at_companies(
    latest: pd.DataFrame,
    facts: Mapping[str, Facts],
    directory: Directory,
    rejects: Mapping[str, Rejects],
) -> pd.DataFrame:
    """Return the persons who are at one of the study's companies."""
    codes, employers = _employers(latest)
    found = [each and directory.find(each) for each in employers]
    standing = latest["standing"].to_numpy()
    open_after_all = _open_after_all(latest, facts, rejects)
    employed = (standing == Standing.EMPLOYED.value) | open_after_all
    _report_unemployed(latest[~employed], rejects)
    company_id = _spread([each.company_id if each else None for each in found], codes)
    strangers = employed & np.array([each is None for each in company_id], dtype=bool)
    _report_strangers(
        latest[strangers], [employers[code] for code in codes[strangers]], directory, rejects
    )
    kept = latest.assign(company_id=company_id, code=codes)[employed & ~strangers]
    _report_by_name(kept, employers, found, rejects)
    kept["snapshot"] = kept["first"].mask(kept["first"] == _NEVER)
    columns = ["file", "row", "line", "profile_id", "company_id", "snapshot"]
    return kept[columns].reset_index(drop=True)


def _employers(latest: pd.DataFrame) -> tuple[NDArray[np.int64], list[Employer | None]]:
    """Return each person's employer by number, and the employers."""
    written = latest["ids"] + "\n" + latest["name"].str.replace("\n", " ")
    codes, distinct = pd.factorize(written)
    employers: list[Employer | None] = []
    for text in distinct:
        ids, _, name = text.partition("\n")
        known = tuple(filter(None, ids.split(_LIST)))
        employers.append(Employer(known, name) if known or name else None)
    return codes.astype(np.int64), employers


def _open_after_all(
    latest: pd.DataFrame, facts: Mapping[str, Facts], rejects: Mapping[str, Rejects]
) -> NDArray[np.bool_]:
    """Return whose posts are taken as going on, since their file leaves out what is empty."""
    tells = latest["file"].map({name: each.tells_ends > 0 for name, each in facts.items()})
    untold = latest["standing"] == Standing.UNTOLD.value
    taken = (untold & (latest["suspect"] == "") & tells.astype(bool)).to_numpy(dtype=bool)
    for name, count in latest.loc[taken, "file"].value_counts().items():
        rejects[str(name)].add_file(
            f"{how_many(count, 'time')} no field of the entry says when it ended; taken as going"
            " on, since"
            " other entries of the file have such a field"
        )
    return taken


def _report_unemployed(people: pd.DataFrame, rejects: Mapping[str, Rejects]) -> None:
    reasons = {standing.value: reason for standing, reason in _NOT_EMPLOYED.items()}
    rows = zip(people["file"], people["line"], people["standing"], people["suspect"], strict=True)
    for name, line, standing, suspect in rows:
        if standing != Standing.UNTOLD.value:
            rejects[name].add(line, WHOLE_ROW, reasons[standing])
            continue
        hint = f", or {suspect!r} does in a way that is not known" if suspect else ""
        rejects[name].add(
            line,
            suspect or WHOLE_ROW,
            f"no field of this entry says when it ended{hint}; not used. Name the field under"
            " files.profiles.columns.ended",
        )


def _report_strangers(
    people: pd.DataFrame,
    employers: Sequence[Employer | None],
    directory: Directory,
    rejects: Mapping[str, Rejects],
) -> None:
    reasons = directory.reasons([each for each in employers if each])
    for name, line, each in zip(people["file"], people["line"], employers, strict=True):
        if each is None:
            rejects[name].add(line, WHOLE_ROW, _NOT_EMPLOYED[Standing.NOWHERE])
        else:
            rejects[name].add(line, "current_company", reasons[each])


def _report_by_name(
    people: pd.DataFrame,
    employers: Sequence[Employer | None],
    found: Sequence[Match | None],
    rejects: Mapping[str, Rejects],
) -> None:
    """Note which companies were recognised by their names alone, though ids were given."""
    by_name = [bool(each and each.by_name) for each in found]
    taken = people[_spread(by_name, people["code"].to_numpy()).astype(bool)]
    counted = taken.groupby(["file", "company_id", "code"], sort=False).size()
    for (name, company_id, code), count in counted.items():
        employer = employers[code]
        rejects[name].add_note(
            f"{how_many(count, 'profile names', 'profiles name')} company {company_id!r} by an id"
            " that the company table does not"
            f" have{_spoken(employer)}; taken by its name. Give the id under aliases",
            "current_company",
        )


def _spoken(employer: Employer | None) -> str:
    first = next(iter(employer.ids), "") if employer else ""
    return f" ({first!r})" if first.replace("-", "").isalnum() and len(first) < 60 else ""


def _spread(values: Sequence[object], numbers: NDArray[np.int64]) -> NDArray[np.object_]:
    each = np.empty(len(values), dtype=object)
    each[:] = values
    return each[numbers]


def _formula_among(frames: Sequence[pd.DataFrame]) -> str:
    """Say where the first formula without a value is, which may be the id that is looked for."""
    for found in frames:
        formulas = found[found["reason"].str.startswith(UNCALCULATED)]
        if len(formulas):
            row, field = formulas[["line", "field"]].iloc[0]
            return f" Or else: row {row}, {field!r} {UNCALCULATED}."
    return ""


def _nobody(
    extracts: Mapping[str, Extract], facts: Mapping[str, Facts], rejects: Mapping[str, Rejects]
) -> str:
    """Say why no profile can be used."""
    first, more = next(iter(extracts)), ", ..." if len(extracts) > 1 else ""
    read = [each for each in facts.values() if each.records]
    frames = [extract.rejects() for extract in extracts.values()]
    if read and all(extract.people().empty for extract in extracts.values()):
        there = ", ".join(name for name in read[0].names if "." not in name) or "none"
        return (
            f"{first}{more}: no profile has an id in a field that is known for one. There are the"
            f" fields {there}. Name the right one, in study.yaml under"
            f" files.profiles.columns: profile_id: <field>.{_formula_among(frames)}"
        )
    reasons = [each.first_reason() for each in rejects.values() if len(each)]
    unread = [f"{f['field'][0]}: {f['reason'][0]}" for f in frames if len(f)]
    said = "; ".join(dict.fromkeys(each.said for each in read if each.said))
    form = f" They are read as {said}." if said else ""
    reason = next(iter([*reasons, *unread]), "no records")
    return f"{first}{more}: none of the profiles can be used; the first reject: {reason}.{form}"
