"""Where the arithmetic of the kernels is done: NumPy, or torch on a processor or a GPU.

A kernel is written once, over an array namespace (array-api-compat), and gets everything that
the two libraries call differently from `Arithmetic`. torch is imported only if it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import array_api_compat.numpy
import numpy as np
import scipy.special
from numpy.typing import ArrayLike, NDArray

from ..errors import ComputeError, InputError
from .streams import stream, stream_key

__all__ = ["Arithmetic", "Engine", "arithmetic"]

LIBRARIES = ("numpy", "torch", "auto")
DEVICES = ("cpu", "cuda", "auto")

# Below this many tables a GPU has no time to make up for its start and the copies. Not measured
# on one: 100,000 tables take NumPy some ten seconds, the start of torch and CUDA about as long.
_TABLES_WORTH_A_GPU = 100_000
# The kernels walk through arrays of about this many doubles. Fewer are no faster on a processor,
# though they would fit its inner caches: the calls begin to count (measured). A GPU needs
# millions to keep its lanes busy.
_CPU_DOUBLES, _GPU_DOUBLES = 32_768, 4_194_304

Array = Any  # numpy.ndarray or torch.Tensor


@dataclass(frozen=True)
class Engine:
    """The library and the device that kernels are to use.

    Parameters
    ----------
    library
        ``"numpy"``, ``"torch"`` or ``"auto"``.
    device
        ``"cpu"``, ``"cuda"`` (torch only) or ``"auto"``.

    Notes
    -----
    The same engine gives the same bits, however work is cut; two engines agree within 1e-9 in
    probabilities, and in the distribution of what is drawn. What ``"auto"`` stands for must
    therefore be decided once for a run and not call by call, which is what `resolve` is for.
    """

    library: str = "auto"
    device: str = "auto"

    def __post_init__(self) -> None:
        for name, value, known in (
            ("library", self.library, LIBRARIES),
            ("device", self.device, DEVICES),
        ):
            if value not in known:
                raise InputError(f"engine: {name} is one of {', '.join(known)}, not {value!r}.")
        if self.library == "numpy" and self.device == "cuda":
            raise InputError("engine: NumPy has no GPU; take torch for device cuda.")

    def resolve(self, tables: int | None = None) -> Engine:
        """Return the engine with nothing left on ``"auto"``.

        Parameters
        ----------
        tables
            Orthant tables that the whole run will ask for (draws times classes), if known. With
            both fields on ``"auto"`` a GPU is used from 100,000 of them; without a number, or
            without a GPU, it is NumPy.

        Raises
        ------
        ComputeError
            If torch or a GPU is asked for and not there.
        """
        library, device = self.library, self.device
        if library == "auto":
            wanted = device == "cuda" or (
                device == "auto"
                and tables is not None
                and tables >= _TABLES_WORTH_A_GPU
                and _driver_is_loaded()
                and _torch_sees_a_gpu()
            )
            library = "torch" if wanted else "numpy"
            device = "cuda" if wanted else "cpu"
        elif device == "auto":
            device = "cuda" if library == "torch" and _cuda_is_there() else "cpu"
        if library == "torch":
            _torch()
        if device == "cuda" and not _cuda_is_there():
            raise ComputeError("engine: torch finds no GPU here; take device cpu or auto.")
        return Engine(library, device)

    def settle(self, tables: int | None = None) -> Engine:
        """Return the engine for a whole run, whose work may be done on another machine.

        As `resolve`, but what is not on ``"auto"`` is taken at its word: whether it is there is
        found out where the work is done.
        """
        return self.resolve(tables) if "auto" in (self.library, self.device) else self

    @property
    def worker(self) -> str:
        """Kind of machine that the engine needs: ``"gpu"`` or ``"cpu"``; see `Compute.map`."""
        return "gpu" if self.device == "cuda" else "cpu"

    def __str__(self) -> str:
        return f"{self.library} on {self.device}"


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
    torch = _torch()
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


def _torch() -> Any:
    try:
        import torch
    except ImportError as error:
        raise ComputeError(
            "engine: torch is not installed; install ml-headcount-assets[torch], or take numpy."
        ) from error
    return torch


def _torch_sees_a_gpu() -> bool:
    """Whether torch is installed and finds a GPU; for ``"auto"``, where neither is an error."""
    try:
        return _cuda_is_there()
    except ComputeError:
        return False


def _cuda_is_there() -> bool:
    return bool(_torch().cuda.is_available())


def _driver_is_loaded() -> bool:
    """Whether this machine may have an NVIDIA GPU; spares an import of torch where it has none."""
    return Path("/dev/nvidiactl").exists() or Path("/proc/driver/nvidia/version").exists()
