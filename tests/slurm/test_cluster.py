"""What tests of the SLURM engine build on: that this cluster does what a real one does, only sooner."""

import os
import tempfile
from pathlib import Path

import pytest
from cluster import Cluster, missing, started


def test_an_array_keeps_to_its_limit(cluster: Cluster, tmp_path: Path) -> None:
    job = cluster.submit(
        tmp_path,
        """touch running.$SLURM_ARRAY_TASK_ID
        for _ in 1 2 3; do ls running.* | wc -l >> counts; sleep 0.1; done
        rm running.$SLURM_ARRAY_TASK_ID""",
        "--array=0-3%2",
    )
    tasks = cluster.wait(job)
    assert {task.id: task.state for task in tasks} == {f"{job}_{index}": "COMPLETED" for index in range(4)}
    assert max((tmp_path / "counts").read_text().split()) == "2"


def test_what_is_preempted_or_requeued_runs_again_soon(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "step").write_text(
        """trap 'echo told >> log; exit' TERM
        echo start ${SLURM_RESTART_COUNT:-0} >> log
        while sleep 0.1; do :; done"""
    )
    log, whole_node = tmp_path / "log", ("--nodelist=n2", "--exclusive")
    job = cluster.submit(tmp_path, "srun bash step; sleep 60", *whole_node)
    array = cluster.submit(
        tmp_path, "touch $SLURM_ARRAY_TASK_ID.${SLURM_RESTART_COUNT:-0}; sleep 60", "--array=0-1", "--nodelist=n1"
    )
    cluster.until(lambda: all((tmp_path / name).exists() for name in ("log", "0.0", "1.0")))

    urgent = cluster.submit(tmp_path, "true", "--partition=high", *whole_node)
    cluster.requeue(f"{array}_1")

    cluster.until((tmp_path / "1.1").exists)

    cluster.until(lambda: "start 1" in log.read_text())
    assert log.read_text().splitlines() == ["start 0", "told", "start 1"]
    found = {task.id: (task.state, task.restarts) for task in cluster.tasks(job, urgent, array)}
    assert found == {
        urgent: ("COMPLETED", 0),
        job: ("RUNNING", 1),
        f"{array}_0": ("RUNNING", 0),
        f"{array}_1": ("RUNNING", 1),
    }


def test_tasks_of_two_nodes_are_told_apart(cluster: Cluster) -> None:
    lines = cluster.run("srun", "--nodes=2", "--ntasks=2", "bash", "-c", "echo $SLURM_PROCID $SLURMD_NODENAME")
    assert sorted(lines.splitlines()) == ["0 n1", "1 n2"]


@pytest.mark.skipif(bool(missing()), reason="SLURM is not installed")
def test_nothing_is_left_of_a_cluster_that_ends_in_an_error(tmp_path: Path) -> None:
    pids: list[str] = []

    def fail(directory: Path) -> None:
        with started(directory) as cluster:
            cluster.submit(tmp_path, "trap '' TERM; echo $$ $PPID > pids; while sleep 0.1; do :; done")
            cluster.until(lambda: (tmp_path / "pids").exists() and (tmp_path / "pids").read_text())
            pids.extend((tmp_path / "pids").read_text().split())
            pids.extend(file.read_text() for file in directory.glob("*.pid"))
            raise KeyError

    with tempfile.TemporaryDirectory(prefix="slurm-") as directory, pytest.raises(KeyError):
        fail(Path(directory))
    assert len(pids) == 6  # the script, its slurmstepd, munged, slurmctld and two slurmd
    assert not [pid for pid in pids if runs(int(pid))]


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()  # ended, though nobody has waited for it
