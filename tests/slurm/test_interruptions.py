"""Whatever ends a task before its time, its run goes on from its checkpoint and equals an undisturbed one."""

import contextlib
import os
import random
import re
import signal
import time
from pathlib import Path

from cluster import ASKED_EVERY, Cluster
from submitting import Submitter

from launching import all_numbers, records, write_sweep
from transaction_log import segments

# at 8 ms for an iteration, the last interruption comes before iteration 1,800
LENGTH = {"recipe__iterations": 3600, "recipe__milestones": [1800, 2700], "trainer__checkpoint_every": 0.005}


class Going:
    """One run in training on the cluster."""

    def __init__(self, cluster: Cluster, directory: Path, *options: str, **changes: object) -> None:
        self.cluster, self.directory = cluster, directory
        self.here = Submitter(cluster, directory)
        self.sweep = write_sweep(directory, "going", seeds=1, **LENGTH | changes)
        self.job = self.here.submit(self.sweep, *options)
        self.task = f"{self.job}_0"

    @property
    def record(self) -> dict:
        return next(iter(records(self.directory).values()))

    def until_further(self, attempt: int) -> None:
        """Until the run has written a checkpoint in this attempt."""
        self.cluster.until(lambda: self.record.get("attempts") == attempt, 240)
        before = self.record["iteration"]
        self.cluster.until(lambda: self.record["iteration"] > before, 60)

    def until_restarted(self, times: int) -> None:
        """And let it start in two seconds, not six: a credential of the same second is taken for the old one."""
        self.cluster.until(lambda: self.cluster.tasks(self.job)[0].restarts == times, 120, ASKED_EVERY)
        self.cluster.run("scontrol", "update", f"jobid={self.task}", "starttime=now+2")

    def end(self) -> list[dict[str, str]]:
        rows = self.rows()
        (task,) = self.cluster.wait(self.job)
        assert task.state == "COMPLETED", self.here.logs()
        return rows

    def rows(self) -> list[dict[str, str]]:
        self.here.until_finished(1)
        return next(iter(all_numbers(self.directory).values()))


def preempt(going: Going) -> None:
    """By a job of a higher partition that wants its whole node."""
    node = going.cluster.tasks(going.job)[0].nodes
    options = ("--partition=high", f"--nodelist={node}", "--exclusive")
    going.cluster.wait(going.cluster.submit(going.directory, "sleep 1", *options))


def ask(going: Going) -> None:
    """By SLURM's signal while the controller is down for some seconds, so that the task is not queued again at once.

    The controller that is told to send it may be gone before it has: so it comes from here, to the same processes.
    """
    with going.cluster.without("slurmctld"):
        for pid in processes(going, "findings."):
            os.kill(pid, signal.SIGUSR1)
        going.cluster.until(lambda: going.record["status"] == "interrupted")
        time.sleep(2)


def kill(going: Going) -> None:
    """The whole step, as a node that fails would."""
    for pid in processes(going, "findings."):
        os.kill(pid, signal.SIGKILL)


def shorten(going: Going) -> None:
    """The job's time, to a minute: within 30 s SLURM looks, and sends the signal; so long the run is held up."""
    (pid,) = processes(going, "train")
    os.kill(pid, signal.SIGSTOP)
    going.cluster.run("scontrol", "update", f"jobid={going.job}", "timelimit=1")
    going.cluster.until(lambda: is_told(pid), 60)
    with contextlib.suppress(ProcessLookupError):  # some of SLURM's signals come with a SIGCONT
        os.kill(pid, signal.SIGCONT)
    going.until_restarted(1)
    going.cluster.run("scontrol", "update", f"jobid={going.job}", "timelimit=30")


TEN_PREEMPTIONS = (preempt,) * 10


def processes(going: Going, word: str) -> list[int]:
    """Those of the job's step that have the word in their command."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended
            environment, command = (process / "environ").read_bytes(), (process / "cmdline").read_bytes()
            ours = f"SLURM_CONF={going.cluster.directory}/", f"SLURM_ARRAY_JOB_ID={going.job}", "SLURM_PROCID="
            step = all(variable.encode() in environment for variable in ours)
            if step and word.encode() in command and b"findings" in command:
                found.append(int(process.name))
    return found


def is_told(pid: int) -> bool:
    """Whether SIGUSR1 awaits the process that was stopped, or has ended it."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return True
    waiting = re.findall(r"(?:SigPnd|ShdPnd):\s*(\w+)", status)
    return "\nState:\tT" not in status or any(int(mask, 16) >> (signal.SIGUSR1 - 1) & 1 for mask in waiting)


def is_again(going: Going) -> bool:
    """Whether SLURM has its task in the queue for another start."""
    return going.cluster.tasks(going.job)[0].restarts > 0


def test_a_run_that_is_interrupted_in_every_way_equals_one_that_is_not(cluster: Cluster, tmp_path: Path) -> None:
    """At random moments, ten times by a higher partition: one W&B run, no epoch lost and none written twice.

    Beside it, a task whose setup is not over when SLURM warns of its time limit ends there, and is queued again.
    """
    (tmp_path / "late").mkdir()
    hurried = ("cluster.time=1", "cluster.signal=59", "cluster.setup=[sleep 40]")  # within 30 s SLURM sends the signal
    late = Going(cluster, tmp_path / "late", "cluster.options=[--nodelist=n2]", *hurried, recipe__iterations=200_000)
    (tmp_path / "whole").mkdir()
    undisturbed = Going(cluster, tmp_path / "whole", "cluster.options=[--nodelist=n2]")
    (tmp_path / "pieces").mkdir()
    going = Going(cluster, tmp_path / "pieces", "cluster.options=[--nodelist=n1]", tracking="offline")
    moments, late_again = random.Random(3), False
    for times, disturb in enumerate((shorten, ask, kill, *TEN_PREEMPTIONS), 1):
        going.until_further(times)
        time.sleep(moments.random() / 2)
        disturb(going)
        going.until_restarted(times)
        if not late_again and (late_again := is_again(late)):
            cluster.cancel(late.job)
    if not late_again:
        cluster.until(lambda: is_again(late), 60, ASKED_EVERY)
        cluster.cancel(late.job)
    cluster.until(lambda: late.record["status"] == "interrupted")
    assert late.record["reason"] == "received SIGTERM"
    assert late.record["iteration"] > 0
    rows = going.end()
    assert [int(row["epoch"]) for row in rows] == list(range(1, 301))
    assert rows == undisturbed.rows()  # its task may have ended while the controller was down, which SLURM sees late
    assert (going.record["preemptions"], going.record["crashes"]) == (12, 1)  # killed, it did not go of itself
    assert "preempted 12x, crashed 1x" in " ".join(going.here.findings("status").replace("│", "").split())
    directory = next(going.directory.glob("runs/*/record.json")).parent
    logs = segments(directory)
    assert {segment["run"].run_id for segment in logs if "run" in segment} == {directory.name}
