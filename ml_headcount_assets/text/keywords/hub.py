"""Where a sentence-transformer's files are: in a package, in a folder, or on a hub."""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import InputError
from .settings import PACKAGED_MODEL

if TYPE_CHECKING:
    pass


_HUB = "https://huggingface.co"

_HUB_SECONDS = 5.0


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


def _read(source: str, name: str) -> Any:
    try:
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging
    except ModuleNotFoundError as error:
        raise InputError(
            f"Keyword discovery needs {error.name}, which is not installed. It comes with the"
            " package's extra 'keywords': pip install 'ml-headcount-assets[keywords]'."
        ) from error
    logging.disable_progress_bar()
    try:
        # The weights' own precision: large models are published in half precision.
        return SentenceTransformer(source, model_kwargs={"dtype": "auto"})
    except (OSError, ValueError) as error:
        raise InputError(
            f"The model {name!r} is no sentence-transformer that can be read here"
            f" ({type(error).__name__}). Give the name or the directory of one."
        ) from error


def _is_downloaded(name: str) -> bool:
    from huggingface_hub import try_to_load_from_cache

    try:
        return isinstance(try_to_load_from_cache(name, "config.json"), str)
    except ValueError as error:  # no name that the hub could have
        raise InputError(
            f"There is no model {name!r}: it is neither a directory here nor a name on the"
            f" Hugging Face hub. The packaged one is {PACKAGED_MODEL}."
        ) from error


def _ask_the_hub(name: str) -> None:
    """Raise unless the hub has the model and can be reached.

    The hub's own client tries for minutes before it says so, and does not say what to do.
    """
    advice = (
        f" Use the packaged model, {PACKAGED_MODEL}, or give a directory that holds the model"
        " (one can be downloaded elsewhere with: hf download NAME --local-dir DIRECTORY)."
    )
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        raise InputError(
            f"The model {name!r} is not on this machine, and HF_HUB_OFFLINE forbids to download"
            " it." + advice
        )
    hub = os.environ.get("HF_ENDPOINT", _HUB).rstrip("/")
    try:
        urllib.request.urlopen(f"{hub}/api/models/{name}", timeout=_HUB_SECONDS).close()
    except urllib.error.HTTPError as error:
        if error.code in (401, 403):  # the hub also says so of names that it does not have
            if os.environ.get("HF_TOKEN"):
                return
            raise InputError(
                f"The Hugging Face hub has no model {name!r} that anybody may download. If it"
                " needs permission, set HF_TOKEN." + advice
            ) from error
        raise InputError(
            f"The Hugging Face hub has no model {name!r} (status {error.code})." + advice
        ) from error
    except OSError as error:
        raise InputError(
            f"The model {name!r} is not on this machine, and the Hugging Face hub cannot be"
            " reached to download it." + advice
        ) from error
