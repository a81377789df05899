"""The worker's function where it will run: with the packages of its image and no others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from operator import mul

import numpy as np
import pytest

from ml_headcount_assets.compute.local import LocalCompute
from ml_headcount_assets.compute.modal.compute import ModalCompute
from ml_headcount_assets.compute.modal.messages import Answer, Request
from ml_headcount_assets.compute.modal.ranges import Work
from ml_headcount_assets.compute.modal.settings import ModalSettings
from ml_headcount_assets.compute.modal.worker import run_range
from ml_headcount_assets.errors import ComputeError
from ml_headcount_assets.model import HeadcountResult, estimate_headcount
from ml_headcount_assets.text.keywords.embedding import embed
from ml_headcount_assets.text.keywords.encoder import SentenceEncoder
from ml_headcount_assets.worlds.simulation import SimulatedWorld

from .fresh_process import FreshProcess
from .stand_in import Machine, StandIn

# Many enough that every stage is cut: blocks of draws, companies of both kinds.
SETTINGS = ModalSettings(
    cores=1, tasks_per_range=12, in_flight=2, poll_seconds=0.01, least_seconds=0
)


def estimate(world: SimulatedWorld, compute) -> HeadcountResult:
    return estimate_headcount(
        world.validation, world.profiles, world.companies, "five_layer", draws=70, compute=compute
    )


def test_a_whole_estimate_has_the_same_bits_with_workers_killed_and_late(
    world: SimulatedWorld, machine: Machine
) -> None:
    service = StandIn(machine, plan={0: "kill", 2: "late"})
    # On a busy machine ranges that nobody planned to be late may be overdue as well.
    modal = ModalCompute(replace(SETTINGS, overdue_seconds=6), client=service)
    remote = estimate(world, modal)
    local = estimate(world, LocalCompute())
    assert remote.draws.dtype == local.draws.dtype == np.int32
    np.testing.assert_array_equal(remote.draws.data, local.draws.data)
    assert remote.intervals().equals(local.intervals())
    assert remote.total() == local.total()
    assert remote.diagnostics == local.diagnostics
    asked = service.times_asked()
    for planned in service.plan:
        assert asked[service.requests[planned].range_id] >= 2
    # Draws and pattern tables travel, not profiles: 100 draws of 2 x (2**5 + 5 x 5) doubles are
    # 90 kB, and a company is less than 1 kB.
    assert max(len(request.to_bytes()) for request in service.requests) < 150_000


def test_a_range_uses_all_cores_of_a_worker(machine: Machine) -> None:
    service = StandIn(machine)
    modal = ModalCompute(replace(SETTINGS, cores=2), client=service)
    # Long enough that the second process has begun before the first has done everything.
    names = modal.map(eval, ["__import__('time').sleep(0.3) or __import__('os').getpid()"] * 12)
    assert len(service.requests) == 1
    assert service.requests[0].cores == 2
    assert len(set(names)) == 2


NEEDED = ("numpy", "scipy", "pandas", "torch", "ml_headcount_assets.model")
ABSENT = ("dagster", "duckdb", "pydantic", "pyarrow", "yaml", "click", "modal", "plotly", "pandera")
TEXT = ("sentence_transformers", "transformers", "keybert", "sklearn")


def importable(names: tuple[str, ...]) -> list[str]:
    return [f"__import__('importlib.util').util.find_spec({name!r}) is not None" for name in names]


def test_workers_have_the_packages_of_their_images_only(machine: Machine) -> None:
    modal = ModalCompute(replace(SETTINGS, tasks_per_range=99), client=StandIn(machine))
    here = NEEDED + ABSENT + TEXT
    assert all(LocalCompute().map(eval, importable(here)))
    assert modal.map(eval, importable(NEEDED)) == [True] * len(NEEDED)
    assert not any(modal.map(eval, importable(ABSENT + TEXT)))
    on_gpu = partial(modal.map, eval, worker="gpu")
    assert on_gpu(importable(NEEDED + TEXT)) == [True] * len(NEEDED + TEXT)
    missing = ("dagster", "duckdb", "pyarrow", "modal", "plotly", "pandera")
    assert not any(on_gpu(importable(missing)))


def test_torch_computes_on_the_gpu_worker(machine: Machine) -> None:
    pytest.importorskip("torch")
    service = StandIn(machine)
    task = "(lambda torch: (torch.arange(5.0).double() @ torch.ones(5).double()).item())"
    task += "(__import__('torch'))"
    assert ModalCompute(SETTINGS, client=service).map(eval, [task], worker="gpu") == [10.0]
    assert [request.worker for request in service.requests] == ["gpu"]


def test_texts_are_embedded_on_the_gpu_worker_as_they_are_here(machine: Machine) -> None:
    texts = ["trains neural networks", "keeps the books", "a much longer text " * 200]
    service = StandIn(machine)
    there = ModalCompute(SETTINGS, client=service)
    sent = embed(texts, SentenceEncoder(), compute=there)
    assert [request.worker for request in service.requests] == ["gpu"]
    # Threads add up in another order; vectors have length 1 and are of single precision.
    np.testing.assert_allclose(sent, embed(texts, SentenceEncoder()), atol=1e-5)


def request(**other: object) -> Request:
    work = Work(partial(mul, 2), [1, 2, 3], 3, "cpu")
    return replace(work.request(work.ranges[0], 1), **other)


def test_a_request_is_answered() -> None:
    answer = Answer.from_bytes(run_range(request().to_bytes()))
    assert answer.values() == [2, 4, 6]
    assert answer.range_id == request().range_id


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"source": "0" * 64}, "not the one that sent the work"),
        ({"versions": {"numpy": "1.0"}}, "numpy .* instead of 1.0"),
        ({"versions": {"python": "3.99"}}, "python .* instead of 3.99"),
    ],
)
def test_a_worker_refuses_what_it_would_compute_differently(
    other: Mapping[str, object], reason: str
) -> None:
    unreadable = request(**other, function=b"of another version")

    def outdated(worker: str, payload: bytes, kill: bool) -> bytes:
        return run_range(unreadable.to_bytes())

    answer = Answer.from_bytes(outdated("cpu", b"", False))
    assert not answer.results
    service = StandIn(_answering(answer))
    with pytest.raises(ComputeError, match=rf"refuses to compute, since .*{reason}"):
        ModalCompute(SETTINGS, client=service).map(partial(mul, 2), [1, 2, 3])
    assert len(service.requests) == 1


def _answering(answer: Answer) -> Callable[[str, bytes, bool], bytes]:
    """Return a machine that gives the same answer to any request."""

    def run(worker: str, payload: bytes, kill: bool) -> bytes:
        return replace(answer, range_id=Request.from_bytes(payload).range_id).to_bytes()

    return run


def test_a_changed_source_is_refused_in_a_fresh_process(
    workers: Mapping[str, FreshProcess], tmp_path
) -> None:
    import shutil

    source = workers["cpu"].source / "ml_headcount_assets"
    copy = tmp_path / "source" / "ml_headcount_assets"
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
    where = {"module": "ml_headcount_assets.compute.modal.worker", "function": "run_range"}
    changed = replace(workers["cpu"], source=copy.parent)
    same = Answer.from_bytes(changed.run(request().to_bytes(), **where))
    assert same.values() == [2, 4, 6]
    with (copy / "model" / "streams.py").open("a") as file:
        file.write("# other\n")
    refused = Answer.from_bytes(changed.run(request().to_bytes(), **where))
    assert refused.refused
    assert not refused.results


def test_ids_tell_ranges_apart_and_nothing_else() -> None:
    def ids(function, tasks, size: int = 2, worker: str = "cpu") -> list[str]:
        return [part.range_id for part in Work(function, tasks, size, worker).ranges]

    text = "ab"
    first = ids(partial(mul, 2), [text, text, 3])
    assert len(set(first)) == 2
    assert first == ids(partial(mul, 2), ["".join(["a", "b"]), text, 3])
    assert first != ids(partial(mul, 3), [text, text, 3])
    assert first != ids(partial(mul, 2), [text, text, 3], worker="gpu")
    assert first[1] == ids(partial(mul, 2), [text, "cd", 3])[1]
    assert first[0] != ids(partial(mul, 2), [text, "cd", 3])[0]
