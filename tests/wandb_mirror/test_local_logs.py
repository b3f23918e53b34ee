"""W&B's own tools find all runs of a sweep in one folder."""

import subprocess
import sys
from pathlib import Path

import pytest

import transaction_log
from findings.cli.main import main
from findings.records.record import Record
from tiny_runs import go, record_of, tiny


@pytest.fixture(autouse=True)
def no_account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for key in ("WANDB_API_KEY", "WANDB_MODE", "WANDB_BASE_URL"):
        monkeypatch.delenv(key, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("WANDB_DIR", str(tmp_path / "elsewhere"))


def test_logs_of_all_runs_lie_together_and_leet_reads_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    records: list[Record] = []
    for seed in (0, 1):
        config = tiny(tmp_path, seed=seed)  # without W&B
        go(config)
        records.append(record_of(config))
    folder = tmp_path / "together"
    for _ in range(2):  # the second replaces what the first wrote
        assert main(["sync", "--local", str(folder), f"runs_dir={records[0].directory.parent}"]) == 0
        assert f"2 of 2 runs are in {folder}/wandb: `wandb leet {folder}/wandb`" in capsys.readouterr().out
        assert len(list((folder / "wandb").glob("offline-run-*"))) == 2
    segments = {segment["run"].run_id: segment for segment in transaction_log.segments(folder)}
    for record in records:
        rows = segments[record.directory.name]["rows"]
        assert [row["test_error"] for row in rows] == pytest.approx([float(row["test_error"]) for row in record.rows()])
    (log,) = (folder / "wandb").glob(f"offline-run-*-{records[1].directory.name}/*.wandb")
    leet = [sys.executable, "-m", "wandb", "leet", "inspect", "--summary", str(log)]
    done = subprocess.run(leet, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "test_error" in done.stdout
    assert segments[records[1].directory.name]["run"].display_name in done.stdout


def test_nothing_to_write_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sync", "--local", str(tmp_path / "x"), f"runs_dir={tmp_path / 'runs'}"]) == 2
    assert "holds no run that has rows" in capsys.readouterr().err
    assert main(["sync", "--local", "x", "--watch"]) == 2
    assert "--local: is done once" in capsys.readouterr().err
