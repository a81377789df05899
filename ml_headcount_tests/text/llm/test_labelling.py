"""Labelling against a server that speaks the real protocol, and misbehaves as asked."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ml_headcount_assets.errors import ComputeError, InputError
from ml_headcount_assets.text.llm import (
    AnswerStore,
    LlmAnnotator,
    TextsInMemory,
    estimate_costs,
    label_texts,
    question_for,
)
from ml_headcount_assets.text.llm.missing import Missing
from ml_headcount_assets.worlds.labelling_server import (
    Call,
    Fault,
    LabellingServer,
    Manner,
    random_faults,
)

from .conftest import PRICE, QUICK, is_expert, make_texts

MakeAnnotator = Callable[..., LlmAnnotator]


def _charged(server: LabellingServer) -> float:
    """What a service would charge for all that the server has seen."""
    tokens = [(seen.input_tokens, seen.output_tokens) for seen in server.seen]
    return sum(read * PRICE.input + written * PRICE.output for read, written in tokens) / 1e6


def _first_time(fault: Fault) -> Callable[[Call], Fault | None]:
    return lambda call: fault if call.attempt == 1 else None


def test_labels_are_those_of_the_model(annotator: MakeAnnotator, store: AnswerStore) -> None:
    texts = make_texts(40)
    progress: list[tuple[int, int]] = []
    with LabellingServer(is_expert) as server:
        annotators = [annotator(server, model) for model in ("model-a", "model-b")]
        report = label_texts(
            texts, annotators, store, cap=1, progress=lambda *each: progress.append(each)
        )
    for each in annotators:
        frame = store.answers(question_for(each.model, texts)).set_index("text_hash")
        assert len(frame) == 40
        for text_hash, text in texts.read(list(texts.sizes())).items():
            assert frame.loc[text_hash, "label"] == int("transformer" in text)
    assert progress[0] == (0, 80)
    assert progress[-1] == (80, 80)
    assert report.tallies["llm_a"].labels == report.tallies["llm_a"].requests == 40
    assert report.spent == pytest.approx(_charged(server))
    assert sum(tally.cost for tally in report.tallies.values()) == pytest.approx(report.spent)


def test_a_second_run_asks_nothing(annotator: MakeAnnotator, store: AnswerStore) -> None:
    with LabellingServer(is_expert) as server:
        label_texts(make_texts(30), [annotator(server)], store, cap=1)
        label_texts(make_texts(30), [annotator(server)], store, cap=1)
        assert len(server.seen) == 30
        label_texts(make_texts(32), [annotator(server)], store, cap=1)
        assert len(server.seen) == 32
        label_texts(TextsInMemory(["x"], recipe="2"), [annotator(server)], store, cap=1)
        assert len(server.seen) == 33


@pytest.mark.parametrize("fault", list(Fault))
def test_faults_are_overcome(fault: Fault, annotator: MakeAnnotator, store: AnswerStore) -> None:
    texts = make_texts(24)
    server = LabellingServer(is_expert, faults=_first_time(fault), retry_after=0.05, hang=2)
    with server:
        asked = annotator(server, timeout=0.5, concurrency=12)
        report = label_texts(texts, [asked], store, cap=5, retries=QUICK)
    assert store.answers(question_for(asked.model, texts))["label"].notna().all()
    assert report.tallies["llm_a"].missing == {}
    assert len(server.seen) == 24 if fault is Fault.NO_USAGE else 48
    assert report.spent >= _charged(server) * 0.999999


@pytest.mark.parametrize(
    ("fault", "reason", "requests"),
    [
        (Fault.SERVER_ERROR, Missing.SERVER_ERROR, 8),
        (Fault.RATE_LIMIT, Missing.RATE_LIMITED, 8),
        (Fault.CUT_SHORT, Missing.DISCONNECTED, 8),
        (Fault.NOT_JSON, Missing.NOT_PROTOCOL, 8),
        (Fault.HANG, Missing.TIMED_OUT, 8),
        (Fault.MALFORMED_ANSWER, Missing.NOT_JSON, 2),
        (Fault.WRONG_ID, Missing.WRONG_ID, 2),
        (Fault.REFUSAL, Missing.REFUSED, 2),
        (Fault.TOO_LONG, Missing.CUT_OFF, 2),
    ],
)
def test_what_cannot_be_had_is_missing_with_its_reason(
    fault: Fault,
    reason: Missing,
    requests: int,
    annotator: MakeAnnotator,
    store: AnswerStore,
) -> None:
    texts = make_texts(8)
    bad = min(texts.sizes())
    plan = lambda call: fault if call.text == texts.read([bad])[bad] else None  # noqa: E731
    with LabellingServer(is_expert, faults=plan, retry_after=0.01, hang=1) as server:
        asked = annotator(server, timeout=0.2)
        report = label_texts(texts, [asked], store, cap=5, retries=QUICK)
        frame = store.answers(question_for(asked.model, texts)).set_index("text_hash")
        assert frame["missing"].dropna().to_dict() == {bad: reason.value}
        assert frame["label"].isna().sum() == 1
        assert report.tallies["llm_a"].missing == {reason: 1}
        asked_about = Counter(seen.text_hash for seen in server.seen)
        assert asked_about.pop(bad) == requests
        assert set(asked_about.values()) == {1}
        # What failed for want of the endpoint is asked again in the next run, the rest is not.
        label_texts(texts, [asked], store, cap=5, retries=QUICK)
        again = sum(seen.text_hash == bad for seen in server.seen)
        assert again == requests * (1 if reason.is_final else 2)
        assert len(server.seen) == again + 7


def test_the_cap_holds_with_requests_under_way(
    annotator: MakeAnnotator, store: AnswerStore
) -> None:
    texts = make_texts(400)
    faults = random_faults({Fault.HANG: 0.01, Fault.CUT_SHORT: 0.03, Fault.MALFORMED_ANSWER: 0.05})
    with LabellingServer(is_expert, faults=faults, hang=3) as server:
        asked = [
            annotator(server, model, concurrency=16, timeout=0.9, max_output_tokens=200)
            for model in ("model-a", "model-b")
        ]
        cap = 0.05
        report = label_texts(texts, asked, store, cap=cap, retries=QUICK)
        assert _charged(server) <= report.spent <= cap
        assert report.spent > 0.9 * cap  # the cap is not held by doing nothing
        for each in asked:
            frame = store.answers(question_for(each.model, texts))
            assert len(frame) == 400
            capped = frame["missing"] == Missing.CAP
            assert 0 < capped.sum() < 400
        before = len(server.seen)
        assert label_texts(texts, asked, store, cap=cap, retries=QUICK).spent <= cap
        assert len(server.seen) - before < 5  # what a little money is left for

        answered = Counter((seen.model, seen.text_hash) for seen in server.seen if seen.is_answered)
        label_texts(texts, asked, store, cap=1, retries=QUICK)
        answered = Counter((seen.model, seen.text_hash) for seen in server.seen if seen.is_answered)
        assert set(answered.values()) == {1}
    for each in asked:
        frame = store.answers(question_for(each.model, texts))
        assert not (frame["missing"] == Missing.CAP).any()


def test_a_text_without_words_is_not_asked_about(
    annotator: MakeAnnotator, store: AnswerStore
) -> None:
    texts = TextsInMemory(["", " \n", "a transformer"])
    with LabellingServer(is_expert) as server:
        asked = annotator(server)
        report = label_texts(texts, [asked], store, cap=1)
        assert len(server.seen) == 1
    assert report.tallies["llm_a"].missing == {Missing.NO_TEXT: 2}
    assert store.settled(question_for(asked.model, texts)) == set(texts.sizes())


def test_no_money_means_no_request(annotator: MakeAnnotator, store: AnswerStore) -> None:
    with LabellingServer(is_expert) as server:
        report = label_texts(make_texts(5), [annotator(server)], store, cap=0)
        assert server.seen == []
        assert report.tallies["llm_a"].missing == {Missing.CAP: 5}


@pytest.mark.parametrize(
    ("rejects", "dialect"),
    [
        ((), "json_schema, max_tokens, temperature 0"),
        (["max_tokens"], "json_schema, max_completion_tokens, temperature 0"),
        (["temperature"], "json_schema, max_tokens, own temperature"),
        (["json_schema"], "json_object, max_tokens, temperature 0"),
        (
            ["temperature", "max_tokens", "json_schema", "json_object"],
            "no response_format, max_completion_tokens, own temperature",
        ),
    ],
)
def test_endpoints_that_know_less_are_asked_otherwise(
    rejects: list[str], dialect: str, annotator: MakeAnnotator, store: AnswerStore
) -> None:
    texts = make_texts(20)
    with LabellingServer(is_expert, rejects=rejects, manner=Manner.FENCED) as server:
        asked = annotator(server)
        report = label_texts(texts, [asked], store, cap=1, retries=QUICK)
    assert report.dialects == {"llm_a": dialect}
    assert report.tallies["llm_a"].labels == 20


def test_a_refused_key_stops_at_once(annotator: MakeAnnotator, store: AnswerStore) -> None:
    with LabellingServer(is_expert, api_key="right") as server:
        wrong = annotator(server, api_key="wrong-key-1234", concurrency=2)
        with pytest.raises(InputError, match="llm_a: The endpoint refuses the key") as raised:
            label_texts(make_texts(50), [wrong], store, cap=1)
        assert "wrong-key-1234" not in str(raised.value)
        assert store.spent == pytest.approx(0, abs=1e-12)
        right = annotator(server, api_key="right")
        assert label_texts(make_texts(50), [right], store, cap=1).tallies["llm_a"].labels == 50


def test_an_unknown_model_or_address_stops_at_once(
    annotator: MakeAnnotator, store: AnswerStore
) -> None:
    with LabellingServer(is_expert, models=["model-b"]) as server:
        with pytest.raises(InputError, match="does not know this address or model"):
            label_texts(make_texts(50), [annotator(server)], store, cap=1)
        elsewhere = replace(annotator(server, "model-b"), endpoint=server.endpoint + "/v9")
        with pytest.raises(InputError, match="does not know this address or model"):
            label_texts(make_texts(50), [elsewhere], store, cap=1)
    assert store.spent == pytest.approx(0, abs=1e-12)


def test_an_endpoint_that_is_down_is_given_up(annotator: MakeAnnotator, store: AnswerStore) -> None:
    with LabellingServer(is_expert) as server:
        asked = annotator(server)
    texts = make_texts(500)
    with pytest.raises(ComputeError, match=r"llm_a: no connection to the endpoint could be"):
        label_texts(texts, [asked], store, cap=1, retries=QUICK)
    frame = store.answers(question_for(asked.model, texts))
    assert len(frame) <= asked.concurrency
    assert store.settled(question_for(asked.model, texts)) == set()
    assert store.spent == pytest.approx(0, abs=1e-12)


def test_a_model_that_never_answers_properly_is_given_up(
    annotator: MakeAnnotator, store: AnswerStore
) -> None:
    texts = make_texts(500)
    always = lambda call: Fault.TOO_LONG  # noqa: E731
    with LabellingServer(is_expert, faults=always) as server:
        asked = annotator(server)
        with pytest.raises(ComputeError, match="max_output_tokens"):
            label_texts(texts, [asked], store, cap=5, retries=QUICK)
        assert len(server.seen) < 120
    # It is likelier the settings: all of it is asked again once they are mended.
    assert store.settled(question_for(asked.model, texts)) == set()
    with LabellingServer(is_expert) as server:
        assert label_texts(texts, [annotator(server)], store, cap=5).tallies["llm_a"].labels == 500


def test_one_that_stops_does_not_lose_what_others_have_under_way(
    annotator: MakeAnnotator, store: AnswerStore
) -> None:
    texts = make_texts(200)
    with LabellingServer(is_expert) as server, LabellingServer(is_expert, models=[]) as other:
        good, bad = annotator(server), annotator(other, "model-b", concurrency=1)
        with pytest.raises(InputError, match="llm_b"):
            label_texts(texts, [good, bad], store, cap=1)
        answered = {seen.text_hash for seen in server.seen if seen.is_answered}
        assert answered == store.settled(question_for(good.model, texts))
    assert store.spent == pytest.approx(_charged(server))


@pytest.fixture
def keyboard() -> Iterator[None]:
    """Let an interrupt be heard, also where the tests run in the background of a script."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("keyboard")
def test_an_interrupt_keeps_what_is_under_way(annotator: MakeAnnotator, store: AnswerStore) -> None:
    texts = make_texts(2000)
    with LabellingServer(is_expert) as server:
        asked = annotator(server)

        def interrupt() -> None:
            while len(server.seen) < 100:
                time.sleep(0.005)
            os.kill(os.getpid(), signal.SIGINT)

        threading.Thread(target=interrupt).start()
        with pytest.raises(KeyboardInterrupt):
            label_texts(texts, [asked], store, cap=1)
        answered = {seen.text_hash for seen in server.seen if seen.is_answered}
    assert 100 <= len(answered) < 2000
    assert answered == store.settled(question_for(asked.model, texts))
    assert store.spent == pytest.approx(_charged(server))


def test_concurrency_and_rate_are_kept(annotator: MakeAnnotator, store: AnswerStore) -> None:
    with LabellingServer(is_expert) as server:
        asked = annotator(server, requests_per_minute=1200, concurrency=30)
        label_texts(make_texts(40), [asked], store, cap=1)
    times = sorted(seen.at for seen in server.seen)
    assert times[-1] - times[0] >= 39 / 1200 * 60 - 0.1
    assert times[-1] - times[0] < 10


def test_retry_after_holds_the_whole_annotator(
    annotator: MakeAnnotator, store: AnswerStore
) -> None:
    texts = make_texts(60)
    limited = sorted(texts.sizes())[20]
    once = lambda call: (  # noqa: E731
        Fault.RATE_LIMIT
        if call.attempt == 1 and call.text == texts.read([limited])[limited]
        else None
    )
    with LabellingServer(is_expert, faults=once, retry_after=1) as server:
        label_texts(texts, [annotator(server, concurrency=4)], store, cap=1, retries=QUICK)
    refused = next(seen.at for seen in server.seen if seen.fault is Fault.RATE_LIMIT)
    later = [seen.at - refused for seen in server.seen if seen.at > refused]
    # Those that were under way at that moment are a handful; nobody else comes before the second.
    assert sum(wait < 0.9 for wait in later) <= 4
    assert sum(wait >= 0.9 for wait in later) >= 30


def test_costs_are_estimated_before_and_from_what_was_measured(
    annotator: MakeAnnotator, store: AnswerStore
) -> None:
    with LabellingServer(is_expert) as server:
        asked = annotator(server)
        few, many = make_texts(40), make_texts(200)
        question = question_for(asked.model, many)
        assumed = estimate_costs(many.sizes(), [asked], [question], store)[0]
        assert (assumed.texts, assumed.to_ask, assumed.measured) == (200, 200, False)
        label_texts(few, [asked], store, cap=1)
        measured = estimate_costs(many.sizes(), [asked], [question], store)[0]
        assert (measured.texts, measured.to_ask, measured.measured) == (200, 160, True)
        before = store.spent
        label_texts(many, [asked], store, cap=1)
        assert store.spent - before == pytest.approx(measured.cost, rel=0.02)
        assert assumed.cost == pytest.approx(store.spent, rel=0.5)
        nothing = estimate_costs(many.sizes(), [asked], [question], store)[0]
        assert (nothing.to_ask, nothing.cost) == (0, 0)


def test_the_disk_being_full_is_told(annotator: MakeAnnotator, store: AnswerStore) -> None:
    # SQLite answers in the same way when it may take no more pages.
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count = {pages}")
    with (
        LabellingServer(is_expert) as server,
        pytest.raises(ComputeError, match=r"answers\.sqlite: could not be written.*disk is full"),
    ):
        label_texts(make_texts(200), [annotator(server)], store, cap=1)


def test_the_key_comes_from_the_environment(tmp_path: Path) -> None:
    from ml_headcount_assets.labelling.llm_sources import llm_annotator
    from ml_headcount_assets.study.annotators import AnnotatorEntry

    entry = AnnotatorEntry(
        name="llm_a",
        kind="llm",
        model="a-1",
        endpoint="https://api.example.com/v1",
        api_key_env="A_KEY",
        price_per_million=PRICE,
        concurrency=3,
    )
    agreed = {"ML_HEADCOUNT_ALLOW_KEYS": "A_KEY=api.example.com"}
    made = llm_annotator(entry, {"A_KEY": " secret \n", **agreed})
    assert (made.api_key, made.concurrency, made.model) == ("secret", 3, "a-1")
    for environment in ({}, {"A_KEY": " "}):
        with pytest.raises(InputError, match="variable A_KEY is not set"):
            llm_annotator(entry, environment)
