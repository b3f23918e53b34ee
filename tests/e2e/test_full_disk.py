"""A full disk stops what needs it, in one line, and loses nothing: once there is room, the same command goes on."""

import contextlib
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from findings.cli.main import main
from findings.system.files import NoRoom, write_atomically
from launching import write_sweep
from tiny_runs import go, numbers, record_of, tiny, trained_once

KIB = 400


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 400 KiB, which takes a few rows, but no checkpoint beside what fills it."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={KIB}k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small file system, and not in every container")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> Path:
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    return filler


def left_over(folder: Path) -> list[str]:
    """Hidden files beside those that are locks."""
    return [path.name for path in folder.rglob(".*") if "lock" not in path.name]


def test_a_run_waits_and_goes_on_where_it_was(small: Path, tmp_path: Path) -> None:
    config = tiny(small)
    assert go(config, until=12).status == "interrupted"
    filler = fill(small)
    outcome = go(config)
    assert (outcome.status, outcome.waits) == ("interrupted", True)
    assert "no space left for it" in outcome.reason
    assert str(small) in outcome.reason
    assert left_over(small) == []
    filler.unlink()
    assert go(config).status == "finished"
    assert numbers(record_of(config)) == trained_once()


@pytest.mark.parametrize("command", ["train", "run"])
def test_a_command_says_so_in_one_line_and_goes_on_later(
    command: str, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    sweep = write_sweep(tmp_path, "full", seeds=2, recipe__iterations=24, recipe__milestones=[])
    arguments = {
        "train": ["train", "model=resnet8", "model.width=4", "recipe.iterations=22", "recipe.milestones=[]"],
        "run": ["run", sweep, "--jobs", "1"],
    }[command]
    arguments += ["tracking=none", f"runs_dir={small}", *(["recipe.warmup_iterations=0"] if command == "train" else [])]
    filler = fill(small)
    assert main(arguments) == 75
    told = capsys.readouterr()
    assert "no space left for it" in told.err + told.out
    assert "Traceback" not in told.err + told.out
    filler.unlink()
    assert main(arguments) == 0
    assert {record["status"] for record in records_of(small)} == {"finished"}


def records_of(folder: Path) -> list[dict]:
    return [json.loads(path.read_text()) for path in folder.glob("*/record.json")]


def test_an_export_that_does_not_fit_leaves_nothing(small: Path, tmp_path: Path) -> None:
    config = tiny(tmp_path / "runs")
    go(config, until=12)
    filler = fill(small)
    assert main(["export", str(small / "packed"), f"runs_dir={tmp_path / 'runs'}"]) == 75
    filler.unlink()
    assert main(["export", str(small / "packed"), f"runs_dir={tmp_path / 'runs'}"]) == 0


def test_the_bytes_that_are_needed_are_told(small: Path) -> None:
    with pytest.raises(NoRoom, match=r"small/file: no space left for it \(1,000,000 bytes are needed\)"):
        write_atomically(small / "file", bytes(1_000_000))
    assert list(small.iterdir()) == []
