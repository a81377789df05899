"""One rater at work on a round: what is shown next, and what becomes of each answer.

How it is shown does not belong here: see `page`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.warehouse.ratings import VERDICTS, RatingStore, Verdict, now

from .criteria import Criteria
from .rounds import Subject

__all__ = ["Sitting"]


class Sitting:
    """A rater's way through a round. Every verdict is stored before the next profile is shown.

    Who begins again finds what has been rated, and can take back what has not been imported.

    Parameters
    ----------
    subjects
        The profiles, in the order in which they are shown.
    rater
        Who rates, as they call themselves.
    criteria
        What is asked.
    store
        Where verdicts are kept; open.
    """

    def __init__(
        self, subjects: Sequence[Subject], rater: str, criteria: Criteria, store: RatingStore
    ) -> None:
        self._subjects = list(subjects)
        self._rater, self._criteria, self._store = rater, criteria, store
        places = {(each.company, each.profile_id): place for place, each in enumerate(subjects)}
        done = {
            place: each
            for each in store.of_rater(rater)
            if (place := places.get((each.company, each.profile_id))) is not None
            # A text that has changed since is to be read again.
            and each.text_hash == subjects[place].text_hash
        }
        self._waiting = deque(place for place in range(len(subjects)) if place not in done)
        drafts = store.draft_keys(rater)
        #: What can be taken back, with what was ticked; the last last.
        self._past = [
            (place, each.criteria)
            for place, each in done.items()
            if (each.company, each.profile_id) in drafts
        ]
        self._ticked: tuple[str, ...] = ()

    def state(self) -> dict[str, Any]:
        """Return what there is to show: the next profile, and how far the rater has come."""
        place = self._waiting[0] if self._waiting else None
        return {
            "total": len(self._subjects),
            "done": len(self._subjects) - len(self._waiting),
            "number": None if place is None else place + 1,
            "text": None if place is None else self._subjects[place].text,
            "ticked": list(self._ticked),
            "can_undo": bool(self._past),
            "can_skip": len(self._waiting) > 1,
        }

    def rate(self, number: int, verdict: str, ticked: Sequence[str]) -> None:
        """Store a verdict on the profile that is shown.

        Parameters
        ----------
        number
            Of the profile, from 1. One that is not shown, as when a key was pressed twice or
            another tab is open, changes nothing.
        verdict
            "yes", "no" or "unsure".
        ticked
            Which criteria.

        Raises
        ------
        InputError
            There is no such verdict or criterion.
        """
        if verdict not in VERDICTS:
            raise InputError(f"A verdict is one of {', '.join(VERDICTS)}.")
        if not set(ticked) <= set(self._criteria.criteria):
            raise InputError("What was ticked is none of the criteria. Load the page anew.")
        if not self._waiting or self._waiting[0] + 1 != number:
            return
        subject = self._subjects[number - 1]
        given = tuple(each for each in self._criteria.criteria if each in ticked)
        self._store.add(
            [
                Verdict(
                    *(self._rater, subject.company, subject.profile_id, verdict),
                    *(given, subject.text_hash, now()),
                )
            ],
            imported=False,
        )
        self._past.append((self._waiting.popleft(), given))
        self._ticked = ()

    def skip(self, number: int) -> None:
        """Show the next profile, and this one when all others are done."""
        if self._waiting and self._waiting[0] + 1 == number:
            self._waiting.rotate(-1)
            self._ticked = ()

    def undo(self) -> None:
        """Take the last verdict back, and show its profile again."""
        if not self._past:
            return
        place, self._ticked = self._past.pop()
        subject = self._subjects[place]
        self._store.take_back(self._rater, subject.company, subject.profile_id)
        self._waiting.appendleft(place)
