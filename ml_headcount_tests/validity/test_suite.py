"""The suite runs, keeps what it has, goes on, and adds up; on worlds of seconds."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

from ml_headcount_assets.compute.local import LocalCompute
from ml_headcount_assets.errors import InputError
from ml_headcount_assets.validity import methods, suite
from ml_headcount_assets.validity.answer_scores import GROUPINGS, MethodScore, score_answer
from ml_headcount_assets.validity.answers import LEVELS, DrawnAnswer, IntervalAnswer
from ml_headcount_assets.validity.methods import METHODS, estimated
from ml_headcount_assets.validity.oracle import oracle
from ml_headcount_assets.validity.suite import SuitePlan, kept_scores, run_suite, world_seed
from ml_headcount_assets.validity.suite_scores import SuiteScores
from ml_headcount_assets.worlds.scenarios import SCENARIOS
from ml_headcount_assets.worlds.simulation import simulate_study

PLAN = SuitePlan(
    scenarios=("matched", "counts_only"),
    methods=("oracle", "log_debias", "rogan_gladen"),
    worlds=2,
    companies=40,
    profiles=2_000,
    draws=100,
)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SuiteScores]:
    path = tmp_path_factory.mktemp("suite") / "scores.jsonl"
    steps: list[tuple[int, int]] = []
    scores = run_suite(PLAN, path, progress=lambda done, total: steps.append((done, total)))
    assert steps == [(done, 4) for done in range(1, 5)]
    return path, scores


def test_every_method_answers_every_world(kept: tuple[Path, SuiteScores]) -> None:
    _, scores = kept
    found = [(s.scenario, s.world, s.method) for s in scores.scores]
    assert found == [
        (scenario, world, method)
        for scenario in PLAN.scenarios
        for world in range(PLAN.worlds)
        for method in PLAN.methods
    ]
    assert not scores.failures()


def test_worlds_of_two_scenarios_have_nothing_in_common() -> None:
    seeds = {world_seed(PLAN, scenario, w) for scenario in SCENARIOS for w in range(100)}
    assert len(seeds) == 100 * len(SCENARIOS)
    assert world_seed(PLAN, "matched", 0) == 2478987532  # kept scores rest on it


def test_a_run_goes_on_where_it_was_stopped(
    kept: tuple[Path, SuiteScores], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, scores = kept
    lines = path.read_text().splitlines(keepends=True)
    assert len(lines) == len(scores.scores) == 12
    # Killed while it wrote its sixth line.
    stopped = tmp_path / "stopped.jsonl"
    stopped.write_text("".join(lines[:5]) + lines[5][:40])
    simulated = []

    def watched(*arguments):
        simulated.append(arguments)
        return simulate_study(*arguments)

    monkeypatch.setattr(suite, "simulate_study", watched)
    again = run_suite(PLAN, stopped)
    assert len(simulated) == 3  # of four worlds one was finished
    assert [s.groups for s in again.scores] == [s.groups for s in scores.scores]
    assert len(stopped.read_text().splitlines()) == 12
    run_suite(PLAN, stopped)
    assert len(simulated) == 3


def test_processes_change_no_score(kept: tuple[Path, SuiteScores], tmp_path: Path) -> None:
    _, scores = kept
    apart = run_suite(PLAN, tmp_path / "apart.jsonl", compute=LocalCompute(processes=2))
    assert [s.groups for s in apart.scores] == [s.groups for s in scores.scores]
    assert len((tmp_path / "apart.jsonl").read_text().splitlines()) == 12


def test_scores_of_another_plan_are_left_alone(kept: tuple[Path, SuiteScores]) -> None:
    path, _ = kept
    other = SuitePlan(scenarios=("matched",), methods=PLAN.methods, companies=41)
    assert kept_scores(other, path).scores == ()
    fewer = SuitePlan(
        scenarios=("matched",), methods=("oracle",), worlds=1, companies=40, profiles=2_000,
        draws=100,
    )  # fmt: skip
    assert len(kept_scores(fewer, path).scores) == 1


def test_a_file_of_something_else_is_named(tmp_path: Path) -> None:
    path = tmp_path / "notes.jsonl"
    path.write_text(json.dumps({"key": {}}) + "\n")
    with pytest.raises(InputError, match=r"notes.jsonl, line 1"):
        run_suite(PLAN, path)


def test_no_task_begins_after_the_deadline(tmp_path: Path) -> None:
    scores = run_suite(PLAN, tmp_path / "late.jsonl", deadline=time.time() - 1)
    assert scores.scores == ()
    assert str(scores) == "No world has been scored."


def test_summary_agrees_with_the_worlds(kept: tuple[Path, SuiteScores]) -> None:
    _, scores = kept
    table = scores.summary().set_index(["scenario", "method"])
    worlds = [simulate_study("matched", 40, 2_000, world_seed(PLAN, "matched", w)) for w in (0, 1)]
    inside, logs, people = 0, [], 0
    for world in worlds:
        answer = oracle(world, PLAN.draws, world.seed)
        truth = world.truth["experts"].to_numpy()
        low, high = answer.interval(0.8)
        inside += int(((low <= truth) & (truth <= high))[answer.known].sum())
        people += int(answer.known.sum())
        logs.append(
            np.log((answer.mean[answer.known].sum() + 0.5) / (truth[answer.known].sum() + 0.5))
        )
    line = table.loc[("matched", "oracle")]
    assert line["coverage_80"] == pytest.approx(inside / people)
    assert line["total_ratio"] == pytest.approx(np.exp(np.mean(logs)))
    assert line["to_oracle"] == 1
    assert table.loc[("matched", "log_debias"), "to_oracle"] > 1.5
    # A peer that says nothing of half of the companies is measured on the others.
    by_kind = scores.summary("evidence").set_index(["scenario", "method", "group"])
    assert table.loc[("matched", "rogan_gladen"), "to_oracle"] == pytest.approx(
        by_kind.loc[("matched", "rogan_gladen", "profiles"), "to_oracle"]
    )
    assert 0 < table.loc[("counts_only", "rogan_gladen"), "answered"] < 0.6


@pytest.mark.parametrize("by", GROUPINGS)
def test_groups_add_up(kept: tuple[Path, SuiteScores], by: str) -> None:
    frame = kept[1].to_frame()
    keys = ["scenario", "world", "method"]
    for column in ("companies", "answered", "experts", "inside_80"):
        whole = frame[frame["by"] == "all"].set_index(keys)[column]
        parts = frame[frame["by"] == by].groupby(keys, sort=False)[column].sum()
        assert parts.reindex(whole.index).tolist() == whole.tolist()


def test_where_profiles_are_all_there_is_a_peer_meets_the_oracle(
    kept: tuple[Path, SuiteScores],
) -> None:
    table = kept[1].summary("evidence").set_index(["scenario", "method", "group"])
    assert table.loc[("matched", "rogan_gladen", "profiles"), "to_oracle"] > 1
    assert set(table.index.get_level_values("group")) == {"profiles", "accepted", "hits"}


def test_it_prints_a_table(kept: tuple[Path, SuiteScores]) -> None:
    text = str(kept[1])
    assert "counts_only" in text
    assert "rogan_gladen" in text
    assert "groups" not in repr(kept[1].scores[0])


def test_what_goes_wrong_is_the_methods_result(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(world, draws, seed):
        warnings.warn("one rated CV a class", stacklevel=1)
        raise ValueError("no luck")

    monkeypatch.setattr(methods, "oracle", broken)
    plan = SuitePlan(
        scenarios=("2_rated",), methods=("oracle", "log_debias"), worlds=1, companies=20,
        profiles=500, draws=50,
    )  # fmt: skip
    scores = run_suite(plan)
    assert scores.failures() == {"oracle": "ValueError: no luck"}
    assert scores.scores[0].warnings == ("one rated CV a class",)
    table = scores.summary().set_index("method")
    assert table.loc["oracle", ["failed", "warned"]].tolist() == [1, 1]
    assert table.loc["log_debias", "failed"] == 0


def test_who_does_not_warn_is_named() -> None:
    quiet = MethodScore("2_rated", 0, 1, "five_layer", 0.1)
    heard = MethodScore("2_rated", 0, 1, "independent", 0.1, warnings=("too few",))
    easy = MethodScore("matched", 0, 1, "log_debias", 0.1)
    assert SuiteScores((quiet, heard, easy)).silent() == {"2_rated": ["five_layer"]}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"scenarios": ("paradise",)}, "'paradise' is unknown; there are matched"),
        ({"methods": ("guess",)}, "'guess'; there are oracle, hierarchical"),
        ({"methods": ()}, "at least one"),
        ({"worlds": 0}, "at least one"),
    ],
)
def test_plans_of_nothing_are_refused(wrong: dict, words: str) -> None:
    with pytest.raises(InputError, match=words):
        SuitePlan(**wrong)


def test_estimators_and_draws_come_through_one_door() -> None:
    world = simulate_study("matched", 20, 800, seed=1)
    answer = estimated(world, "five_layer", 50, 0)
    groups, companies = score_answer(answer, world)
    whole = groups[0]
    assert whole.answered == whole.companies == whole.ranked
    assert len(whole.inside) == len(whole.total) == len(LEVELS)
    assert list(whole.inside) == sorted(whole.inside)
    assert sum(score for *_, score in companies) == pytest.approx(whole.log_score, abs=1e-2)


def test_answers_without_draws_have_no_ranks_and_one_total() -> None:
    known = np.array([True, True, False])
    ends = {0.8: (np.array([1.0, 2.0, np.nan]), np.array([3.0, 5.0, np.nan]))}
    answer = IntervalAnswer(known, np.array([2.0, 3.0, np.nan]), ends, {0.8: (3.0, 8.0)})
    assert answer.ranks(np.zeros(3, int), np.random.default_rng(0)) is None
    assert answer.interval(0.5) is None
    assert answer.total(np.array([True, True, True]), 0.8) == (3.0, 8.0)
    assert answer.total(np.array([True, False, True]), 0.8) is None


def test_joint_draws_give_the_total_of_any_set() -> None:
    draws = np.array([[1, 2, 3, 4], [4, 3, 2, 1], [9, 9, 9, 9]])
    answer = DrawnAnswer(draws, np.array([True, True, False]))
    assert answer.total(np.array([True, True, True]), 0.8) == (5.0, 5.0)
    assert np.isnan(answer.mean[2])


#: What a borrowed machine has; anything else that is imported ends the script.
BARE = """
import sys
class Nothing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {blocked}:
            raise ImportError(name + " is not on a bare machine")
sys.meta_path.insert(0, Nothing())
sys.argv[1:] = {arguments}
from ml_headcount_assets.validity import suite
suite.main()
"""
BLOCKED = {
    "pydantic", "pandera", "duckdb", "dagster", "click", "rich", "yaml", "pyarrow", "plotly",
    "jinja2", "modal", "aiohttp", "openpyxl",
}  # fmt: skip


def test_it_runs_on_a_bare_machine(tmp_path: Path) -> None:
    arguments = [
        "--out", str(tmp_path / "bare.jsonl"), "--worlds", "1", "--scenario", "reference",
        "--companies", "20", "--profiles", "500", "--draws", "50",
        "--methods", ",".join(m for m in METHODS if m in ("oracle", "five_layer", "log_debias")),
    ]  # fmt: skip
    script = BARE.format(blocked=BLOCKED, arguments=arguments)
    root = Path(suite.__file__).resolve().parents[2]
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert "five_layer" in run.stdout
    assert len((tmp_path / "bare.jsonl").read_text().splitlines()) == 3
