"""Fixtures that tests of several parts share."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

# Libraries are to use one thread where several processes share the work of the tests. They read
# this when they are imported, which is later.
if "PYTEST_XDIST_WORKER" in os.environ:
    for _library in ("OMP", "OPENBLAS", "MKL"):
        os.environ.setdefault(f"{_library}_NUM_THREADS", "1")

# Each run of a study waits for the disk a thousand times. The tests' folders are in memory where
# there is plenty of it; no test is about what a disk keeps when the power fails.
_MEMORY = Path("/dev/shm")
_PLENTY = 4 * 2**30
if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _PLENTY:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))


@pytest.fixture(autouse=True, scope="session")
def user_folder_of_tests(tmp_path_factory):
    """Tests neither read nor write the settings and keys of whoever runs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("user")))
        yield


_SHARED = Path(__file__).resolve().parents[1].parent / "shared"


@pytest.fixture(scope="session")
def reference_directory() -> Path:
    """The real labels of the published study, which lie beside the repository."""
    directory = _SHARED / "reference-study"
    if not directory.is_dir():
        pytest.skip("needs the reference study at ../shared/reference-study, which is not there")
    return directory


@pytest.fixture(scope="session")
def real_world_directory() -> Path:
    """Small studies in the forms of real deliveries, which lie beside the repository."""
    directory = _SHARED / "real-world"
    if not directory.is_dir():
        pytest.skip("needs the inputs at ../shared/real-world, which are not there")
    return directory
