"""Files of the user and of no study: keys, and what the user has agreed to.

They lie where a study or a warehouse from somebody else cannot bring its own. In this room because
it is the lowest one that writes any.
"""

from __future__ import annotations

import os
import secrets
import stat
import uuid
from pathlib import Path

from ml_headcount_assets.errors import InputError

from .whole_file import whole_file

__all__ = ["is_of_others", "read_private", "secret_key", "user_folder", "write_private"]

_FOLDER = "ml-headcount"
_KEY_BYTES = 32
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def user_folder() -> Path:
    """Return the user's folder, which is made with mode 0700 if it is not there.

    It is ``ml-headcount`` in ``$XDG_CONFIG_HOME``, or in ``~/.config``.

    Raises
    ------
    InputError
        It cannot be made, or is not this user's alone.
    """
    base = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    try:
        folder = Path(base).expanduser() / _FOLDER
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (OSError, RuntimeError) as error:
        raise InputError(
            f"The folder for your own settings cannot be made in {base}"
            f" ({getattr(error, 'strerror', None) or error}). Set XDG_CONFIG_HOME to a folder that"
            " you can write to."
        ) from error
    _refuse_others(folder, "700")
    return folder


def secret_key(name: str) -> bytes:
    """Return the user's key of a name, 32 random bytes; it is made when it is first asked for.

    Raises
    ------
    InputError
        The file of the key is not this user's alone, cannot be read or made, or holds no key.
    """
    path = user_folder() / f"{name}.key"
    try:
        if not path.exists():
            _write_new(path, secrets.token_bytes(_KEY_BYTES))
        _refuse_others(path, "600")
        key = path.read_bytes()
    except OSError as error:
        raise InputError(f"The key {path} cannot be used ({error.strerror}).") from error
    if len(key) != _KEY_BYTES:
        raise InputError(f"The key {path} is damaged. Delete it; the next run makes another one.")
    return key


def read_private(name: str) -> str:
    """Return the content of one of the user's files; "" if it is not there.

    Raises
    ------
    InputError
        It is not this user's alone, or cannot be read.
    """
    path = user_folder() / name
    if not path.exists():
        return ""
    _refuse_others(path, "600")
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read. Delete it; what it held is asked again.") from (
            error
        )


def write_private(name: str, content: str) -> None:
    """Write one of the user's files whole, with mode 0600.

    Raises
    ------
    InputError
        It cannot be written.
    """
    path = user_folder() / name
    try:
        with whole_file(path) as unfinished:
            unfinished.touch(mode=0o600)
            unfinished.write_text(content, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror}).") from error


def is_of_others(path: Path) -> bool:
    """Whether somebody else owns or may write to a file or folder, or it only points to one."""
    status = path.lstat()
    writable = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return status.st_uid != os.getuid() or bool(writable) or stat.S_ISLNK(status.st_mode)


def _write_new(path: Path, content: bytes) -> None:
    """Write a file that others cannot read; who comes second keeps what the first has written."""
    unfinished = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.link(unfinished, path)
    except FileExistsError:
        return
    finally:
        unfinished.unlink()


def _refuse_others(path: Path, mode: str) -> None:
    status = path.stat()
    if status.st_uid != os.getuid() or status.st_mode & _OTHERS:
        raise InputError(
            f"{path} can be read or changed by others than you. See that it is yours, and run:"
            f" chmod {mode} {path}"
        )
