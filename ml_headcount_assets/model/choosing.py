"""Choosing companies: by a query, by a Series of their ids, or by place."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..wording import how_many

__all__ = ["chosen_companies"]


def chosen_companies(
    where: str | pd.Series | ArrayLike,
    company_id: NDArray[np.object_],
    described: Callable[[], pd.DataFrame],
) -> NDArray[np.bool_]:
    """Return which companies are meant, shape (C,).

    Parameters
    ----------
    where
        A query, a boolean Series by company id, or C booleans.
    company_id
        Ids of the C companies.
    described
        Returns the table that queries are about, C rows in the same order.

    Raises
    ------
    InputError
        It cannot be followed; the message says why.
    """
    if isinstance(where, str):
        return _queried(where, described().reset_index(drop=True))
    if isinstance(where, pd.Series):
        return _aligned(where, company_id)
    chosen = np.asarray(where)
    if chosen.shape != company_id.shape or chosen.dtype != bool:
        raise InputError(
            f"where must be a query, a Series by company id, or {len(company_id)} booleans in the "
            "order of the result."
        )
    return chosen


def _queried(query: str, table: pd.DataFrame) -> NDArray[np.bool_]:
    problem: object = "it is not true or false of each company"
    try:
        # Without names of the caller's: what is asked stands in the query itself.
        chosen = table.eval(query, engine="python", local_dict={}, global_dict={})
    except (NameError, KeyError, SyntaxError, ValueError, TypeError, AttributeError) as error:
        chosen, problem = None, error
    if not isinstance(chosen, pd.Series) or not pd.api.types.is_bool_dtype(chosen.dtype):
        raise InputError(
            f"The companies cannot be chosen by {query!r}: {problem}. There are the columns "
            f"{', '.join(map(str, table.columns))}."
        )
    # A company of which it is not known is not meant.
    return chosen.astype("boolean").fillna(value=False).to_numpy(dtype=bool)


def _aligned(chosen: pd.Series, company_id: NDArray[np.object_]) -> NDArray[np.bool_]:
    ids = pd.Index(chosen.index.astype(str))
    if ids.has_duplicates:
        raise InputError(
            f"Company {ids[ids.duplicated()][0]!r} is more than once in the Series' index."
        )
    missing = [name for name in company_id if name not in ids]
    if missing:
        raise InputError(
            f"{how_many(len(missing), 'company')}, among them {missing[0]!r}, cannot be found in"
            " the Series' index, "
            "which has to be company ids: use .set_index('company_id') before choosing, or "
            ".to_numpy() for booleans in the order of the result."
        )
    if chosen.isna().any() or not pd.api.types.is_bool_dtype(chosen.dtype):
        raise InputError("The Series must hold True or False for every company.")
    flags = pd.Series(chosen.to_numpy(dtype=bool), index=ids)
    unknown = flags[~flags.index.isin(company_id) & flags]
    if len(unknown):
        raise InputError(
            f"The result does not have {how_many(len(unknown), 'company')} that the Series"
            " chooses, among"
            f" them {unknown.index[0]!r}."
        )
    return flags.loc[list(company_id)].to_numpy()
