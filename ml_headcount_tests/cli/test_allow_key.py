"""Agreeing on the command line that a key is sent: by an option, or when asked."""

import pytest

from ml_headcount_assets.cli import study as commands
from ml_headcount_assets.labelling.key_consent import KeyUse, is_allowed
from ml_headcount_assets.study.annotators import AnnotatorEntry

USE = KeyUse("A_KEY", "api.example.com")


class Asking:
    """A study with one annotator that wants a key."""

    name = "a study"
    annotators = (
        AnnotatorEntry(
            name="llm_a",
            kind="llm",
            model="m",
            endpoint="https://api.example.com/v1",
            api_key_env="A_KEY",
            price_per_million={"input": 1, "output": 1},
        ),
    )


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def test_an_option_agrees_and_nobody_is_asked(monkeypatch):
    monkeypatch.setattr(commands, "ask", lambda question: pytest.fail("asked"))
    commands._agree_on_keys(Asking, (str(USE),))
    assert is_allowed(USE, {})


@pytest.mark.parametrize("answer", [True, False])
def test_a_person_is_asked_once_by_variable_and_host(monkeypatch, answer):
    asked = []
    monkeypatch.setattr(commands, "ask", lambda question: asked.append(question) or answer)
    commands._agree_on_keys(Asking, ())
    assert is_allowed(USE, {}) is answer
    commands._agree_on_keys(Asking, ())
    assert len(asked) == (1 if answer else 2)
    assert "A_KEY to api.example.com" in asked[0]


def test_where_nobody_can_be_asked_nothing_is_agreed_to():
    commands._agree_on_keys(Asking, ())  # the tests have no terminal
    assert not is_allowed(USE, {})
