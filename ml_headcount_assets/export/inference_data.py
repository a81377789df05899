"""Joint draws in the form in which ArviZ and xarray take them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.model import HeadcountResult

if TYPE_CHECKING:
    from xarray import DataTree

__all__ = ["inference_data"]


def inference_data(result: HeadcountResult, attributes: dict[str, Any]) -> DataTree:
    """Return joint draws as ArviZ has them, of the companies with evidence.

    Parameters
    ----------
    result
        The joint draws.
    attributes
        What is said of group ``posterior``: which study, which estimator.

    Returns
    -------
    DataTree
        Group ``posterior`` with ``experts`` (chain, draw, company) and their ``total``
        (chain, draw), and group ``constant_data`` with ``headcount`` (NaN if unknown) and
        ``n_profiles`` (company); all are numbers of people.

    Raises
    ------
    InputError
        ArviZ is not installed.
    """
    try:
        from arviz_base import from_dict
    except ModuleNotFoundError as absent:
        raise InputError(
            f"{absent.name} is not installed, which draws are handed to ArviZ by. Install the"
            " package's extra 'arviz': pip install 'ml-headcount-assets[arviz]'."
        ) from absent
    known = np.flatnonzero(~np.ma.getmaskarray(result.draws).any(axis=1))
    experts = result.draws.data[known].T
    headcount = result.headcount[known].astype(float)
    return from_dict(
        {
            # One chain: a draw is of some state of any chain that the fit ran.
            "posterior": {"experts": experts[None], "total": experts.sum(axis=1)[None]},
            "constant_data": {
                "headcount": np.where(headcount > 0, headcount, np.nan),
                "n_profiles": result.n_profiles[known],
            },
        },
        coords={"company": result.company_id[known].astype(str)},
        dims={name: ["company"] for name in ("experts", "headcount", "n_profiles")},
        attrs={"posterior": {"inference_library": "ml-headcount", **attributes}},
    )
