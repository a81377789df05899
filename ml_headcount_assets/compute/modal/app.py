"""The machines on Modal: an app with a function for processors and one for a GPU."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import ComputeError, InputError
from .client import CallLost
from .packages import CPU_ROOTS, GPU_ROOTS, find_lock, pins
from .settings import ModalSettings
from .worker import run_range

if TYPE_CHECKING:
    import modal

__all__ = ["ModalClient", "build_app", "has_credentials"]

_NAME = "ml-headcount"
_PACKAGE = "ml_headcount_assets"
_MODELS = "/models"

_NO_CREDENTIALS = (
    "Modal's workers need an account there. Make one at https://modal.com, then either run "
    "'modal token new', which writes ~/.modal.toml, or make a token at "
    "https://modal.com/settings/tokens and set MODAL_TOKEN_ID and MODAL_TOKEN_SECRET. Without "
    "one, --compute local gives the same numbers on this machine."
)


def has_credentials(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether Modal's client will find a token: in the environment, or in its own file."""
    if environment.get("MODAL_TOKEN_ID") and environment.get("MODAL_TOKEN_SECRET"):
        return True
    own = environment.get("MODAL_CONFIG_PATH")
    return (Path(own) if own else Path.home() / ".modal.toml").is_file()


def build_app(
    settings: ModalSettings, lock: Path
) -> tuple[modal.App, Mapping[str, modal.Function[..., Any, Any]]]:
    """Return the app and its functions by kind of worker.

    Nothing is sent. The functions are `worker.run_range`, which a worker imports from the source
    that is added to its image: the package as it is here, without a build.
    """
    import modal

    app = modal.App(_NAME, include_source=False)
    shared: dict[str, Any] = {
        "timeout": settings.timeout_seconds,
        "retries": settings.platform_retries,
        # Overdue ones may be at work beside those that do their ranges again.
        "max_containers": 2 * settings.in_flight,
        "include_source": False,
    }
    on_processors = app.function(
        image=_image(pins(CPU_ROOTS, lock)),
        name="run_range_on_processors",
        cpu=settings.cores,
        memory=settings.memory_gib * 1024,
        **shared,
    )(run_range)
    models = modal.Volume.from_name(settings.models_volume, create_if_missing=True)
    on_gpu = app.function(
        image=_image(pins(GPU_ROOTS, lock), HF_HOME=_MODELS),
        name="run_range_on_gpu",
        cpu=settings.gpu_cores,
        memory=settings.gpu_memory_gib * 1024,
        gpu=settings.gpu,
        volumes={_MODELS: models},
        **shared,
    )(run_range)
    return app, {"cpu": on_processors, "gpu": on_gpu}


def _image(packages: tuple[str, ...], **environment: str) -> modal.Image:
    import modal

    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    image = modal.Image.debian_slim(python_version=python).pip_install(*packages)
    # The source is mounted when a worker starts, so a change of it takes no new image.
    return image.env(environment).add_local_python_source(_PACKAGE)


@dataclass(frozen=True)
class ModalClient:
    """Modal's own client behind the protocol of `client`.

    Parameters
    ----------
    settings
        Of the machines.
    lock
        File that pins the releases of the images; None looks for it, see `packages.find_lock`.
    """

    settings: ModalSettings = field(default_factory=ModalSettings)
    lock: Path | None = None

    def check(self) -> None:
        """Raise an `InputError` if there is no token, or no lock."""
        if not has_credentials():
            raise InputError(_NO_CREDENTIALS)
        lock = self.lock or find_lock()
        pins(CPU_ROOTS, lock)

    @contextmanager
    def open(self) -> Iterator[_ModalSession]:
        """Run the app while the context lasts.

        Raises
        ------
        InputError
            Modal does not accept the token.
        ComputeError
            Modal cannot be reached, or refuses the app.
        """
        import modal.exception

        app, functions = build_app(self.settings, self.lock or find_lock())
        interrupt: KeyboardInterrupt | None = None
        try:
            with app.run():
                try:
                    yield _ModalSession(app.get_dashboard_url() or "", functions)
                except KeyboardInterrupt as error:
                    interrupt = error
                    raise
            if interrupt is not None:
                # Modal's client ends the app and takes the interrupt for dealt with; whoever
                # called would go on without results.
                raise interrupt
        except modal.exception.AuthError as error:
            raise InputError(f"Modal does not accept the token. {_NO_CREDENTIALS}") from error
        except modal.exception.Error as error:
            raise ComputeError(
                f"Modal could not run the app: {type(error).__name__}: {error}. Finished ranges "
                "are kept; try again, or use --compute local."
            ) from error


@dataclass(frozen=True)
class _ModalSession:
    url: str
    functions: Mapping[str, modal.Function[..., Any, Any]]

    def spawn(self, worker: str, payload: bytes) -> _ModalCall:
        return _ModalCall(self.functions[worker].spawn(payload))


@dataclass(frozen=True)
class _ModalCall:
    call: modal.FunctionCall[Any]

    @property
    def call_id(self) -> str:
        return self.call.object_id

    def get(self, timeout: float) -> bytes:
        import modal.exception

        try:
            return self.call.get(timeout=timeout)
        except modal.exception.AuthError:
            raise
        except (modal.exception.ConnectionError, modal.exception.ServiceError) as error:
            # Nobody could be asked; the worker is none the worse for it.
            raise TimeoutError from error
        except modal.exception.FunctionTimeoutError as error:
            raise CallLost("its worker ran out of time") from error
        except modal.exception.Error as error:
            raise CallLost(f"its worker was lost ({type(error).__name__})") from error

    def cancel(self) -> None:
        import modal.exception

        try:
            self.call.cancel()
        except modal.exception.NotFoundError:
            # It has ended in the meantime, which is all that was wanted.
            return
