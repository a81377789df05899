"""Choices of a single run in place of those of the study's configuration."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ValidationError

from ..errors import InputError
from .study import Study

__all__ = ["with_choices"]


def with_choices(
    study: Study,
    *,
    estimators: Sequence[str] | None = None,
    draws: int | None = None,
    seed: int | None = None,
) -> Study:
    """Return a study with some of its choices replaced; None leaves one as it is.

    Raises
    ------
    InputError
        There is no such estimator, or the choices do not go together.
    """
    chosen = {
        "estimators": None if estimators is None else tuple(estimators),
        "draws": draws,
        "seed": seed,
    }
    given = {name: value for name, value in chosen.items() if value is not None}
    try:
        return Study.model_validate({**study.model_dump(exclude_unset=True), **given})
    except ValidationError as error:
        messages = [found["msg"].removeprefix("Value error, ") for found in error.errors()]
        raise InputError("; ".join(messages)) from error
