"""Kept ranges are read only if this user has written them, unchanged."""

import hmac
import os
import pickle
import stat

import numpy as np
import pytest

from ml_headcount_assets.compute.modal.kept import KeptRanges
from ml_headcount_assets.compute.modal.messages import Answer, digest
from ml_headcount_assets.compute.user_files import secret_key, user_folder

NAME, OTHER = "ab" * 32, "cd" * 32
ANSWER = Answer.of(NAME, [1, (0.1, "b"), np.arange(3)])


class Planted:
    """What leaves a folder behind when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.fixture
def told():
    return []


@pytest.fixture
def kept(tmp_path, told):
    ranges = KeptRanges(tmp_path / "w.ranges", announce=told.append)
    ranges.keep(ANSWER)
    return ranges


def file_of(kept, name=NAME):
    return kept.directory / f"{name}.range"


def test_what_was_kept_is_found_and_is_private(kept, told):
    assert kept.find(NAME) == ANSWER
    assert told == []
    assert stat.S_IMODE(kept.directory.stat().st_mode) == 0o700
    assert stat.S_IMODE(file_of(kept).stat().st_mode) == 0o600
    assert stat.S_IMODE((user_folder() / "ranges.key").stat().st_mode) == 0o600


@pytest.mark.parametrize("signature", [b"", bytes(32), b"0" * 64])
def test_a_planted_file_is_not_unpickled(kept, told, tmp_path, signature):
    executed = tmp_path / "executed"
    body = pickle.dumps(Planted(executed))
    file_of(kept).write_bytes((signature or digest(body).encode()) + body)
    assert kept.find(NAME) is None
    assert not executed.exists()
    assert not file_of(kept).exists()
    assert len(told) == 1
    assert "was not written by you on this machine" in told[0]
    pickle.loads(body)  # so that it would have been noticed
    assert executed.exists()


def test_an_answer_does_not_pass_for_another_one(kept, told):
    file_of(kept).rename(file_of(kept, OTHER))
    assert kept.find(OTHER) is None
    assert told


def test_a_pickle_that_an_earlier_version_has_signed_is_not_read(kept, told, tmp_path):
    executed = tmp_path / "executed"
    body = pickle.dumps(Planted(executed))
    body = digest(body).encode() + body
    signature = hmac.digest(secret_key("ranges"), NAME.encode() + b"\0" + body, "sha256")
    file_of(kept).write_bytes(signature + body)
    assert kept.find(NAME) is None
    assert not executed.exists()
    assert not file_of(kept).exists()
    assert "of an earlier version" in told[0]
    assert "computed again" in told[0]


@pytest.mark.parametrize("position", [0, 31, 32, 100, -1])
def test_a_changed_byte_is_noticed(kept, told, position):
    content = bytearray(file_of(kept).read_bytes())
    content[position] ^= 1
    file_of(kept).write_bytes(content)
    assert kept.find(NAME) is None
    assert len(told) == 1


def test_one_users_files_are_not_anothers(kept, told, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "another"))
    assert kept.find(NAME) is None
    assert told


def test_a_folder_that_others_write_to_is_not_read(kept, told):
    kept.directory.chmod(0o777)
    assert kept.find(NAME) is None
    assert "chmod 700" in told[0]
    assert file_of(kept).exists()


def test_a_link_is_not_followed(kept, told, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    file_of(kept).rename(elsewhere)
    file_of(kept).symlink_to(elsewhere)
    assert kept.find(NAME) is None
    assert told
