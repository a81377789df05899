"""Fixtures that tests of several parts share."""

from __future__ import annotations

from pathlib import Path

import pytest

_SHARED = Path(__file__).resolve().parents[1].parent / "shared"


@pytest.fixture(scope="session")
def reference_directory() -> Path:
    """The real labels of the published study, which lie beside the repository."""
    directory = _SHARED / "reference-study"
    if not directory.is_dir():
        pytest.skip("needs the reference study at ../shared/reference-study, which is not there")
    return directory
