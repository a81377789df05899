"""What a kernel needs of the library it computes with: NumPy, or torch on processor or GPU.

A kernel is written once, over an array namespace (array-api-compat), and gets everything that
the two libraries call differently from `Arithmetic`. torch is imported only if it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import array_api_compat.numpy
import numpy as np
import scipy.special
from numpy.typing import ArrayLike, NDArray

from ..compute.engine import Engine, load_torch
from .streams import stream, stream_key

__all__ = ["Arithmetic", "arithmetic"]


# The kernels walk through arrays of about this many doubles. Fewer are no faster on a processor,
# though they would fit its inner caches: the calls begin to count (measured). A GPU needs
# millions to keep its lanes busy.
_CPU_DOUBLES, _GPU_DOUBLES = 32_768, 4_194_304

Array = Any  # numpy.ndarray or torch.Tensor


@dataclass(frozen=True)
class Arithmetic:
    """What a kernel needs of a library: its array namespace, and what goes beyond that.

    Attributes
    ----------
    xp
        Namespace of the array API standard.
    ndtr, ndtri
        Distribution function of the standard normal, and its inverse.
    clip
        ``clip(array, least, most)``, either of them None; the standard's is several times slower.
    array
        Copies or wraps a host array as a float64 array (indices: int64) on the device.
    host
        Gives a NumPy array back.
    like
        Keywords with which the namespace creates an array where another one is.
    binomial
        ``binomial(key, counts, probabilities)``: one draw each, from the stream of the key.
    doubles
        Length of the arrays that a kernel should work on at a time.
    """

    xp: Any
    ndtr: Callable[[Array], Array]
    ndtri: Callable[[Array], Array]
    clip: Callable[[Array, float | None, float | None], Array]
    array: Callable[[ArrayLike], Array]
    host: Callable[[Array], NDArray[Any]]
    like: Callable[[Array], dict[str, Any]]
    binomial: Callable[
        [tuple[str | int, ...], NDArray[np.int64], NDArray[np.float64]], NDArray[np.int64]
    ]
    doubles: int


def arithmetic(engine: Engine | None) -> Arithmetic:
    """Return the arithmetic of an engine; None is NumPy."""
    if engine is None:
        return _numpy_arithmetic()
    resolved = engine.resolve()
    if resolved.library == "numpy":
        return _numpy_arithmetic()
    return _torch_arithmetic(resolved.device)


@lru_cache(maxsize=1)
def _numpy_arithmetic() -> Arithmetic:
    return Arithmetic(
        xp=array_api_compat.numpy,
        ndtr=scipy.special.ndtr,
        ndtri=scipy.special.ndtri,
        clip=np.clip,
        array=np.asarray,
        host=np.asarray,
        like=lambda array: {"dtype": array.dtype},
        binomial=_numpy_binomial,
        doubles=_CPU_DOUBLES,
    )


def _numpy_binomial(
    key: tuple[str | int, ...], counts: NDArray[np.int64], probabilities: NDArray[np.float64]
) -> NDArray[np.int64]:
    seed, *rest = key
    return stream(int(seed), *rest).binomial(counts, probabilities)


@lru_cache(maxsize=2)
def _torch_arithmetic(device: str) -> Arithmetic:
    torch = load_torch()
    import array_api_compat.torch as xp

    def array(values: ArrayLike) -> Array:
        return torch.as_tensor(np.ascontiguousarray(values), device=device)

    def host(values: Array) -> NDArray[Any]:
        return values.cpu().numpy()

    def binomial(
        key: tuple[str | int, ...], counts: NDArray[np.int64], probabilities: NDArray[np.float64]
    ) -> NDArray[np.int64]:
        seed, *rest = key
        # On a processor torch's generator takes 32 bits of this: two of ten thousand streams
        # coincide in one run of a hundred, and then share the numbers of 50 draws.
        generator = torch.Generator(device=device)
        generator.manual_seed(stream_key(int(seed), *rest) & (2**63 - 1))
        drawn = torch.binomial(
            array(np.asarray(counts, dtype=float)), array(probabilities), generator=generator
        )
        return host(drawn).astype(np.int64)

    return Arithmetic(
        xp=xp,
        ndtr=torch.special.ndtr,
        ndtri=torch.special.ndtri,
        clip=torch.clamp,
        array=array,
        host=host,
        like=lambda array: {"dtype": array.dtype, "device": array.device},
        binomial=binomial,
        doubles=_GPU_DOUBLES if device == "cuda" else _CPU_DOUBLES,
    )
