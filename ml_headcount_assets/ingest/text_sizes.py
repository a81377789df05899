"""How long a study's texts are, found without keeping them."""

from __future__ import annotations

import pandas as pd

from ..compute.protocol import Progress
from ..study import Study
from .companies import read_companies
from .profiles import read_profiles
from .rated_cvs import read_rated_cvs

__all__ = ["text_sizes"]


def text_sizes(study: Study, progress: Progress) -> dict[str, int]:
    """Return the bytes in UTF-8 of the texts of a study's profiles and rated CVs, by hash.

    Parameters
    ----------
    study
        The study.
    progress
        Is told how many profiles are measured, of how many.

    Raises
    ------
    InputError
        The files cannot be used.
    """
    rated, _, _ = read_rated_cvs(study)
    sizes = _sizes_of(rated[rated["text"] != ""])
    for table, rows in read_profiles(study, read_companies(study)[0], progress=progress):
        if table == "profiles":
            sizes |= _sizes_of(rows)
    return sizes


def _sizes_of(rows: pd.DataFrame) -> dict[str, int]:
    lengths = (len(text.encode()) for text in rows["text"])
    return dict(zip(rows["text_hash"], lengths, strict=True))
