"""Where a sentence-transformer's files are: in a package, in a folder, or on a hub."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

from ...errors import InputError
from .settings import PACKAGED_MODEL

__all__ = ["ask_the_hub", "is_downloaded", "packaged_weights", "read_model"]

_HUB_SECONDS = 5.0

#: Which of these the hub says of a model depends on who asks, not on whether there is one.
_NOT_FOR_YOU = (401, 403, 404)


def packaged_weights() -> Path:
    """Return the folder of the model that comes as a package."""
    module = PACKAGED_MODEL.replace("-", "_")
    try:
        return Path(str(resources.files(module) / "model"))
    except ModuleNotFoundError as error:
        raise InputError(
            f"The model {PACKAGED_MODEL} is not installed. It comes with the package's extra"
            " 'keywords': pip install 'ml-headcount-assets[keywords]'."
        ) from error


def read_model(source: str, name: str) -> Any:
    """Return the ``SentenceTransformer`` of a directory or of a name on the hub.

    Parameters
    ----------
    source
        Where it is read from.
    name
        What it is called in the error if it cannot be read.

    Raises
    ------
    InputError
        If it is none, or the extra ``keywords`` is not installed.
    """
    try:
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging
    except ModuleNotFoundError as error:
        raise _is_not_installed(error) from error
    logging.disable_progress_bar()
    try:
        # The weights' own precision: large models are published in half precision.
        return SentenceTransformer(source, model_kwargs={"dtype": "auto"})
    except (OSError, ValueError) as error:
        raise InputError(
            f"The model {name!r} is no sentence-transformer that can be read here"
            f" ({type(error).__name__}). Give the name or the directory of one."
        ) from error


def is_downloaded(name: str) -> bool:
    """Return whether a model that the hub could have has been downloaded before.

    Raises
    ------
    InputError
        If no model on the hub can have this name.
    """
    try:
        from huggingface_hub import try_to_load_from_cache
    except ModuleNotFoundError as error:
        raise _is_not_installed(error) from error
    try:
        return isinstance(try_to_load_from_cache(name, "config.json"), str)
    except ValueError as error:
        raise InputError(
            f"There is no model {name!r}: it is neither a directory here nor a name on the"
            f" Hugging Face hub. The packaged one is {PACKAGED_MODEL}."
        ) from error


def ask_the_hub(name: str) -> None:
    """Raise unless the hub has the model and can be reached.

    It is asked once, and for seconds: a download tries for minutes before it gives up, and does
    not say what to do.

    Raises
    ------
    InputError
        With what to do instead.
    """
    import httpx2
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    advice = (
        f" Use the packaged model, {PACKAGED_MODEL}, or give a directory that holds the model"
        " (one can be downloaded elsewhere with: hf download NAME --local-dir DIRECTORY)."
    )
    try:
        HfApi().model_info(name, timeout=_HUB_SECONDS)
    except OfflineModeIsEnabled as error:
        raise InputError(
            f"The model {name!r} is not on this machine, and HF_HUB_OFFLINE forbids to download"
            " it." + advice
        ) from error
    except HfHubHTTPError as error:
        status = error.response.status_code
        said = (
            f"has no model {name!r} that may be downloaded from here. If it needs permission,"
            " set HF_TOKEN to a token that has it."
            if status in _NOT_FOR_YOU
            else f"does not give the model {name!r} (status {status})."
        )
        raise InputError(f"The Hugging Face hub {said}" + advice) from error
    except httpx2.TransportError as error:
        raise InputError(
            f"The model {name!r} is not on this machine, and the Hugging Face hub cannot be"
            " reached to download it." + advice
        ) from error


def _is_not_installed(error: ModuleNotFoundError) -> InputError:
    return InputError(
        f"Keyword discovery needs {error.name}, which is not installed. It comes with the"
        " package's extra 'keywords': pip install 'ml-headcount-assets[keywords]'."
    )
