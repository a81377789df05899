"""Results as bytes that hold values and nothing that is executed when they are read.

They are an archive of arrays as NumPy writes it (.npz), read with ``allow_pickle=False``. One of
its arrays holds the rest as JSON, in which arrays and what JSON does not know are objects with
one key that tells their kind.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import ComputeError

__all__ = ["packed", "unpacked"]

_PACKAGE = __name__.partition(".")[0]
_REST = "rest"

_Arrays = dict[str, NDArray[Any]]


def packed(value: object) -> bytes:
    """Return a value as bytes that depend on nothing but its content.

    Parameters
    ----------
    value
        None, booleans, numbers, texts, NumPy's arrays and scalars, lists, tuples, dictionaries and
        this package's dataclasses of such.

    Raises
    ------
    ComputeError
        There is something else in it.
    """
    arrays: _Arrays = {}
    rest = json.dumps(_told(value, arrays)).encode()
    buffer = io.BytesIO()
    np.savez(buffer, **arrays, **{_REST: np.frombuffer(rest, dtype=np.uint8)})  # type: ignore[arg-type]
    return buffer.getvalue()


def unpacked(content: bytes) -> Any:
    """Return the value that `packed` has made bytes of; the same to the last bit.

    Raises
    ------
    ValueError
        They are no such bytes, or a pickle.
    """
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    return _made(json.loads(arrays.pop(_REST).tobytes()), arrays)


def _told(value: object, arrays: _Arrays) -> object:
    """Return what JSON has for a value, whose arrays are added to `arrays`."""
    kind = type(value)
    if value is None or kind in (bool, int, float, str):
        return value
    if isinstance(value, list) and kind is list:
        return [_told(each, arrays) for each in value]
    if isinstance(value, tuple) and kind is tuple:
        return {"tuple": [_told(each, arrays) for each in value]}
    if isinstance(value, dict) and kind is dict:
        return {"dict": [[_told(each, arrays) for each in pair] for pair in value.items()]}
    if isinstance(value, np.generic) or kind is np.ndarray:
        return _told_array(np.asarray(value), arrays, isinstance(value, np.generic))
    if is_dataclass(value) and kind.__module__.partition(".")[0] == _PACKAGE:
        parts = {each.name: _told(getattr(value, each.name), arrays) for each in fields(value)}
        return {"made": [kind.__module__, kind.__qualname__, parts]}
    raise ComputeError(f"A result cannot be sent or kept, since it holds a {kind.__name__}.")


def _told_array(array: NDArray[Any], arrays: _Arrays, scalar: bool) -> object:
    if array.dtype.hasobject:
        raise ComputeError("A result cannot be sent or kept, since it holds an array of objects.")
    name = str(len(arrays))
    arrays[name] = array
    return {"scalar" if scalar else "array": name}


def _made(told: Any, arrays: Mapping[str, NDArray[Any]]) -> Any:
    """Return the value that `_told` has told of."""
    if isinstance(told, list):
        return [_made(each, arrays) for each in told]
    if not isinstance(told, dict):
        return told
    ((kind, content),) = told.items()
    if kind == "made":
        module, name, parts = content
        return _class(module, name)(**{key: _made(part, arrays) for key, part in parts.items()})
    makers: dict[str, Callable[[Any], Any]] = {
        "array": arrays.__getitem__,
        "scalar": lambda name: arrays[name][()],
        "tuple": lambda items: tuple(_made(items, arrays)),
        "dict": lambda items: dict(_made(items, arrays)),
    }
    return makers[kind](content)


def _class(module: str, name: str) -> Callable[..., Any]:
    """Return a dataclass of this package: nothing else is called because bytes say so."""
    found = None
    if module.partition(".")[0] == _PACKAGE:
        found = getattr(import_module(module), name, None)
    if not (isinstance(found, type) and is_dataclass(found)):
        raise ValueError(f"{module}.{name} is no dataclass of {_PACKAGE}.")
    return found
