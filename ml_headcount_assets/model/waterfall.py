"""How the evidence takes one company from its prior to its estimate, a step at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import InputError
from .estimators import DrawCompany
from .evidence import NONE, PROFILES, CompanyEvidence
from .intervals import tails
from .labels import MISSING

__all__ = ["PRIOR", "company_waterfall"]

#: The step before any evidence of the company's own.
PRIOR = "prior"
_ANNOTATOR, _VERDICTS, _UNSEEN, _COUNTS = "annotator", "verdicts", "unseen employees", "counts"


def company_waterfall(
    draw: DrawCompany,
    company: CompanyEvidence,
    annotators: Sequence[str],
    level: float,
    estimate: NDArray[np.integer] | None = None,
) -> pd.DataFrame:
    """Draw a company with more and more of its evidence, by what all companies have taught.

    First the experts among those of its people who have a profile: by its size and kind only,
    then with the labels of one annotator after the other, then with people's verdicts. Then its
    other employees come in, whom nobody has seen, and last counts among all of its employees. A
    label that is not let in yet is a missing one. The last step is the estimate itself. What
    annotators say overlaps, so that in another order they would share the way otherwise.

    Parameters
    ----------
    draw
        Draws a company given the fits (`Estimator.drawer`).
    company
        With all of its evidence.
    annotators
        Names of those in the likelihood, in the order of the columns of `company.labels`.
    level
        Content of the intervals.
    estimate
        Draws of the estimate, (draws,), where they are known; None to draw them, too.

    Returns
    -------
    DataFrame
        ``step, kind, people, mean, low, median, high, level``: numbers of experts among so many
        of its people. Kind is ``prior``, ``annotator``, ``verdicts``, ``unseen employees`` or
        ``counts``.

    Raises
    ------
    InputError
        The company has no evidence, the estimator knows of nothing before it sees labels, or
        there are too few draws for the level.
    """
    if company.evidence == NONE:
        raise InputError(f"Company {company.company_id!r} has no evidence.")
    rows, steps = [], list(_steps(company, annotators))
    for number, (step, kind, known) in enumerate(steps, start=1):
        is_last = number == len(steps)
        experts = estimate if is_last and estimate is not None else draw(known).experts
        if (experts < 0).any():
            raise InputError(
                f"The estimator has no number for company {company.company_id!r} at step {step!r}."
                " Choose one that has a prior."
            )
        low, high = tails(level, len(experts))
        ends = np.quantile(experts, [low, 0.5, high], method="inverted_cdf")
        rows.append((step, kind, known.headcount, float(experts.mean()), *map(float, ends), level))
    numbers = ["mean", "low", "median", "high", "level"]
    return pd.DataFrame(rows, columns=["step", "kind", "people", *numbers])


def _steps(
    company: CompanyEvidence, annotators: Sequence[str]
) -> Iterator[tuple[str, str, CompanyEvidence]]:
    """Yield name, kind and what is known, step by step."""
    labels, counts = company.labels, company.counts
    if not len(labels):
        # Somebody of whom nothing is said: a company of which nothing is known has no estimate.
        labels = np.full((1, len(annotators)), MISSING, np.int8)
        counts = np.ones(1, np.int64)
    # What it rests on decides how it is drawn; before its counts are let in, that is its profiles.
    bare = replace(company, counts=counts, hits={}, accepted={}, verdicts=None, evidence=PROFILES)
    told = replace(bare, labels=labels, verdicts=company.verdicts)
    has_unseen = bool(company.n_profiles) and company.headcount > company.n_profiles
    if has_unseen:  # its band and its prior stay those of all of its employees
        bare = replace(bare, headcount=company.n_profiles, headcount_band=None)
    steps = [(PRIOR, PRIOR, replace(bare, labels=np.full_like(labels, MISSING)))]
    for number, name in enumerate(annotators):
        if (labels[:, number] != MISSING).any():
            let_in = np.where(np.arange(len(annotators)) <= number, labels, MISSING)
            steps.append((name, _ANNOTATOR, replace(bare, labels=let_in.astype(np.int8))))
    if company.verdicts is not None:
        steps.append(
            (_VERDICTS, _VERDICTS, replace(bare, labels=labels, verdicts=company.verdicts))
        )
    if has_unseen:
        steps.append((_UNSEEN, _UNSEEN, told))
    if company.hits or company.accepted:
        steps.append((_COUNTS, _COUNTS, company))
    yield from steps[:-1]
    step, kind, _ = steps[-1]
    yield step, kind, company
