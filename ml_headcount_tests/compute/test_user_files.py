"""The user's own files: private, made once, told if somebody else can change them."""

import stat

import pytest

from ml_headcount_assets.compute.user_files import secret_key, user_folder
from ml_headcount_assets.errors import InputError


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config" / "ml-headcount"


def test_a_key_is_made_once_and_is_private(home):
    key = secret_key("some")
    assert len(key) == 32
    assert secret_key("some") == key != secret_key("other")
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in home.iterdir()} == {0o600}


def test_a_key_that_others_can_read_is_refused(home):
    secret_key("some")
    (home / "some.key").chmod(0o640)
    with pytest.raises(InputError, match=r"chmod 600 .*some\.key"):
        secret_key("some")


def test_a_folder_of_others_is_refused(home):
    user_folder().chmod(0o755)
    with pytest.raises(InputError, match="chmod 700"):
        user_folder()


def test_a_damaged_key_is_told(home):
    secret_key("some")
    (home / "some.key").write_bytes(b"")
    with pytest.raises(InputError, match="Delete it; the next run makes another one"):
        secret_key("some")


def test_a_folder_that_cannot_be_made_is_told(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "file"))
    with pytest.raises(InputError, match="Set XDG_CONFIG_HOME"):
        user_folder()
