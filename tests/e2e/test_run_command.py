"""`findings run` and `findings train` as a user meets them."""

import os
import signal
import time
from pathlib import Path

import pytest

from launching import PARAMETERS, Findings, all_numbers, here, records, training, until, workers, write_sweep


def test_a_time_limit_and_an_interrupt_stop_cleanly_and_the_same_command_goes_on(tmp_path: Path) -> None:
    sweep = write_sweep(tmp_path, "limits", seeds=1, recipe__iterations=200_000)
    interrupted = Findings(tmp_path, "run", sweep, "--jobs", "1")
    until(training(tmp_path))
    interrupted.process.send_signal(signal.SIGINT)
    assert "received SIGINT: writing checkpoints" in interrupted.wait(75)
    (record,) = records(tmp_path).values()
    assert (record["status"], record["reason"]) == ("interrupted", "received SIGTERM")
    reached = record["iteration"]
    assert reached > 0

    for seconds in (2, 4, 8, 16, 32):  # until one is long enough for the start, too
        output = here(tmp_path, "run", sweep, "--jobs", "1", "--time-limit", f"{seconds}s", code=75)
        assert "the time limit is reached: writing checkpoints" in output
        assert "0 of 1 runs finished; the same command goes on with the others" in output
        (record,) = records(tmp_path).values()
        assert record["status"] == "interrupted"
        if record["iteration"] > reached:
            break
    assert reached < record["iteration"] < 200_000


def test_a_failed_run_is_listed_and_stops_no_other_and_neither_is_trained_again(tmp_path: Path) -> None:
    sweep = write_sweep(tmp_path, "failing", seeds=1, recipe__iterations=24, recipe__milestones=[])
    path = tmp_path / "sweeps" / f"{sweep}.yaml"
    path.write_text(
        path.read_text().replace("  recipe.lr:\n    value: 0.1\n", "  recipe.lr: {values: [1.0e+30, 0.1]}\n")
    )
    output = here(tmp_path, "run", sweep, "--jobs", "1", code=1)
    assert "1 of 2 runs finished" in output
    assert output.count("\nfailed: ") == 1
    assert "diverged" in output
    before = records(tmp_path)
    assert sorted(record["status"] for record in before.values()) == ["failed", "finished"]
    assert [record["diverged"] for record in before.values() if record["status"] == "failed"] == [True]

    again = here(tmp_path, "run", sweep, "--jobs", "1", code=1)
    assert "skipped" in again
    assert "--retry-failed tries again" in again
    assert records(tmp_path) == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_train_obeys_a_signal_at_the_next_chunk(number: signal.Signals, tmp_path: Path) -> None:
    changed = PARAMETERS | {"recipe.iterations": 2000, "trainer.checkpoint_every": 60}
    arguments = [f"{key}={value}" for key, value in changed.items()]
    process = Findings(tmp_path, "train", *arguments)
    until(training(tmp_path))
    sent = time.monotonic()
    process.process.send_signal(number)
    output = process.wait(75)
    assert time.monotonic() - sent < 10
    assert f"interrupted: received {number.name}" in output
    (record,) = records(tmp_path).values()
    assert record["status"] == "interrupted"
    rows = next(iter(all_numbers(tmp_path).values()))
    assert int(rows[-1]["iteration"]) <= record["iteration"] < 2000
    assert next(tmp_path.glob("runs/*/checkpoints/last.ckpt")).stat().st_size > 0


def test_a_worker_that_alone_is_told_to_end_costs_no_run(tmp_path: Path) -> None:
    sweep = write_sweep(tmp_path, "lonely", seeds=2, recipe__iterations=96, recipe__milestones=[])
    findings = Findings(tmp_path, "run", sweep, "--jobs", "1")
    until(training(tmp_path))
    os.kill(workers(tmp_path)[0], signal.SIGTERM)
    output = findings.wait(0)
    assert "2 of 2 runs finished" in output
    assert [record["status"] for record in records(tmp_path).values()] == ["finished", "finished"]


def test_workers_end_with_the_command_that_started_them(tmp_path: Path) -> None:
    sweep = write_sweep(tmp_path, "orphans", seeds=2, recipe__iterations=20_000)
    findings = Findings(tmp_path, "run", sweep, "--jobs", "2")
    until(lambda: len(workers(tmp_path)) == 2 and training(tmp_path)())
    findings.process.kill()
    until(lambda: not workers(tmp_path), seconds=20)
    assert {record["status"] for record in records(tmp_path).values()} == {"interrupted"}
