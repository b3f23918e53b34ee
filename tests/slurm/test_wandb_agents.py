"""An array of W&B's own agents, which train what a W&B server hands out."""

import re
from pathlib import Path

from cluster import Cluster
from submitting import Submitter

from launching import records, write_sweep
from wandb_server import serving

LENGTH = {"recipe__iterations": 600, "recipe__milestones": [400], "trainer__checkpoint_every": 0.01}


def test_agents_train_the_runs_of_a_wandb_sweep_and_go_on_after_an_interruption(
    cluster: Cluster, tmp_path: Path
) -> None:
    with serving() as server:
        key = "0123456789abcdef0123456789abcdef01234567"
        here = Submitter(cluster, tmp_path, WANDB_API_KEY=key, WANDB_BASE_URL=server.address)
        sweep = write_sweep(tmp_path, "handed", seeds=2, tracking="wandb", **LENGTH)
        made = here.run("wandb", "sweep", "--project", "studies", f"sweeps/{sweep}.yaml")
        id = re.search(r"wandb agent (\S+)", made)[1]
        options = ("--agent", id, "cluster.internet=true")
        job = here.submit(sweep, *options)
        again = here.findings("submit", sweep, "--cluster", "test", *options)
        assert "2 in the queue\nnothing to submit" in again

        def in_training() -> list[dict]:
            return [found for found in records(tmp_path).values() if found.get("iteration", 0) > 0]

        cluster.until(in_training, 90)
        task = in_training()[0]["provenance"]["job"]
        assert task.partition("_")[0] == job
        cluster.signal(task, "USR1")
        here.until_finished(2)
        tasks = cluster.wait(job, "COMPLETED", seconds=60)
        assert sorted(task.restarts for task in tasks) == [0, 1], here.logs()
        assert {run.name: (run.state, run.sweep, run.steps[-1]) for run in server.runs.values()} == {
            record["wandb"]["id"]: ("finished", id.rpartition("/")[2], 600) for record in records(tmp_path).values()
        }
        # of the signal, which all processes of the step received, W&B has been told
        assert sorted(run.endings for run in server.runs.values()) == [["finished"], ["preempted", "finished"]]
        assert "2 runs: 2 finished" in here.findings("status", sweep)
        assert "2 finished\nnothing to submit" in here.findings("submit", sweep, "--cluster", "test", *options)
        assert not [path for path in tmp_path.rglob("*") if path.is_file() and key.encode() in path.read_bytes()]


def test_an_agent_that_cannot_ask_is_not_queued_again_and_says_why(cluster: Cluster, tmp_path: Path) -> None:
    here = Submitter(cluster, tmp_path, NETRC=str(tmp_path / "netrc"), WANDB_API_KEY="")
    sweep = write_sweep(tmp_path, "unasked", seeds=1)
    output = here.findings("submit", sweep, "--cluster", "test", "--agent", "team/studies/x", code=2)
    assert "test's nodes do not reach it (internet: false)" in output
    job = here.submit(sweep, "--agent", "team/studies/x", "cluster.internet=true")
    (task,) = cluster.wait(job)
    assert (task.state, task.restarts) == ("FAILED", 0)
    (log,) = tmp_path.glob("runs/submissions/*/logs/task-0.log")
    assert "findings: W&B: no key for" in log.read_text()
    assert "1 lost" in here.findings("status", sweep)
