"""Whatever ends a task before its time, its run goes on from its checkpoint and equals an undisturbed one."""

import os
import random
import signal
from pathlib import Path

import pytest
from submitting import Submitter

from cluster import Cluster
from launching import all_numbers, records, write_sweep
from transaction_log import segments

LENGTH = {"recipe__iterations": 2400, "recipe__milestones": [1200, 1800], "trainer__checkpoint_every": 0.01}


@pytest.fixture(scope="module")
def undisturbed(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    directory = tmp_path_factory.mktemp("undisturbed")
    here = Submitter(cluster, directory)
    here.submit(write_sweep(directory, "whole", seeds=1, **LENGTH))
    here.until_finished(1)
    return next(iter(all_numbers(directory).values()))


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
    """By a job of a higher partition that wants every core."""
    urgent = going.cluster.submit(going.directory, "sleep 1", "--partition=high", "--nodes=2", "--exclusive")
    going.cluster.wait(urgent)


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
    going.cluster.until(lambda: going.cluster.tasks(going.job)[0].restarts > 0, 60)


@pytest.mark.parametrize("disturb", [preempt, ask, kill])
def test_a_run_that_is_interrupted_equals_one_that_is_not(
    disturb: object, undisturbed: list[dict[str, str]], cluster: Cluster, tmp_path: Path
) -> None:
    assert callable(disturb)
    going = Going(cluster, tmp_path)
    going.until_iteration(100)
    disturb(going)
    going.until_restarted(1)
    assert going.end() == undisturbed
    assert going.record["preemptions"] == 1
    assert "preempted 1x" in " ".join(going.here.findings("status").split())


def test_a_time_limit_only_cuts_a_run_in_pieces(
    undisturbed: list[dict[str, str]], cluster: Cluster, tmp_path: Path
) -> None:
    """SLURM tells a task up to a minute early, and this limit is one: at once, that is."""
    going = Going(cluster, tmp_path, "cluster.time=1", "cluster.signal=40")
    going.until_restarted(1)
    cluster.run("scontrol", "update", f"jobid={going.job}", "timelimit=30")
    assert going.end() == undisturbed


def test_ten_preemptions_at_random_moments_lose_no_epoch_and_double_no_row(cluster: Cluster, tmp_path: Path) -> None:
    moments = random.Random(3)
    changes = {"recipe__iterations": 6000, "tracking": "offline", "trainer__chunk_seconds": 0.05}
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
