"""What the pool makes of workers that die: here each is a fork that does as it is told in the place of a training."""

import multiprocessing as mp
import os
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from rich.console import Console

from findings.config.identity import identify
from findings.engines.local import pool
from findings.engines.local.display import Display
from findings.engines.local.pool import Result, run_locally
from findings.engines.local.worker import Message, Task
from findings.nets.complexity import Complexity
from findings.planning.freezing import freeze_run
from findings.planning.plan import PlannedRun
from findings.records.record import Record
from tiny_runs import tiny

DEATH = "its worker was ended by SIGKILL, as happens when memory runs out"
KILLED = f"3 starts without a new checkpoint: {DEATH} (3)"
Train = Callable[[Record], None]


@pytest.fixture
def planned(tmp_path: Path) -> list[PlannedRun]:
    run = PlannedRun.of(identify(tiny(tmp_path / "runs")), {}, Complexity(1, 1, 1))
    return [freeze_run(run)]


@pytest.fixture
def trained(planned: list[PlannedRun], monkeypatch: pytest.MonkeyPatch) -> Callable[[Train], Result]:
    def go(train: Train) -> Result:
        def work(connection: Connection, _: str | None, __: int) -> None:
            connection.send(Message("ready"))
            task: Task = connection.recv()
            train(Record(task.frozen.parent))
            connection.send(Message("ended", task.id, "finished"))

        monkeypatch.setattr(pool, "context", lambda: mp.get_context("fork"))
        monkeypatch.setattr(pool, "work", work)
        with Display(planned, Console(quiet=True)) as display:
            return run_locally(planned, jobs=1, display=display, retry_failed=False, until=None)

    return go


def begin(record: Record, *, progress: int) -> int:
    """The number of this start."""
    attempts = int(record.get("attempts", 0)) + 1
    record.update(status="running", attempts=attempts, iteration=progress * attempts)
    return attempts


def test_a_run_whose_worker_dies_three_times_without_a_new_checkpoint_is_given_up(
    planned: list[PlannedRun], trained: Callable[[Train], Result]
) -> None:
    def train(record: Record) -> None:
        begin(record, progress=0)
        os.kill(os.getpid(), signal.SIGKILL)

    result = trained(train)
    (run,) = planned
    assert (result.statuses, result.reasons) == ({run.id: "failed"}, {run.id: KILLED})
    record = Record(run.directory)
    assert (record.status, record["reason"], record["attempts"]) == ("failed", KILLED, 3)


def test_one_that_gets_further_each_time_is_not(planned: list[PlannedRun], trained: Callable[[Train], Result]) -> None:
    def train(record: Record) -> None:
        if begin(record, progress=8) < 5:
            os.kill(os.getpid(), signal.SIGKILL)

    assert trained(train).statuses == {planned[0].id: "finished"}
    assert Record(planned[0].directory)["attempts"] == 5


def test_one_whose_workers_end_in_different_ways_is_given_up_too(
    planned: list[PlannedRun], trained: Callable[[Train], Result]
) -> None:
    def train(record: Record) -> None:
        if begin(record, progress=0) % 2:
            os.kill(os.getpid(), signal.SIGKILL)
        os._exit(1)

    mixed = f"3 starts without a new checkpoint: {DEATH} (2), its worker ended with exit code 1"
    assert trained(train).reasons == {planned[0].id: mixed}


def test_workers_that_are_never_ready_are_started_three_times(
    planned: list[PlannedRun], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def work(*_: object) -> None:
        with (tmp_path / "starts").open("a") as starts:
            starts.write("start\n")
        os._exit(9)

    monkeypatch.setattr(pool, "context", lambda: mp.get_context("fork"))
    monkeypatch.setattr(pool, "work", work)
    with (
        Display(planned, Console(quiet=True)) as display,
        pytest.raises(RuntimeError, match="workers end with exit code 9 before they are ready"),
    ):
        run_locally(planned, jobs=1, display=display, retry_failed=False, until=None)
    assert (tmp_path / "starts").read_text().count("start") == 3
