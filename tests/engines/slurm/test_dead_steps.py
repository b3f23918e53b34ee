"""What a task makes of a step that has died, by the words of SLURM: whose fault it was, and whether to start again."""

from pathlib import Path

import pytest

from findings.engines.slurm.failures import Failures
from findings.engines.slurm.task import Runner
from findings.records.record import Record
from made_up_tasks import DIE, FINISH, KILLED, Made


def test_a_step_that_was_killed_starts_again_unless_it_always_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Made(tmp_path, monkeypatch, {"one": FINISH, "two": FINISH})
    Record(made.runs / "one").update(status="finished")
    Record(made.runs / "two").update(status="running", resumed_at=8, iteration=8)
    assert [made.died(-9) for _ in range(4)] == [76, 76, 4, 4]
    record = Record(made.runs / "two")
    assert (record.status, record["reason"]) == ("failed", f"3 starts without a new checkpoint: {KILLED} (3)")
    Record(made.runs / "two").update(status="finished")
    fresh = Made(tmp_path / "fresh", monkeypatch, {"one": FINISH})
    Record(fresh.runs / "one").update(status="finished")
    assert fresh.died(0) == 0


OOM = "slurmstepd: error: Detected 1 oom_kill event in StepId=8.0. Some of the step tasks have been OOM Killed."


@pytest.mark.parametrize(
    ("command", "text"),
    [  # what a real SLURM with memory limits and accounts has printed; that of these tests has neither
        ("sacct", "RUNNING|0:0\nRUNNING|0:0\nOUT_OF_MEMORY|0:125"),
        ("sacct", "RUNNING|0:0\nFAILED|0:125"),
        ("log", f"--- 2026-01-01T00:00:00Z start 0 on n1\nstarted one\n{OOM}\nsrun: error: n1: task 0: Out Of Memory"),
    ],
)
def test_memory_that_runs_out_is_told_as_slurm_tells_it_once_for_each_start(
    command: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The runner sees a run killed; then srun, of the same start, ends with exit code 1."""
    made = Made(tmp_path, monkeypatch, {"one": DIE, "two": FINISH})
    monkeypatch.setenv("SLURM_MEM_PER_NODE", "4096")
    memory = "out of memory: 4096M for each node was not enough (cluster.memory)"
    for times in range(1, 4):
        assert made.start() == (76 if times < 3 else 4)
        log = made.submission.task_log(0)
        log.write_text(f"{log.read_text() if log.exists() else ''}\n{text}\n" if command == "log" else "")
        if command != "log":
            made.answer(command, text)
        assert Runner(made.submission, 0).died(1) == (76 if times < 3 else 4)
        made.answer("sacct", "")
        noted = Failures(made.submission.directory).of("one")
        assert [failure.reason for failure in noted] == [memory] * times
    assert Record(made.runs / "one")["reason"] == f"3 starts without a new checkpoint: {memory} (3)"
    assert Record(made.runs / "two").status == "finished"


def test_memory_that_ran_out_in_an_earlier_start_is_not_this_ones_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Made(tmp_path, monkeypatch, {"one": FINISH})
    made.submission.task_log(0).write_text(f"--- start 0 on n1\n{OOM}\n--- start 1 on n1\nstarted one\n")
    made.died(1)
    assert Failures(made.submission.directory).latest("one", 0) == "its process ended with exit code 1 on n1"


@pytest.mark.parametrize(
    "said",
    [
        "JobState=RUNNING Reason=None PreemptTime=2026-01-01T00:00:00",  # in its grace
        "JobState=COMPLETING Reason=None",  # queued again by SLURM
        "JobState=CANCELLED Reason=None PreemptTime=None",
    ],
)
def test_an_end_that_slurm_wanted_is_no_failure(said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Made(tmp_path, monkeypatch, {"one": FINISH})
    made.answer("scontrol", said)
    assert [made.died(code) for code in (-15, -9, 1, 143)] == [75] * 4
    assert Failures(made.submission.directory).of("one") == []


SLOW = "kill -USR1 $PPID; while :; do sleep 0.02; done"  # the time is nearly over before the run can listen
LISTENS = f"trap 'exit 75' USR1; {SLOW}"


@pytest.mark.parametrize("line", [SLOW, LISTENS])
def test_a_time_too_short_for_a_new_checkpoint_is_given_up_with_a_clear_word(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Made(tmp_path, monkeypatch, {"one": line})
    assert made.start() == 75
    made.answer("scontrol", "JobId=8 JobState=COMPLETING Reason=TimeLimit PreemptTime=None")
    assert made.died(1) == 75
    assert made.died(138 - 148) == 4  # SIGUSR1, before even this process could listen
    reason = Record(made.runs / "one")["reason"]
    assert reason.startswith(
        "3 starts without a new checkpoint: its time was over before a new checkpoint: cluster.time"
    )


def test_a_time_limit_counts_only_against_a_run_that_had_all_of_it_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    further = """echo "{\\"status\\": \\"interrupted\\", \\"iteration\\": $(wc -l < starts)}" > record.json"""
    made = Made(tmp_path, monkeypatch, {"one": FINISH, "two": LISTENS})
    assert made.start() == 75  # the second had what the first had left
    assert Failures(made.submission.directory).of("two") == []
    gaining = Made(tmp_path / "gaining", monkeypatch, {"one": f"trap '{further}; exit 75' USR1; {SLOW}"})
    assert [gaining.start() for _ in range(4)] == [75] * 4
    preempted = Made(tmp_path / "preempted", monkeypatch, {"one": LISTENS})  # by a SLURM that sends the user's signal
    preempted.answer("scontrol", "JobState=RUNNING Reason=None PreemptTime=2026-01-01T00:00:00")
    assert [preempted.start() for _ in range(4)] == [75] * 4


@pytest.mark.parametrize(("resumed", "times"), [(0, 0), (40, 1)])
def test_a_run_that_wrote_its_checkpoint_at_the_time_limit_has_not_failed_whatever_srun_makes_of_it(
    resumed: int, times: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step whose time is over is cancelled: srun ends as it likes, also where all of it has ended well."""
    made = Made(tmp_path, monkeypatch, {"one": FINISH})
    made.answer("scontrol", "JobId=8 JobState=COMPLETING Reason=TimeLimit PreemptTime=None")
    ended = {"status": "interrupted", "reason": "received SIGTERM", "asked": True, "resumed_at": resumed}
    Record(made.runs / "one").update(iteration=40, provenance={"job": "7_0", "restart": 0}, **ended)
    assert made.died(-15) == 75
    assert len(Failures(made.submission.directory).of("one")) == times
    assert made.died(-15) == 75  # and this start did not come so far
    assert len(Failures(made.submission.directory).of("one")) == times + 1


def test_progress_between_two_deaths_counts_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Made(tmp_path, monkeypatch, {"one": FINISH})
    for iteration in range(1, 6):
        now = {"job": "7_0", "restart": made.starts_of_task}
        Record(made.runs / "one").update(
            status="running", resumed_at=iteration - 1, iteration=iteration, provenance=now
        )
        assert made.died(-9) == 75
