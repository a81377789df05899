"""Thousands of profiles through three LLMs behind a faulty server, killed twice on the way."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from ml_headcount_assets.text.llm import AnswerStore, question_for
from ml_headcount_assets.text.llm.missing import Missing
from ml_headcount_assets.worlds.labelling_server import Fault, LabellingServer, Seen, random_faults

from .conftest import PRICE, is_expert, make_texts
from .label_many import CONCURRENCY, MODELS, annotators

_FAULTS = {
    **dict.fromkeys(Fault, 0.01),
    Fault.RATE_LIMIT: 0.005,  # each of them holds an annotator for a moment
    Fault.HANG: 0.0002,
}

Key = tuple[str, str]


def _command(store: Path, server: LabellingServer, count: int, cap: float) -> list[str]:
    module = "ml_headcount_tests.text.llm.label_many"
    return [sys.executable, "-m", module, *map(str, (store, server.endpoint, count, cap))]


def _run_until(requests: int, command: list[str], server: LabellingServer) -> None:
    """Start to label and kill the process when the server has seen so many requests."""
    process = subprocess.Popen(command)
    while len(server.seen) < requests:
        assert process.poll() is None, "ended before it was to be killed"
        time.sleep(0.005)
    process.kill()
    assert process.wait() == -9


def _run(command: list[str]) -> float:
    """Label until the end and return what has been spent."""
    ended = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(ended.stdout)


def _answers(path: Path, server: LabellingServer, count: int) -> dict[str, pd.DataFrame]:
    with AnswerStore(path) as store:
        return {
            asked.model: store.answers(question_for(asked.model, make_texts(count)))
            for asked in annotators(server.endpoint)
        }


def _settled(path: Path, server: LabellingServer, count: int) -> set[Key]:
    with AnswerStore(path) as store:
        return {
            (asked.model, text_hash)
            for asked in annotators(server.endpoint)
            for text_hash in store.settled(question_for(asked.model, make_texts(count)))
        }


def _key(seen: Seen) -> Key:
    return seen.model, seen.text_hash


def _charged(seen: list[Seen]) -> float:
    return sum(s.input_tokens * PRICE.input + s.output_tokens * PRICE.output for s in seen) / 1e6


def check_killed_on_the_way(path: Path, count: int) -> str:
    """Label, kill, label, kill, label up to a cap, and label to the end; return a summary."""
    whole = 3 * count
    with LabellingServer(
        is_expert, faults=random_faults(_FAULTS), retry_after=0.05, hang=60
    ) as server:
        # Money for nearly all of it, as one request costs about so much.
        cap = 0.95 * whole * 870 * PRICE.input / 1e6
        began = time.monotonic()
        settled, seen_before, in_flight = [], [], set[Key]()
        for share in (1 / 3, 2 / 3):
            _run_until(int(share * whole), _command(path, server, count, cap), server)
            time.sleep(0.2)  # for what the server had already received
            settled.append(_settled(path, server, count))
            seen_before.append(len(server.seen))
            answered = {_key(seen) for seen in server.seen if seen.is_answered}
            in_flight |= answered - settled[-1]
        assert _charged(server.seen) <= cap
        spent = _run(_command(path, server, count, cap))
        assert _charged(server.seen) <= spent <= cap
        capped = sum(
            (frame["missing"] == Missing.CAP).sum()
            for frame in _answers(path, server, count).values()
        )
        assert 0 < capped < whole / 3
        settled.append(_settled(path, server, count))
        seen_before.append(len(server.seen))
        spent = _run(_command(path, server, count, 10 * cap))
        took = time.monotonic() - began
        assert _charged(server.seen) <= spent <= 10 * cap

        missing = _every_profile_is_accounted_for(path, server, count)
        for known, position in zip(settled, seen_before, strict=True):
            assert not known & {_key(seen) for seen in server.seen[position:]}
        answered = Counter(_key(seen) for seen in server.seen if seen.is_answered)
        twice = {key for key, times in answered.items() if times > 1}
        # Only what a killed process had been sent but could not store any more.
        assert twice <= in_flight
        assert len(in_flight) <= 2 * len(MODELS) * CONCURRENCY
        return (
            f"{count} profiles, 3 annotators: {len(server.seen)} requests in {took:.1f} s,"
            f" {len(server.seen) - sum(answered.values())} of them faulty; {whole - missing}"
            f" labelled, {missing} missing with a reason; {len(twice)} answered again (under way"
            f" when killed); {capped} held back by the cap of {cap:.2f} until it was raised;"
            f" spent {spent:.3f}, charged {_charged(server.seen):.3f}"
        )


def _every_profile_is_accounted_for(path: Path, server: LabellingServer, count: int) -> int:
    """Check all labels and return how many are missing, each with a reason."""
    texts = make_texts(count)
    expected = pd.Series(texts.read(list(texts.sizes()))).str.contains("transformer").astype("Int8")
    missing = 0
    for frame in _answers(path, server, count).values():
        labels = frame.set_index("text_hash")["label"]
        assert sorted(labels.index) == sorted(expected.index)
        assert (labels.isna() == frame["missing"].notna().to_numpy()).all()
        assert (labels == expected[labels.index]).fillna(True).all()
        reasons = set(frame["missing"].dropna())
        assert reasons <= {Missing.NOT_JSON, Missing.WRONG_ID, Missing.REFUSED, Missing.CUT_OFF}
        missing += int(labels.isna().sum())
    assert missing < 0.01 * 3 * count
    return missing


@pytest.mark.timeout(300)
def test_nothing_is_lost_or_paid_for_twice(tmp_path: Path) -> None:
    print(check_killed_on_the_way(tmp_path / "answers.sqlite", count=10_000))
