"""Whatever ends a task before its time, its run goes on from its checkpoint and equals an undisturbed one."""

import os
import random
import signal
from pathlib import Path

from submitting import Submitter

from cluster import Cluster
from launching import all_numbers, records, write_sweep
from transaction_log import segments

LENGTH = {"recipe__iterations": 6000, "recipe__milestones": [3000, 4500], "trainer__checkpoint_every": 0.01}


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

    def until_iteration(self, least: int) -> None:
        self.cluster.until(lambda: self.record["status"] == "running" and self.record["iteration"] > least, 90)

    def until_restarted(self, times: int) -> None:
        self.cluster.until(lambda: self.cluster.tasks(self.job)[0].restarts == times, 60)

    def end(self) -> list[dict[str, str]]:
        self.here.until_finished(1)
        (task,) = self.cluster.wait(self.job)
        assert task.state == "COMPLETED", self.here.logs()
        return next(iter(all_numbers(self.directory).values()))


def preempt(going: Going) -> None:
    """By a job of a higher partition that wants its whole node."""
    node = going.cluster.tasks(going.job)[0].nodes
    options = ("--partition=high", f"--nodelist={node}", "--exclusive")
    going.cluster.wait(going.cluster.submit(going.directory, "sleep 1", *options))


def ask(going: Going) -> None:
    going.cluster.signal(going.task, "USR1")


def kill(going: Going) -> None:
    """The whole step, as a node that fails would, and then what SLURM does about a node that fails."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes()
        except OSError:
            continue
        ours = f"SLURM_ARRAY_JOB_ID={going.job}".encode() in environment and b"SLURM_PROCID=" in environment
        if ours and b"findings.c" in (process / "cmdline").read_bytes():
            os.kill(int(process.name), signal.SIGKILL)


def test_a_run_that_is_interrupted_in_every_way_equals_one_that_is_not(cluster: Cluster, tmp_path: Path) -> None:
    """By its time limit, of which SLURM tells a task up to a minute early; and then as the functions above do."""
    (tmp_path / "whole").mkdir()
    undisturbed = Going(cluster, tmp_path / "whole", "cluster.options=[--nodelist=n2]")
    (tmp_path / "pieces").mkdir()
    limit = ("cluster.time=1", "cluster.signal=25", "cluster.options=[--nodelist=n1]")
    going = Going(cluster, tmp_path / "pieces", *limit)
    going.until_restarted(1)
    cluster.run("scontrol", "update", f"jobid={going.job}", "timelimit=30")
    for restarts, disturb in enumerate((preempt, ask, kill), 2):
        going.until_iteration(going.record.get("iteration", 0))
        disturb(going)
        going.until_restarted(restarts)
    assert going.end() == undisturbed.end()
    assert going.record["preemptions"] == 4
    assert "preempted 4x" in " ".join(going.here.findings("status").split())


def test_ten_preemptions_at_random_moments_lose_no_epoch_and_double_no_row(cluster: Cluster, tmp_path: Path) -> None:
    moments = random.Random(3)
    changes = {"tracking": "offline", "trainer__chunk_seconds": 0.05}
    going = Going(cluster, tmp_path, **changes)
    for count in range(1, 11):
        going.until_iteration(going.record.get("iteration", 0))
        cluster.until(lambda: moments.random() < 0.05)
        cluster.requeue(going.task) if count % 2 else ask(going)
        going.until_restarted(count)
    rows = going.end()
    assert [int(row["epoch"]) for row in rows] == list(range(1, 501))
    assert going.record["preemptions"] >= 9  # one may have come before the first checkpoint's record
    directory = next(tmp_path.glob("runs/*/record.json")).parent
    logs = segments(directory)
    assert {segment["run"].run_id for segment in logs if "run" in segment} == {directory.name}
