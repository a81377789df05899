"""What can be noticed about a company, by name, and what each of these flags means.

Plain text, since flags travel with draws between processes and machines.
"""

from collections.abc import Mapping
from types import MappingProxyType

__all__ = [
    "FEW_PROFILES",
    "FLAG_MEANINGS",
    "HEADCOUNT_BAND",
    "HEADCOUNT_MISSING",
    "HEADCOUNT_NOT_POSITIVE",
    "IMPOSSIBLE_CONJUNCTION",
    "MORE_HITS",
    "MORE_LABELLED",
    "MORE_PROFILES",
]

HEADCOUNT_MISSING = "headcount_missing"
HEADCOUNT_NOT_POSITIVE = "headcount_not_positive"
HEADCOUNT_BAND = "headcount_band"
MORE_PROFILES = "more_profiles_than_headcount"
MORE_HITS = "more_hits_than_headcount"
MORE_LABELLED = "more_labelled_than_headcount"
IMPOSSIBLE_CONJUNCTION = "impossible_conjunction"
FEW_PROFILES = "few_profiles"

#: What readers are told of each flag.
FLAG_MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        HEADCOUNT_MISSING: (
            "The company table has no headcount; the estimate covers the seen profiles only, "
            "and without profiles there is none."
        ),
        HEADCOUNT_NOT_POSITIVE: "The headcount is zero or negative and was set aside.",
        HEADCOUNT_BAND: (
            "The headcount is known as a band only; it was drawn from the band in each draw."
        ),
        MORE_PROFILES: (
            "More labelled profiles than employees; the number of profiles was taken as the "
            "headcount."
        ),
        MORE_HITS: "More keyword hits than employees; hits were cut to the headcount.",
        MORE_LABELLED: (
            "An annotator was asked about more people than there are employees; their number "
            "was taken as the headcount."
        ),
        IMPOSSIBLE_CONJUNCTION: (
            "The hits of two keyword filters and of both together cannot be of the same "
            "employees; those of both were moved to the nearest number that can be."
        ),
        FEW_PROFILES: (
            "Fewer than five profiles, or more than three employees for each, and no keyword "
            "hits to go by."
        ),
    }
)
