"""What `findings doctor` says of the place where records are kept, and of runs that W&B does not have."""

import errno
from pathlib import Path

import pytest

from findings.cli.main import main
from findings.wandb_mirror.mirror import uploading
from tiny_runs import go, record_of, tiny


def told(capsys: pytest.CaptureFixture[str], runs_dir: Path, row: str) -> str:
    """A row of the table."""
    assert main(["doctor", f"runs_dir={runs_dir}"]) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith(row)]
    return line.removeprefix(row).strip()


def test_the_locks_of_the_place_for_records_are_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ": its locks hold, " in told(capsys, tmp_path / "not" / "there", "runs_dir")
    assert list(tmp_path.iterdir()) == []

    def without(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", without)
    assert "has no locks, and files stand in for them" in told(capsys, tmp_path, "runs_dir")
    monkeypatch.setattr("fcntl.flock", lambda *_: None)  # of all who ask at a time
    assert "has no locks" in told(capsys, tmp_path, "runs_dir")
    assert "nothing can be written there" in told(capsys, Path("/proc/self"), "runs_dir")


def test_runs_whose_mirror_has_died_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tiny(tmp_path / "runs")
    go(config)
    record = record_of(config)
    assert told(capsys, tmp_path / "runs", "not in W&B") == "nothing that should be"
    record.update(wandb={"id": "abc"})
    assert told(capsys, tmp_path / "runs", "not in W&B").startswith(f"{record.directory.name}, of which nobody sends")
    with uploading(record.directory, wait=False):
        assert told(capsys, tmp_path / "runs", "not in W&B") == "nothing that should be"
