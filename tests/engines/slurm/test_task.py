"""What an array task does with its runs, whatever they do: here each is a line of shell in the place of a training."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from findings.engines.slurm import task
from findings.engines.slurm.failures import Failures
from findings.engines.slurm.submission import Submission
from findings.engines.slurm.task import Runner
from findings.records.lease import lease
from findings.records.record import Record
from findings.wandb_mirror.mirror import uploading

FINISH = """echo '{"status": "finished"}' > record.json"""
FAIL = """echo '{"status": "failed", "reason": "no disk", "iteration": 4}' > record.json; exit 1"""
DIVERGE = """echo '{"status": "failed", "reason": "diverged", "diverged": true}' > record.json; exit 1"""
REFUSE = "echo 'findings: data.root: no such folder' >&2; exit 2"
DIE = """echo '{"status": "running", "iteration": 9}' > record.json; kill -9 $$"""
WAIT = """trap 'echo told >> told; exit 75' USR1 TERM; echo > begun; while :; do sleep 0.02; done"""


@pytest.fixture(autouse=True)
def signals_as_they_were() -> object:
    before = {number: signal.getsignal(number) for number in task.SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


class Made:
    """A submission in which each run does what its line of shell says, in its run's directory."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, lines: dict[str, str], pack: int = 1) -> None:
        directory = folder / "runs" / "submissions" / "made"
        for name in ("logs", "failures"):
            (directory / name).mkdir(parents=True)
        for run, line in lines.items():
            (folder / "runs" / run).mkdir()
            (folder / "runs" / run / "config.yaml").write_text(line)
        python = folder / "python"
        python.write_text(
            """#!/bin/sh
            [ "$1 $2 $3 $4 $5" = "-m findings.cli train --retry-failed --frozen" ] || exit 9
            cd "$(dirname "$6")" && echo start >> starts && . "$6"
            """
        )
        python.chmod(0o755)
        monkeypatch.setattr(task.sys, "executable", str(python))
        monkeypatch.setattr(task, "POLL", 0.01)
        self.runs = folder / "runs"
        self.submission = Submission(directory, "quick/made", tuple(lines), 1, pack, 1, "", job="7")

    def start(self) -> int:
        return Runner(self.submission, 0).run()

    def starts(self, run: str) -> int:
        path = self.runs / run / "starts"
        return len(path.read_text().splitlines()) if path.exists() else 0


def test_a_task_works_through_its_runs_and_begins_none_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Made(tmp_path, monkeypatch, {"one": FINISH, "two": FINISH})
    assert made.start() == 0
    assert made.start() == 0
    assert [made.starts(run) for run in ("one", "two")] == [1, 1]


@pytest.mark.parametrize(("line", "reason"), [(DIVERGE, "diverged"), (REFUSE, "data.root: no such folder")])
def test_what_another_start_would_not_change_is_given_up_at_once(
    line: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Made(tmp_path, monkeypatch, {"one": line, "two": FINISH})
    assert made.start() == 4
    assert Failures(made.submission.directory).given_up("one") == reason
    assert Record(made.runs / "one").status == "failed"
    assert Record(made.runs / "two").status == "finished"
    assert made.start() == 4
    assert made.starts("one") == 1


@pytest.mark.parametrize(("line", "reason"), [(FAIL, "no disk"), (DIE, "its process was ended by SIGKILL")])
def test_other_failures_are_given_three_starts(
    line: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Made(tmp_path, monkeypatch, {"one": line, "two": FINISH})
    assert [made.start() for _ in range(4)] == [75, 75, 4, 4]
    assert made.starts("one") == 3
    record = Record(made.runs / "one")
    assert record.status == "failed"
    assert reason in record["reason"]


def test_runs_side_by_side_are_told_to_stop_and_no_other_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Made(tmp_path, monkeypatch, {"one": WAIT, "two": WAIT, "three": FINISH}, pack=2)

    def tell() -> None:
        while not all((made.runs / run / "begun").exists() for run in ("one", "two")):
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=tell, daemon=True).start()
    assert made.start() == 75
    assert [(made.runs / run / "told").exists() for run in ("one", "two")] == [True, True]
    assert made.starts("three") == 0


def test_a_step_that_was_killed_starts_again_unless_it_always_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Made(tmp_path, monkeypatch, {"one": FINISH, "two": FINISH})
    Record(made.runs / "one").update(status="finished")
    Record(made.runs / "two").update(status="running", iteration=8)
    assert [Runner(made.submission, 0).died(-9) for _ in range(3)] == [75, 75, 4]
    record = Record(made.runs / "two")
    assert (record.status, record["reason"]) == (
        "failed",
        "3 times: its process was ended by SIGKILL, as happens when memory runs out",
    )
    Record(made.runs / "two").update(status="finished")
    fresh = Made(tmp_path / "fresh", monkeypatch, {"one": FINISH})
    Record(fresh.runs / "one").update(status="finished")
    assert Runner(fresh.submission, 0).died(0) == 0


def test_progress_between_two_deaths_counts_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Made(tmp_path, monkeypatch, {"one": FINISH})
    for iteration in range(5):
        Record(made.runs / "one").update(status="running", iteration=iteration)
        assert Runner(made.submission, 0).died(-9) == 75


def test_reasons_that_differ_in_numbers_alone_are_one(tmp_path: Path) -> None:
    reasons = "out of memory: process 12 has 8.3 GiB", "out of memory: process 3 has 8.25 GiB"
    failures = Failures(tmp_path)
    failures.folder.mkdir()
    for reason in (*reasons, reasons[0]):
        assert failures.given_up("one") is None
        failures.note("one", reason, 0)
    assert failures.given_up("one") == f"3 times: {reasons[0]}"
    failures.note("one", "connection refused", 0)
    assert failures.given_up("one") is None


def test_a_run_that_is_in_training_elsewhere_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Made(tmp_path, monkeypatch, {"one": "exit 3", "two": FINISH})
    Record(made.runs / "one").update(status="running", iteration=4)
    assert made.start() == 0
    with lease(made.runs / "one"):
        assert Runner(made.submission, 0).died(0) == 0
    record = Record(made.runs / "one")
    assert (record.status, record["iteration"]) == ("running", 4)


def test_a_step_that_never_comes_so_far_as_to_train_is_given_up_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Made(tmp_path, monkeypatch, {"one": FINISH, "two": FINISH})
    assert [Runner(made.submission, 0).died(-9) for _ in range(3)] == [75, 75, 75]
    assert Record(made.runs / "one").status == "failed"  # what it would have begun with, and no other
    assert made.start() == 4
    assert made.starts("two") == 1


def test_what_stops_untold_at_the_same_place_three_times_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = """echo '{"status": "interrupted", "reason": "rank 1 is gone", "iteration": 4}' > record.json; exit 75"""
    made = Made(tmp_path, monkeypatch, {"one": gone})
    assert [made.start() for _ in range(3)] == [75, 75, 4]
    assert Record(made.runs / "one")["reason"] == "3 times: rank 1 is gone"


def test_another_process_that_dies_ends_the_step_where_the_first_one_does_not_notice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Made(tmp_path, monkeypatch, {"one": DIE})
    monkeypatch.setattr(task, "LEADER_SECONDS", 0.3)
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    monkeypatch.setenv("SLURM_STEP_ID", "0")
    scancel = tmp_path / "bin" / "scancel"
    scancel.parent.mkdir()
    finished = """'{"status": "finished"}'"""  # here the step's end is that the record says so
    scancel.write_text(f"#!/bin/sh\necho $@ > {tmp_path}/asked; echo {finished} > {made.runs}/one/record.json\n")
    scancel.chmod(0o755)
    monkeypatch.setenv("PATH", str(scancel.parent), prepend=os.pathsep)
    Runner(made.submission, 0, rank=1).run()
    assert (tmp_path / "asked").read_text().split() == ["--signal=KILL", "7.0"]


def test_a_task_waits_for_what_is_still_uploaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Made(tmp_path, monkeypatch, {"one": FINISH})
    ended: list[float] = []

    def upload() -> None:
        with uploading(made.runs / "one", wait=True):
            begun.set()
            time.sleep(0.6)
            ended.append(time.monotonic())

    begun = threading.Event()
    threading.Thread(target=upload, daemon=True).start()
    begun.wait()
    assert made.start() == 0
    assert ended
    monkeypatch.setattr(task, "UPLOAD_SECONDS", 0.1)
    begun.clear()
    threading.Thread(target=upload, daemon=True).start()
    begun.wait()
    Record(made.runs / "one").update(status="planned")
    assert made.start() == 0
    assert len(ended) == 1
