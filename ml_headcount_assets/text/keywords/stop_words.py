"""English words that carry grammar and no subject."""

from __future__ import annotations

import re

__all__ = ["CONNECTIVES", "PREFIXES", "STOP_WORDS"]

#: A phrase neither begins nor ends with one of these. Lists in circulation go further: that of
#: scikit-learn has "system", "computer", "bill" and "interest", which can be a subject in a CV.
#: The single letters are what is left of "it's", "I'd" and the like; c and r are languages.
STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
    a about above across after afterwards again against all almost alone along already also
    although always am among an and another any anyone anything anywhere are around as at away
    back be became because become becomes been before beforehand behind being below beside
    besides between beyond both but by can cannot could d did do does doing done down due during
    each either else elsewhere enough etc even ever every everyone everything everywhere except
    few first for from further get give go had has have having he hence her here hers herself him
    himself his how however i if in indeed into is it its itself just last later latter least
    less ll made many may me meanwhile might mine more moreover most mostly much must my myself
    namely neither never nevertheless next no nobody none nor not nothing now nowhere of off
    often on once one only onto or other others otherwise our ours ourselves out over own per
    perhaps please put rather re s same see seem seemed several she should since so some someone
    something sometimes somewhere still such t than that the their theirs them themselves then
    there thereby therefore these they this those though through throughout thus to together too
    toward towards two under until up upon us ve very via was we well were what whatever when
    whenever where whereas whereby wherever whether which while who whoever whole whom whose why
    will with within without would yet you your yours yourself
    """,
    )
)

#: The only stop words that may stand inside a phrase: "state of the art", "research and
#: development". With others inside it is a stretch of a sentence.
CONNECTIVES = frozenset(["and", "for", "in", "of", "the"])

#: Words that are cut off by a hyphen, as in "pre-trained"; a phrase does not end with them.
PREFIXES = frozenset(
    re.findall(
        r"\w+",
        "anti co cross ex inter micro multi non post pre pseudo quasi self semi sub super ultra",
    )
)
