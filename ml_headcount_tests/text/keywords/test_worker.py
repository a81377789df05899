"""What is sent to a worker can be imported and run with the worker's packages alone."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from ml_headcount_assets.text.keywords.encoder import SentenceEncoder
from ml_headcount_assets.text.keywords.extraction import Extraction, name_keywords

ROOT = Path(__file__).resolve().parents[3]

_PROGRAM = """
import pickle, sys

ABSENT = {"dagster", "duckdb", "pyarrow", "pandera", "plotly", "pydantic", "aiohttp", "openpyxl"}
OF_OTHERS = {"yaml", "click", "rich", "jinja2"}  # transformers and its needs have some of these

class Worker:
    def find_spec(self, name, path=None, target=None):
        package = name.partition(".")[0]
        if package in ABSENT or package in OF_OTHERS and asked_by_us():
            raise ModuleNotFoundError(f"{name} is not on the worker", name=name)

def asked_by_us():
    frame = sys._getframe(2)
    while "importlib" in frame.f_code.co_filename:
        frame = frame.f_back
    return frame.f_globals.get("__name__", "").startswith("ml_headcount_assets")

sys.path.insert(0, sys.argv[1])
sys.meta_path.insert(0, Worker())
function, task = pickle.load(sys.stdin.buffer)
pickle.dump((function(task), sorted(ABSENT & set(sys.modules))), sys.stdout.buffer)
"""


def _on_a_worker(function: Any, task: Any) -> Any:
    """Return what a fresh process returns, which has neither this one's modules nor its paths."""
    ran = subprocess.run(
        [sys.executable, "-I", "-c", _PROGRAM, str(ROOT)],
        input=pickle.dumps((function, task)),
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr.decode()
    result, strangers = pickle.loads(ran.stdout)
    assert strangers == []
    return result


def test_the_encoder_gives_the_same_vectors_on_a_worker() -> None:
    texts = ["incident response", "violin lessons " * 200]
    encoder = SentenceEncoder()
    np.testing.assert_allclose(_on_a_worker(encoder, texts), encoder(texts), atol=1e-5)


def test_keybert_names_the_same_on_a_worker() -> None:
    rng = np.random.default_rng(0)
    vectors = [rng.standard_normal((n, 16)).astype(np.float32) for n in (5, 30)]
    presence = sparse.csr_array((rng.random((5, 30)) < 0.5).astype(float))
    task = Extraction(presence, *vectors, phrases_per_cv=4, diversity=0.5)
    assert (_on_a_worker(name_keywords, task) != name_keywords(task)).nnz == 0


def test_the_stand_in_refuses_what_a_worker_lacks() -> None:
    with pytest.raises(AssertionError, match="pyarrow is not on the worker"):
        _on_a_worker(_uses_pyarrow, None)


def _uses_pyarrow(_: None) -> str:
    import pyarrow

    return pyarrow.__version__
