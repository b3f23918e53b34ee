"""What becomes of an array's agents, and of the runs that none of them has asked for yet."""

import json
from itertools import count
from pathlib import Path

import pytest

from findings.engines.slurm import agent_task, endings, queue, state
from findings.engines.slurm.queue import Task
from findings.engines.slurm.submission import Submission
from findings.errors import InputError


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Submission:
    directory = tmp_path / "runs" / "submissions" / "made"
    for name in ("logs", "failures"):
        (directory / name).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(endings, "why", lambda code, _: f"died {code}")
    monkeypatch.setattr(endings, "start", count().__next__)
    return Submission(directory, "quick/made", ("one", "two"), 2, 1, 1, "", agent="team/studies/x", job="7")


def record(made: Submission, run: str, job: str, **content: object) -> None:
    path = made.record(run).path
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"iterations": 60, "provenance": {"job": job}} | content))


def shown(made: Submission, monkeypatch: pytest.MonkeyPatch, *tasks: Task) -> list[tuple[str, str, str]]:
    monkeypatch.setattr(queue, "tasks", lambda *_, **__: list(tasks))
    monkeypatch.setattr(queue, "ended", lambda *_, **__: {})
    found = state.states(made.runs, made.directory.parents[1], [made])
    return [(run.state, run.where, run.reason) for run in found]


def test_a_run_is_queued_while_there_is_an_agent_to_ask_for_it(
    made: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(made, "one", "7_1", status="finished", iteration=60)
    assert shown(made, monkeypatch, Task("7", 0, "RUNNING", "None", "n1"))[1] == (
        "queued",
        "7",
        "W&B has not handed it out",
    )
    assert shown(made, monkeypatch)[1] == ("lost", "", "its task ended before it began")


def test_a_run_is_its_agents_and_what_failed_is_not_begun_again(
    made: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(made, "one", "7_1", status="interrupted", reason="received SIGTERM", iteration=24)
    record(made, "two", "7_0", status="failed", reason="diverged", iteration=12)
    tasks = Task("7", 0, "RUNNING", "None", "n1"), Task("7", 1, "PENDING", "BeginTime", "")
    assert shown(made, monkeypatch, *tasks) == [
        ("queued", "7_1", "received SIGTERM; BeginTime"),
        ("failed", "7_0 on n1", "diverged"),
    ]
    assert made.log("two") == made.directory / "logs" / "task-0.log"


def test_an_agent_that_dies_is_queued_again_until_it_gets_no_further_three_times(made: Submission) -> None:
    record(made, "one", "7_0", status="running", iteration=12)
    record(made, "two", "7_1", status="running", iteration=12)
    assert [agent_task.died(made, 0, -9) for _ in range(2)] == [76, 76]
    record(made, "one", "7_0", status="running", iteration=24)
    assert [agent_task.died(made, 0, -9) for _ in range(4)] == [75, 76, 76, 4]
    assert agent_task.died(made, 1, -9) == 76


def test_an_agent_that_ended_well_is_queued_again_only_for_a_run_that_did_not(made: Submission) -> None:
    record(made, "one", "7_0", status="finished", iteration=60)
    record(made, "two", "7_1", status="running", iteration=12)
    assert [agent_task.died(made, index, 0) for index in (0, 1)] == [0, 76]


@pytest.mark.parametrize(("code", "becomes"), [(0, 0), (75, 75), (2, 76), (-9, 76)])
def test_how_an_agent_ends_is_how_its_task_ends(
    code: int, becomes: int, made: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent_task, "run_agent", lambda _: code)
    assert agent_task.work(made, 0) == becomes


def test_an_agent_that_cannot_ask_says_so(
    made: Submission, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_: str) -> int:
        raise InputError("W&B", "no key")

    monkeypatch.setattr(agent_task, "run_agent", refuse)
    assert agent_task.work(made, 0) == 4
    assert capsys.readouterr().err == "findings: W&B: no key\n"
