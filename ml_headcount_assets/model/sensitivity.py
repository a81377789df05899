"""How much the headline depends on what cannot be checked: priors, and each kind of evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from .fitted import Fitted
from .intervals import LEVEL
from .priors import Priors
from .result import HeadcountResult
from .study_evidence import StudyEvidence

__all__ = ["AS_IT_IS", "EVERYBODY", "group_totals", "prior_sensitivity"]

#: The estimate that all others are compared with, and the group of all companies.
AS_IT_IS, EVERYBODY = "as it is", "all"


def prior_sensitivity(
    fitted: Fitted,
    *,
    level: float = LEVEL,
    drifting: Sequence[str] = (),
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Estimate anew under other priors and with some of the evidence left out.

    Parameters
    ----------
    fitted
        The estimate as it is.
    level
        Content of the intervals.
    drifting
        Annotators that drift: each is left out in turn, or taken in if it has been left out.
    progress
        Is told ``(done, total)`` estimates.

    Returns
    -------
    DataFrame
        ``variant, group_name, companies, mean, low, median, high, level, ratio``: the total of
        all companies (`EVERYBODY`) and of each cohort under each variant; ``ratio`` of medians,
        over that of `AS_IT_IS`. Missing where the variant leaves no evidence.
    """
    variants = {AS_IT_IS: lambda: fitted, **dict(_variants(fitted, drifting))}
    rows = []
    for number, (name, fit) in enumerate(variants.items(), start=1):
        result = fit().draw()
        rows += [{"variant": name, **row} for row in group_totals(result, fitted.evidence, level)]
        if progress is not None:
            progress(number, len(variants))
    table = pd.DataFrame(rows)
    base = table[table["variant"] == AS_IT_IS].set_index("group_name")["median"]
    before = table["group_name"].map(base)
    return table.assign(ratio=table["median"] / before.where(before > 0))


def _variants(
    fitted: Fitted, drifting: Sequence[str]
) -> Iterator[tuple[str, Callable[[], Fitted]]]:
    otherwise, evidence = fitted.otherwise, fitted.evidence
    for name, factor in (("halved priors", 0.5), ("doubled priors", 2.0)):
        priors = _scaled(fitted.settings.priors, factor)
        yield name, partial(otherwise, settings=replace(fitted.settings, priors=priors))
    used = [each for each in evidence.annotators if not each.left_out and not each.derived]
    filters = [each.name for each in used if each.kind == "filter"]
    if filters and len(filters) < len(used):
        yield "without filters", partial(otherwise, evidence=fitted.without(filters))
    counted = _counted(evidence)
    if counted:
        bare = replace(evidence, companies=evidence.companies.drop(columns=counted))
        yield "without counts", partial(otherwise, evidence=bare)
    if fitted.estimator.without_drift is not None:
        rigid = replace(fitted.estimator, fit_cohort=fitted.estimator.without_drift)
        yield "without drift", partial(otherwise, estimator=rigid)
    for each in evidence.annotators:
        if each.name in drifting and each.left_out:
            yield f"with {each.name}", partial(otherwise, evidence=_taken_in(evidence, each.name))
        elif each.name in drifting and len(used) > 1:
            yield f"without {each.name}", partial(otherwise, evidence=fitted.without([each.name]))


def _scaled(priors: Priors, factor: float) -> Priors:
    """Return priors with other means and the same concentration."""

    def scaled(pair: tuple[float, float]) -> tuple[float, float]:
        size = sum(pair)
        mean = float(np.clip(pair[0] / size * factor, 1e-9, 0.95))
        return mean * size, (1 - mean) * size

    return Priors(
        {band: scaled(pair) for band, pair in priors.bands.items()},
        {cohort: scaled(pair) for cohort, pair in priors.cohorts.items()},
    )


def _counted(evidence: StudyEvidence) -> list[str]:
    names = {
        f"{annotator.name}_{what}"
        for annotator in evidence.annotators
        for what in ("hits", "accepted", "labelled")
    }
    return [column for column in evidence.companies.columns if column in names]


def _taken_in(evidence: StudyEvidence, name: str) -> StudyEvidence:
    annotators = (
        replace(each, left_out=False) if each.name == name else each for each in evidence.annotators
    )
    return replace(evidence, annotators=tuple(annotators))


def group_totals(
    result: HeadcountResult, evidence: StudyEvidence, level: float
) -> Iterator[dict[str, object]]:
    """Yield the total of all companies (`EVERYBODY`), then of each cohort, sorted by name.

    A cohort that is itself called so has none, which could not be told from that of all.

    Yields
    ------
    dict
        ``group_name, companies, mean, low, median, high, level``.
    """
    cohorts = evidence.companies.get("cohort", pd.Series(None, evidence.companies.index))
    members = cohorts.fillna("").astype(str).str.split(";")
    groups = {EVERYBODY: np.ones(len(members), dtype=bool)}
    for name in sorted({each for own in members for each in own} - {"", EVERYBODY}):
        groups[name] = members.map(lambda own, name=name: name in own).to_numpy(dtype=bool)
    for name, mask in groups.items():
        total = result.total(mask, level)
        columns = ("companies", "mean", "low", "median", "high", "level")
        yield {"group_name": name, **{column: total[column] for column in columns}}
