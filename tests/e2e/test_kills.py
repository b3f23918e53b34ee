"""Killed anywhere and started again, a run equals the undisturbed one. (Moments are drawn from a fixed generator.)"""

import multiprocessing as mp
import os
import random
import signal
import time
from pathlib import Path

import pytest
from victim import train_frozen

from findings.config.compose import Composer
from findings.config.frozen import freeze
from findings.planning.sweeps import expand, read
from launching import Findings, all_numbers, records, training, until, workers, write_sweep

SEEDS = 2


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, list[dict[str, str]]], list[Path]]:
    """The rows of the sweep's runs, and their configs."""
    directory = tmp_path_factory.mktemp("undisturbed")
    write_sweep(directory, "kills", seeds=SEEDS)
    combinations, _ = expand(read(directory / "sweeps" / "quick" / "kills.yaml"), [])
    files = []
    for seed, combination in enumerate(combinations):
        run = Composer().compose([f"{key}={value}" for key, value in combination.items()])
        files.append(directory / f"{seed}.yaml")
        files[-1].write_text(freeze(run))
        process = victim(files[-1], directory / "runs")
        process.join(100)
        assert process.exitcode == 0
    return all_numbers(directory), files


def victim(frozen: Path, runs_dir: Path) -> mp.process.BaseProcess:
    """A process that trains, forked from one that has imported everything: a start costs a tenth of a second."""
    context = mp.get_context("forkserver")
    context.set_forkserver_preload(["findings.training.train"])
    process = context.Process(target=train_frozen, args=(frozen, runs_dir))
    process.start()
    return process


def test_a_run_killed_at_sixteen_random_moments(undisturbed: tuple, tmp_path: Path) -> None:
    rows, (frozen, *_) = undisturbed
    moments = random.Random(1512)

    def reached(attempts: int, iteration: float) -> bool:
        record = next(iter(records(tmp_path).values()), {})
        return record.get("attempts", 0) > attempts and record["iteration"] >= iteration

    for kill in range(16):
        record = next(iter(records(tmp_path).values()), {"attempts": 0, "iteration": 0})
        process = victim(frozen, tmp_path / "runs")
        if kill % 4:
            goal = record["iteration"] + moments.uniform(0, 12)
            until(lambda: reached(record["attempts"], goal) or not process.is_alive())  # noqa: B023
            time.sleep(moments.uniform(0, 0.1))
        else:
            time.sleep(moments.uniform(0, 1))  # while it starts
        process.kill()
        process.join()
    process = victim(frozen, tmp_path / "runs")
    process.join(100)
    assert process.exitcode == 0
    (run_id, record), *others = records(tmp_path).items()
    assert not others
    assert record["status"] == "finished"
    assert record["attempts"] >= 8  # the other kills came while it started
    assert all_numbers(tmp_path) == {run_id: rows[run_id]}


def test_a_sweep_whose_workers_engine_and_group_are_killed(undisturbed: tuple, tmp_path: Path) -> None:
    rows, _ = undisturbed
    moments = random.Random(3385)
    command = "run", write_sweep(tmp_path, "kills", seeds=SEEDS), "--jobs", "2"

    whole = Findings(tmp_path, *command)
    for _ in range(2):  # the engine gives their runs to new workers
        until(training(tmp_path))
        time.sleep(moments.uniform(0, 0.3))
        os.kill(moments.choice(until(lambda: workers(tmp_path))), signal.SIGKILL)
    time.sleep(moments.uniform(0, 1))
    whole.kill_all()

    parent_only = Findings(tmp_path, *command)
    before = sum(record["attempts"] for record in records(tmp_path).values())
    until(lambda: sum(record["attempts"] for record in records(tmp_path).values()) > before)
    time.sleep(moments.uniform(0, 0.3))
    os.kill(parent_only.process.pid, signal.SIGKILL)

    output = Findings(tmp_path, *command).wait(0)  # while the orphans still write their checkpoints
    assert f"{SEEDS} of {SEEDS} runs finished" in output
    assert {record["status"] for record in records(tmp_path).values()} == {"finished"}
    assert all_numbers(tmp_path) == rows
    assert not workers(tmp_path)
