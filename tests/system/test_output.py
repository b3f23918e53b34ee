"""Whoever reads what a command prints may go away; the command goes on."""

import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from findings.system import terminal
from findings.system.terminal import Output
from launching import records, training, until, write_sweep


def without_reader() -> Output:
    reading, writing = os.pipe()
    os.close(reading)
    return Output(os.fdopen(writing, "w"))


def test_what_nobody_reads_is_lost_without_an_error() -> None:
    output = without_reader()
    for _ in range(3):
        print("x" * 100_000, file=output, flush=True)
    output.stream.close()  # what was in its buffer is not tried again


def test_a_closed_stream_is_no_error_either() -> None:
    output = Output(io.StringIO())
    output.stream.close()
    print("lost", file=output, flush=True)


def test_what_is_read_arrives() -> None:
    output = Output(io.StringIO())
    print("here", file=output, flush=True)
    assert output.getvalue() == "here\n"
    assert not output.isatty()


def test_a_log_has_nothing_that_moves_whatever_colour_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert not terminal.animated()
    assert not terminal.console().is_terminal


def test_a_sweep_into_a_full_device_is_trained_to_its_end(tmp_path: Path) -> None:
    sweep = write_sweep(tmp_path, "unheard", seeds=1, recipe__iterations=48, recipe__milestones=[])
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "findings.cli", "run", sweep, "--jobs", "1"], cwd=tmp_path, stdout=full, stderr=full
        )
    assert done.returncode == 0
    assert [record["status"] for record in records(tmp_path).values()] == ["finished"]


def test_a_table_that_is_cut_by_head_is_no_failure(tmp_path: Path) -> None:
    sweep = write_sweep(tmp_path, "many", seeds=2)
    command = f"{sys.executable} -m findings.cli plan {sweep} | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_one_signal_stops_all_of_a_multirun(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "findings.cli", "train", "-m", "seed=0,1,2", "model=resnet8", "tracking=none"]
    command += ["recipe.iterations=40000", "recipe.milestones=[]", "recipe.warmup_iterations=0"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    until(training(tmp_path), 120)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 75, output
    assert [record["status"] for record in records(tmp_path).values()] == ["interrupted"]
