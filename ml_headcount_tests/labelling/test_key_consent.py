"""No study sends a key to a host that the user has not agreed to."""

import stat

import pytest

from ml_headcount_assets.compute.user_files import user_folder
from ml_headcount_assets.errors import InputError
from ml_headcount_assets.labelling.key_consent import (
    KeyUse,
    allow_key,
    is_allowed,
    unallowed_keys,
)
from ml_headcount_assets.labelling.llm_sources import llm_annotator
from ml_headcount_assets.study.annotators import AnnotatorEntry

OURS = KeyUse("A_KEY", "api.example.com")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("ML_HEADCOUNT_ALLOW_KEYS", raising=False)


def entry(endpoint="https://api.example.com/v1", variable="A_KEY"):
    return AnnotatorEntry(
        name="llm_a",
        kind="llm",
        model="m",
        endpoint=endpoint,
        api_key_env=variable,
        price_per_million={"input": 1, "output": 1},
    )


def test_a_key_is_refused_until_the_user_agrees_and_then_for_good():
    keys = {"A_KEY": "secret"}
    with pytest.raises(InputError) as caught:
        llm_annotator(entry(), keys)
    assert "--allow-key A_KEY=api.example.com" in str(caught.value)
    assert "secret" not in str(caught.value)
    allow_key(OURS)
    assert llm_annotator(entry(), keys).api_key == "secret"
    assert stat.S_IMODE((user_folder() / "allowed-keys").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("endpoint", "variable"),
    [
        ("https://evil.example/v1", "A_KEY"),
        ("https://api.example.com.evil.example/v1", "A_KEY"),
        ("https://api.example.com:8443/v1", "A_KEY"),
        ("https://api.example.com/v1", "ANOTHER_KEY"),
    ],
)
def test_another_host_or_another_key_is_asked_about_again(endpoint, variable):
    allow_key(OURS)
    assert unallowed_keys([entry()]) == []
    use = KeyUse.of(entry(endpoint, variable))
    assert unallowed_keys([entry(endpoint, variable)], {variable: "k"}) == [use]
    with pytest.raises(InputError, match="have not agreed to yet"):
        llm_annotator(entry(endpoint, variable), {variable: "k"})


def test_the_environment_can_agree_to_several():
    named = {"ML_HEADCOUNT_ALLOW_KEYS": "B=b.example, A_KEY=API.example.com"}
    assert is_allowed(OURS, named)
    assert is_allowed(KeyUse("B", "b.example"), named)
    assert not is_allowed(KeyUse("B", "api.example.com"), named)


def test_what_was_agreed_to_adds_up():
    allow_key(OURS)
    allow_key(KeyUse("B", "b.example"))
    assert is_allowed(OURS, {})
    assert is_allowed(KeyUse("B", "b.example"), {})


@pytest.mark.parametrize("text", ["", "A", "=x", "A=", "A=https://x/v1", "A=x\x1b[31m"])
def test_what_says_nothing_is_refused(text):
    with pytest.raises(InputError, match="Write VARIABLE=HOST"):
        KeyUse.parse(text)


def test_a_file_that_others_can_write_to_agrees_to_nothing():
    allow_key(OURS)
    (user_folder() / "allowed-keys").chmod(0o666)
    with pytest.raises(InputError, match="chmod 600"):
        is_allowed(OURS, {})


@pytest.mark.parametrize("key", ["a\nb", "a\0b", "k\u2026y", "two words"])
def test_what_is_no_key_is_told_without_showing_it(key):
    allow_key(OURS)
    with pytest.raises(InputError, match="holds is no key") as caught:
        llm_annotator(entry(), {"A_KEY": key})
    assert key not in str(caught.value)
