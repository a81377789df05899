"""Keyword discovery: phrases that tell experts' CVs from others, and filters made of them.

The order of reading is that of the work: `phrases` (candidates and who has them), `embedding`
and `extraction` (what a CV is about, by KeyBERT), `log_odds` (which class a phrase speaks for),
`lists` (yes and no lists), `labelling` and `validation` (how good the filters are on CVs they
have not seen), `information` (what they add to the other annotators), `themes`, `discovery`.

Only NumPy, SciPy and pandas are imported with this package; PyTorch, scikit-learn, KeyBERT and
sentence-transformers are when they are needed.
"""

from .discovery import discover_keywords
from .embedding_cache import EmbeddingCache
from .encoder import Encoder
from .result import FILTERS, FRAMES, LISTS, KeywordDiscovery
from .settings import PACKAGED_MODEL, KeywordSettings, Threshold

__all__ = [
    "FILTERS",
    "FRAMES",
    "LISTS",
    "PACKAGED_MODEL",
    "EmbeddingCache",
    "Encoder",
    "KeywordDiscovery",
    "KeywordSettings",
    "Threshold",
    "discover_keywords",
]
