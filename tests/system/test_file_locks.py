"""A lock is one process's at a time, also where the file system knows none."""

import errno
import fcntl
import os
import time
from pathlib import Path

import pytest

from findings.system import locks
from findings.system.locks import locked


@pytest.fixture(params=["flock", "no flock"])
def path(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    if request.param == "no flock":

        def refused(*_: object) -> None:
            raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

        monkeypatch.setattr(fcntl, "flock", refused)
    return tmp_path / "lock"


def test_one_holds_it_at_a_time(path: Path) -> None:
    with locked(path), pytest.raises(BlockingIOError), locked(path, wait=False):
        pass
    with locked(path, wait=False):
        pass


def test_an_error_of_another_kind_is_no_lack_of_locks(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="Is a directory"), locked(tmp_path):
        pass


def test_what_a_killed_process_held_is_free_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(fcntl, "flock", refused)
    left = tmp_path / "lock.held"
    left.touch()
    with pytest.raises(BlockingIOError), locked(tmp_path / "lock", wait=False):
        pass
    long_ago = time.time() - locks.ABANDONED - 1
    os.utime(left, (long_ago, long_ago))
    with locked(tmp_path / "lock", wait=False):
        pass
    assert not left.exists()
