"""`findings status` and `findings cancel` of submissions that share runs, with nothing of SLURM but its answers."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from findings.cli import status
from findings.cli.main import main
from findings.engines.slurm import queue
from findings.engines.slurm.submission import Submission
from stand_ins import StandIns

BUSY = "echo 'slurm_load_jobs error: Unable to contact slurm controller' >&2; exit 1"


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIns:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(queue, "_answers", {})
    found = StandIns(tmp_path / "bin", monkeypatch)
    for command in ("sacct", "scancel"):
        found.place(command, "")
    return found


def submitted(sweep: str, job: str, *runs: str, tasks: int = 2, elsewhere: tuple[str, ...] = ()) -> Submission:
    """Of runs that have not begun."""
    folder = Path("runs", "submissions", f"20260101-000000-00000{job}-{sweep.replace('/', '-')}").resolve()
    folder.mkdir(parents=True)
    made = Submission(folder, sweep, runs, tasks, 1, 1, "", job=job, elsewhere=elsewhere)
    made.write()
    for run in runs:
        record(run, status="planned")
    return made


def record(run: str, **content: object) -> None:
    Path("runs", run).mkdir(exist_ok=True)
    Path("runs", run, "record.json").write_text(json.dumps({"iterations": 60} | content))


def test_a_run_under_another_sweeps_array_is_shown_as_that(slurm: StandIns, capsys: pytest.CaptureFixture[str]) -> None:
    submitted("quick/one", "7", "shared", "own")
    submitted("quick/other", "8", "more", tasks=1, elsewhere=("shared",))
    slurm.place("squeue", "printf '7|0|RUNNING|None|n1\\n7|1|PENDING|Priority|\\n8|0|PENDING|Priority|\\n'")
    assert main(["status", "quick/other"]) == 0
    lines = capsys.readouterr().out
    assert "7_0 on n1, quick/one" in lines
    assert "2 runs: 1 queued, 1 starting" in " ".join(lines.split())


def test_what_was_submitted_again_by_another_sweep_is_not_lost_to_the_first(
    slurm: StandIns, capsys: pytest.CaptureFixture[str]
) -> None:
    submitted("quick/one", "7", "shared", tasks=1)
    submitted("quick/other", "8", "shared", tasks=1)
    slurm.place("squeue", "echo '8|0|PENDING|Priority|'")
    assert main(["status", "quick/one"]) == 0
    out = capsys.readouterr().out
    assert "8_0, quick/other" in out
    assert "1 queued" in out


def test_a_suspended_job_says_so(slurm: StandIns, capsys: pytest.CaptureFixture[str]) -> None:
    submitted("quick/one", "7", "first", tasks=1)
    record("first", status="running", iteration=12)
    slurm.place("squeue", "echo '7|0|SUSPENDED|None|n1'")
    assert main(["status"]) == 0
    out = capsys.readouterr().out
    assert "its job is suspended" in out
    assert "1 suspended" in out


def test_records_are_shown_while_the_controller_is_down(slurm: StandIns, capsys: pytest.CaptureFixture[str]) -> None:
    submitted("quick/one", "7", "first", "second")
    record("first", status="interrupted", reason="received SIGTERM", iteration=12)
    slurm.place("squeue", BUSY)
    assert main(["status"]) == 0
    out = capsys.readouterr().out
    assert "Unable to contact slurm controller: this is what the records say" in out
    assert "2 runs: 1 interrupted, 1 planned" in out
    assert "received SIGTERM" in out


def test_a_watch_outlasts_a_silent_controller_and_asks_it_twice_a_minute(
    slurm: StandIns, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    submitted("quick/one", "7", "first", tasks=1)
    record("first", status="interrupted", iteration=12)
    answers = iter([BUSY, "echo '7|0|PENDING|Priority|'"])
    clock = 0.0

    def sleep(seconds: float) -> None:
        nonlocal clock
        clock += seconds
        if clock % 30 == 0:
            slurm.place("squeue", next(answers, "exit 1"))
        record("first", status="finished" if clock >= 85 else "interrupted", iteration=12)

    slurm.place("squeue", BUSY)
    monkeypatch.setattr(status, "time", SimpleNamespace(sleep=sleep))
    monkeypatch.setattr(queue, "time", SimpleNamespace(monotonic=lambda: clock))
    assert main(["status", "--watch"]) == 0
    assert clock == 90
    assert len(slurm.calls("squeue")) == 3
    assert "1 finished" in capsys.readouterr().out


def test_a_sweep_a_run_a_job_or_a_task_is_cancelled_and_what_stops_with_it_is_told(
    slurm: StandIns, capsys: pytest.CaptureFixture[str]
) -> None:
    submitted("quick/one", "7", "aa-0", "bb-0", "aa-1", "cc-1")  # two on each task
    submitted("quick/other", "8", "dd", tasks=1, elsewhere=("bb-0",))
    record("aa-1", status="finished")
    slurm.place("squeue", "printf '7|0|RUNNING|None|n1\\n7|1|PENDING|Priority|\\n8|0|PENDING|Priority|\\n'")

    def cancel(what: str) -> str:
        (slurm.folder / "scancel.calls").unlink(missing_ok=True)
        assert main(["cancel", what]) == 0
        return capsys.readouterr().out

    assert "cancelled task 7_0 (quick/one)\n" in (out := cancel("aa-0"))
    assert "this also stops" not in out  # the other one is finished
    assert slurm.calls("scancel") == ["7_0"]
    out = cancel("cc")
    assert slurm.calls("scancel") == ["7_1"]
    assert "this also stops bb-0, which quick/other waits for" in out
    assert "cancelled task 7_1" in cancel("7_1")
    assert "cancelled job 8 (quick/other)" in cancel("8")
    out = cancel("quick/one")
    assert slurm.calls("scancel") == ["7"]
    assert "this also stops bb-0, which quick/other waits for" in out
    out = cancel("quick/other")
    assert slurm.calls("scancel") == ["8"]
    assert "bb-0 goes on, under job 7 of quick/one" in out


def test_what_is_not_in_the_queue_cannot_be_cancelled(slurm: StandIns, capsys: pytest.CaptureFixture[str]) -> None:
    submitted("quick/one", "7", "aa-0", tasks=1)
    slurm.place("squeue", "")
    for what in ("quick/one", "7", "aa"):
        assert main(["cancel", what]) == 2
        assert f"findings: {what}: has no tasks in the queue" in capsys.readouterr().err
    slurm.place("squeue", "echo '7|0|PENDING|Priority|'")
    assert main(["cancel", "quick/oen"]) == 2
    assert "is no sweep, run or job that was submitted from here; did you mean 'quick/one'?" in capsys.readouterr().err
    assert not slurm.calls("scancel")
