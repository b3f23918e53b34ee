"""What is said of runs whose tasks SLURM has in its queue."""

import os
import time
from pathlib import Path

import pytest

from findings.engines.slurm import queue, state
from findings.engines.slurm.queue import Task
from findings.records.lease import lease
from findings.records.record import Record
from made_up_tasks import FINISH, Made


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    """Two runs of one task, which runs on n1 by SLURM's word; what it has written is twenty minutes old."""
    made = Made(tmp_path, monkeypatch, {"one": FINISH, "two": FINISH}, pack=2)
    monkeypatch.setattr(queue, "tasks", lambda *_, **__: [Task("7", 0, "RUNNING", "None", "n1")])
    made.submission.task_log(0).write_text("--- start 0 on n1\n")
    for run in ("one", "two"):
        Record(made.runs / run).update(status="planned")
    for path in (made.submission.task_log(0), *made.runs.glob("*/record.json")):
        os.utime(path, (time.time() - 1200,) * 2)
    return made


def said(made: Made) -> dict[str, tuple[str, str]]:
    return {one.run: (one.state, one.reason) for one in state.states(["one", "two"], made.runs, [made.submission])}


def test_a_task_that_gives_no_sign_of_life_may_be_lost(made: Made) -> None:
    reason = "no sign of life for 20 minutes: if n1 has lost it, `scontrol requeue 7_0` starts it again"
    assert said(made) == {"one": ("starting", reason), "two": ("starting", reason)}


def test_a_task_that_a_node_could_not_start_waits_for_a_release(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "tasks", lambda *_, **__: [Task("7", 0, "PENDING", queue.HELD, "")])
    assert said(made)["one"] == ("queued", "launch failed requeued held: `findings submit` releases it")
    made.answer("scontrol", "")
    assert queue.release(Task("7", 0, "PENDING", queue.HELD, "")) == ""


def test_a_task_that_has_just_begun_or_trains_its_other_run_lives(made: Made) -> None:
    with lease(made.runs / "two"):
        assert said(made)["one"] == ("starting", "")
    made.submission.task_log(0).write_text("--- start 0 on n1\n--- start 1 on n1\n")
    assert said(made)["one"] == ("starting", "")
