"""What there is to submit while tasks are just ending."""

from dataclasses import replace
from pathlib import Path

import pytest

from findings.config.identity import identify
from findings.engines.slurm import queue, standing, submission
from findings.engines.slurm.queue import Task
from findings.nets.complexity import Complexity
from findings.planning.plan import PlannedRun
from findings.records.record import Record
from tiny_runs import tiny

COMPLETING = Task("7", 0, "COMPLETING", "None", "n1")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PlannedRun:
    """It has been in training, in a job."""
    monkeypatch.setattr(standing, "EVERY", 0)
    run = PlannedRun.of(identify(tiny(tmp_path / "runs")), {}, Complexity(0, 0, 0, 0, 0))
    made = submission.prepare("quick/made", [run], pack=1, most=1001, processes=1)
    made.directory.mkdir(parents=True)
    replace(made, job="7").write()
    run.directory.mkdir()
    Record(run.directory).update(status="running", provenance={"job": "7_0"})
    return run


@pytest.mark.parametrize(
    ("then", "found"), [([], "1 to submit"), ([replace(COMPLETING, state="PENDING")], "1 in the queue")]
)
def test_a_task_that_is_just_ending_was_cancelled_or_queues_again(
    then: list[Task], found: str, run: PlannedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([[COMPLETING], [COMPLETING], then])
    monkeypatch.setattr(queue, "tasks", lambda _: next(answers))
    assert str(standing.standing([run], ask=True)) == found


def test_the_lease_of_a_task_that_is_gone_is_waited_for(run: PlannedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    leased = iter([True, True, False, False])
    monkeypatch.setattr(standing, "leased", lambda _: next(leased))
    monkeypatch.setattr(queue, "tasks", lambda _: [])
    assert str(standing.standing([run], ask=True)) == "1 to submit"


def test_who_trains_without_a_job_is_not_waited_for(run: PlannedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    Record(run.directory).update(provenance={"job": None})
    monkeypatch.setattr(standing, "leased", lambda _: True)
    monkeypatch.setattr(queue, "tasks", lambda _: [])
    assert str(standing.standing([run], ask=True)) == "1 in training"


def test_a_task_that_slurm_holds_after_a_failed_launch_is_told_apart(
    run: PlannedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits, held = (replace(COMPLETING, state="PENDING", reason=reason) for reason in ("Priority", queue.HELD))
    monkeypatch.setattr(queue, "tasks", lambda _: [held])
    assert standing.standing([run], ask=True).held == [held]
    monkeypatch.setattr(queue, "tasks", lambda _: [waits])
    assert standing.standing([run], ask=True).held == []
