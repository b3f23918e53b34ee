"""Files on a network's file system, which may lose sight of one that another machine replaces."""

import errno
from pathlib import Path

import pytest

from findings.records.lease import lease, leased
from findings.records.record import Record
from findings.system import files


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What the next reads end with, before one that succeeds."""
    errors: list[int] = []
    whole = Path.read_bytes

    def read_bytes(path: Path) -> bytes:
        if errors:
            raise OSError(errors.pop(), "of a network's file system", str(path))
        return whole(path)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    monkeypatch.setattr(files, "PAUSE", 0.0)
    return errors


@pytest.mark.parametrize("error", [errno.ESTALE, errno.EIO])
def test_what_passes_is_read_again(error: int, failing: list[int], tmp_path: Path) -> None:
    Record(tmp_path).update(status="running")
    failing += [error] * 3
    assert Record(tmp_path).status == "running"
    assert failing == []


def test_what_does_not_pass_is_an_error_and_no_missing_file(failing: list[int], tmp_path: Path) -> None:
    Record(tmp_path).update(status="running")
    failing += [errno.EIO] * 9
    with pytest.raises(OSError, match="of a network's file system"):
        Record(tmp_path)


def test_a_lease_that_cannot_be_read_for_a_moment_is_not_taken_for_none(failing: list[int], tmp_path: Path) -> None:
    with lease(tmp_path):
        failing += [errno.ESTALE]
        assert leased(tmp_path)
        failing += [errno.EIO] * 9
        with pytest.raises(OSError, match="of a network's file system"):
            leased(tmp_path)
