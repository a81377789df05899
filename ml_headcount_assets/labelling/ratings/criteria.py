"""What raters are asked: a question, criteria to tick, and what is not enough."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field, ValidationError, field_validator

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.section import Name, Section

__all__ = ["Criteria", "read_criteria"]

_OURS = Path(__file__).with_name("criteria.yaml")
#: They are ticked with the keys 1 to 9.
_MOST = 9


class Criteria(Section):
    """What raters are asked.

    Attributes
    ----------
    question
        What is to be decided.
    accept, otherwise
        When to say yes, and what to say else.
    criteria
        What can be ticked. None has to be.
    not_enough
        What is no reason to say yes.
    """

    question: Name
    accept: Name
    criteria: Annotated[tuple[Name, ...], Field(max_length=_MOST)] = ()
    not_enough: tuple[Name, ...] = ()
    otherwise: Name

    @field_validator("criteria")
    @classmethod
    def _each_once(cls, criteria: tuple[str, ...]) -> tuple[str, ...]:
        if any(number > 1 for number in Counter(criteria).values()):
            raise ValueError("one of them is listed twice")
        if any("\n" in each or ";" in each for each in criteria):
            raise ValueError("a criterion is one line, without ';'")
        return criteria


def read_criteria(path: Path | None = None) -> Criteria:
    """Return the criteria in a YAML file; those of this package, if none is given.

    Raises
    ------
    InputError
        The file cannot be read, or a key is missing, unknown or of another kind.
    """
    path = path or _OURS
    try:
        return Criteria.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        found = error.errors()[0]
        where = ".".join(map(str, found["loc"])) or "the file"
        raise InputError(f"{path.name}: {where}: {found['msg']}. Correct it.") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(
            f"{path.name}: the criteria cannot be read as YAML. Correct it."
        ) from error
