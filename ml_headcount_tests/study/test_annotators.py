"""LLM annotators in the configuration: what is accepted, what is refused, and in which words."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.study import Study, load_study

_FREE = {"input": 0, "output": 0}
_LLM = {
    "name": "llm_a",
    "kind": "llm",
    "model": "a-1",
    "endpoint": "https://api.example.com/v1",
    "price_per_million": {"input": 0.3, "output": 2.5},
}


def _load(directory: Path, *entries: dict[str, object], **settings: object) -> Study:
    for name in ("companies.csv", "validation.csv", "profiles.csv"):
        (directory / name).write_text("x")
    content = {"annotators": list(entries), **settings}
    (directory / "study.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return load_study(directory)


def test_everything_that_can_be_said(tmp_path: Path) -> None:
    limits = {"requests_per_minute": 500, "tokens_per_minute": 200_000, "concurrency": 30}
    entry = {**_LLM, **limits, "api_key_env": "A_KEY", "max_output_tokens": 4000}
    study = _load(tmp_path, entry, {"name": "filter_broad_yes", "kind": "filter"}, spending_cap=25)
    assert study.spending_cap == 25
    llm, keyword_filter = study.annotators or ()
    assert (llm.model, llm.endpoint, llm.api_key_env) == ("a-1", _LLM["endpoint"], "A_KEY")
    assert (llm.requests_per_minute, llm.tokens_per_minute, llm.concurrency) == (500, 200_000, 30)
    assert llm.price_per_million is not None
    assert (llm.price_per_million.input, llm.price_per_million.output) == (0.3, 2.5)
    assert llm.max_output_tokens == 4000
    assert keyword_filter.endpoint is None


def test_imported_labels_may_name_their_model(tmp_path: Path) -> None:
    study = _load(tmp_path, {"name": "llm_a", "kind": "llm", "model": "a-1"})
    assert study.annotators is not None
    assert study.annotators[0].model == "a-1"


def test_a_free_endpoint_needs_no_cap(tmp_path: Path) -> None:
    local = {"endpoint": "http://localhost:11434/v1", "price_per_million": _FREE}
    assert _load(tmp_path, {**_LLM, **local}).spending_cap is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "filter"}, "a keyword filter has no model and no endpoint"),
        ({"model": None}, "an 'endpoint' needs a 'model'"),
        ({"price_per_million": None}, "needs 'price_per_million'.*zeros if it costs nothing"),
        ({"endpoint": None}, "'price_per_million' needs an 'endpoint'"),
        ({"endpoint": "api.example.com/v1"}, "an address such as https"),
        ({"endpoint": "https://host:port/v1"}, "an address such as https"),
        ({"endpoint": "https://[::1/v1"}, "an address such as https"),
        ({"endpoint": "https://me:secret@example.com/v1"}, "no user, password or query"),
        ({"endpoint": "https://example.com/v1?key=secret"}, "no user, password or query"),
        ({"endpoint": "http://example.com", "api_key_env": "K"}, "travel unencrypted"),
        ({"price_per_million": {"input": -1, "output": 0}}, "price_per_million.input"),
        ({"price_per_million": {"input": 1}}, "price_per_million.output.* is missing"),
        ({"requests_per_minute": 0}, "requests_per_minute"),
        ({"concurrency": 2.5}, "concurrency"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    entry = {key: value for key, value in {**_LLM, **changes}.items() if value is not None}
    with pytest.raises(InputError, match=message) as raised:
        _load(tmp_path, entry, spending_cap=10)
    assert "secret" not in str(raised.value)


def test_there_has_to_be_something_to_ask_about(tmp_path: Path) -> None:
    _load(tmp_path, _LLM, spending_cap=10)
    (tmp_path / "profiles.csv").rename(tmp_path / "profile_labels.csv")
    with pytest.raises(InputError, match="llm_a has an 'endpoint', but the study has no raw"):
        load_study(tmp_path)


def test_money_needs_a_cap(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="llm_a costs money; say how much may be spent in all"):
        _load(tmp_path, _LLM)
    with pytest.raises(InputError, match="spending_cap"):
        _load(tmp_path, _LLM, spending_cap=-1)


def test_a_model_is_one_annotator(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="model: 'a-1' is listed more than once"):
        _load(tmp_path, _LLM, {**_LLM, "name": "llm_b"}, spending_cap=10)


def test_a_derived_annotator_is_not_asked(tmp_path: Path) -> None:
    others = [{"name": name, "kind": "llm"} for name in ("llm_x", "llm_y")]
    with pytest.raises(InputError, match="a derived annotator is not asked"):
        _load(tmp_path, {**_LLM, "derived": ["llm_x", "llm_y"]}, *others, spending_cap=10)
