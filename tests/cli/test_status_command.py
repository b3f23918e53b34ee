"""What `findings status` and `findings logs` make of a submission, with nothing of SLURM but its answers."""

import json
from pathlib import Path

import pytest

from findings.cli.main import main
from findings.engines.failures import Failure
from findings.engines.slurm import queue
from findings.engines.slurm.failures import Failures
from findings.engines.slurm.queue import Task
from findings.engines.slurm.submission import Submission


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Submission:
    """Of two runs in two tasks; none is in the queue."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "300")
    directory = tmp_path / "runs" / "submissions" / "made"
    for name in ("logs", "failures"):
        (directory / name).mkdir(parents=True)
    submission = Submission(directory, "quick/made", ("one", "two"), 2, 1, 1, "", job="7")
    submission.write()
    monkeypatch.setattr(queue, "ended", lambda *_, **__: {})
    in_queue(monkeypatch)
    return submission


def in_queue(monkeypatch: pytest.MonkeyPatch, *tasks: Task) -> None:
    monkeypatch.setattr(queue, "tasks", lambda *_, **__: list(tasks))


def record(made: Submission, run: str, **content: object) -> None:
    path = made.record(run).path
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"iterations": 60, "iteration": 0} | content))


def shown(run: str, capsys: pytest.CaptureFixture[str]) -> str:
    """The line of a run."""
    capsys.readouterr()
    assert main(["status"]) == 0
    return next(line for line in capsys.readouterr().out.splitlines() if run in line)


WAITS = Task("7", 0, "PENDING", "BeginTime", "")


@pytest.mark.parametrize("content", [None, {"status": "interrupted", "reason": "received SIGTERM", "attempts": 1}])
def test_a_run_that_waits_for_another_start_says_how_the_last_ones_ended(
    content: dict | None, made: Submission, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also one that never came so far as to have a record."""
    if content:
        record(made, "one", **content)
    for start in ("0", "1"):
        Failures(made.directory).note("one", Failure("out of memory", 0, start=start, node="n1"))
    in_queue(monkeypatch, WAITS)
    assert "out of memory (2) on n1; BeginTime" in shown("one", capsys)
    record(made, "one", status="interrupted", reason="received SIGTERM", attempts=2, iteration=20)  # it got further
    assert "received SIGTERM; BeginTime" in shown("one", capsys)


def test_restarts_by_crash_and_by_preemption_are_shown_apart(
    made: Submission, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    record(made, "one", status="interrupted", attempts=5, preemptions=3, crashes=1)
    record(made, "two", status="finished", attempts=2, preemptions=0, crashes=1)
    in_queue(monkeypatch, WAITS)
    assert "queued (preempted 3x, crashed 1x)" in shown("one", capsys)
    assert "finished (crashed 1x)" in shown("two", capsys)


def test_a_run_that_could_not_be_started_says_why_and_where_to_look(
    made: Submission, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made.task_log(0).write_text("--- start 0 on n1\nslurm_script: line 70: apptainer: command not found\n")
    (made.directory / "failures" / "unlaunched-0").write_text("n1\n")
    in_queue(monkeypatch, WAITS)
    assert "apptainer: command not found; BeginTime" in shown("one", capsys)
    in_queue(monkeypatch)
    line = shown("one", capsys)
    assert "lost" in line
    assert "its task ended before it began: slurm_script: line 70: apptainer: command not found" in line
    assert "runs/submissions/made/logs/task-0.log" in line
    assert main(["logs", "one"]) == 0
    assert "apptainer: command not found" in capsys.readouterr().out
    assert main(["logs", "two"]) == 2
    assert "two: has no log yet: its task (1) has not begun it" in capsys.readouterr().err
    made.log("one").write_text("started after all\n")
    assert main(["logs", "one"]) == 0
    assert capsys.readouterr().out == "started after all\n"


@pytest.mark.parametrize(
    ("one", "task", "code"),
    [
        ({"status": "finished"}, None, 0),
        ({"status": "interrupted"}, WAITS, 75),
        ({"status": "interrupted"}, None, 1),
        ({"status": "failed", "reason": "diverged"}, None, 1),
        (None, WAITS, 75),
        (None, None, 1),
    ],
)
def test_the_exit_status_says_whether_all_are_finished_or_to_wait_or_to_look(
    one: dict | None, task: Task | None, code: int, made: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(made, "two", status="finished")
    if one:
        record(made, "one", **one)
    in_queue(monkeypatch, *([task] if task else []))
    assert main(["status", "--exit-status"]) == code
    assert main(["status"]) == 0


def test_a_failure_counts_more_than_what_is_still_to_come(made: Submission, monkeypatch: pytest.MonkeyPatch) -> None:
    record(made, "two", status="failed", reason="diverged")
    Failures(made.directory).note("two", Failure("diverged", 0, final=True))
    in_queue(monkeypatch, WAITS)
    assert main(["status", "--exit-status"]) == 1
