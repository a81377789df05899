"""What can be noticed about a company, by name, and what each of these flags means."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Flag"]


class Flag(StrEnum):
    """A flag, as the column ``flags`` of a table has it.

    Attributes
    ----------
    meaning
        What readers are told.
    """

    meaning: str

    def __new__(cls, name: str, meaning: str) -> Flag:
        """Return the flag of this name."""
        flag = str.__new__(cls, name)
        flag._value_ = name
        flag.meaning = meaning
        return flag

    HEADCOUNT_MISSING = (
        "headcount_missing",
        "The company table has no headcount; the estimate covers the seen profiles only, and"
        " without profiles there is none.",
    )
    HEADCOUNT_NOT_POSITIVE = (
        "headcount_not_positive",
        "The headcount is zero or negative and was set aside.",
    )
    HEADCOUNT_BAND = (
        "headcount_band",
        "The headcount is known as a band only; it was drawn from the band in each draw.",
    )
    MORE_PROFILES = (
        "more_profiles_than_headcount",
        "More labelled profiles than employees; the number of profiles was taken as the headcount.",
    )
    MORE_HITS = (
        "more_hits_than_headcount",
        "More keyword hits than employees; hits were cut to the headcount.",
    )
    MORE_LABELLED = (
        "more_labelled_than_headcount",
        "An annotator was asked about more people than there are employees; their number was taken"
        " as the headcount.",
    )
    IMPOSSIBLE_CONJUNCTION = (
        "impossible_conjunction",
        "The hits of two keyword filters and of both together cannot be of the same employees;"
        " those of both were moved to the nearest number that can be.",
    )
    FEW_PROFILES = (
        "few_profiles",
        "Fewer than five profiles, or more than three employees for each, and no keyword hits to"
        " go by.",
    )
