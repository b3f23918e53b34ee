"""A bad node is left for another, and what no node can start is explained."""

from pathlib import Path

from cluster import Cluster
from submitting import Submitter

from launching import write_sweep

LENGTH = {"recipe__iterations": 12, "recipe__milestones": []}


def test_one_bad_node_eats_no_sweep_and_what_no_node_starts_is_explained(cluster: Cluster, tmp_path: Path) -> None:
    """The first node that SLURM gives is bad for the one sweep, and all are for the other."""
    first = (
        "[ -e bad ] || echo $SLURMD_NODENAME > bad; [ $(cat bad) != $SLURMD_NODENAME ] || export RANK=x WORLD_SIZE=2"
    )
    here = Submitter(cluster, tmp_path)
    bad = write_sweep(tmp_path, "bad", seeds=1, **LENGTH)
    nowhere = write_sweep(tmp_path, "nowhere", seeds=1, recipe__lr=0.2, **LENGTH)
    eaten = here.submit(bad, f"cluster.setup=['{first}']")
    never = here.submit(nowhere, "cluster.launcher=no-such-container exec x.sif")

    here.until_finished(1)
    (task,) = cluster.wait(eaten)
    assert (task.state, task.restarts) == ("COMPLETED", 1), here.logs()
    (named,) = tmp_path.glob("runs/submissions/*-bad/bad")
    assert {named.read_text().strip(), task.nodes} == set(cluster.nodes)

    (task,) = cluster.wait(never, seconds=60)
    assert (task.state, task.restarts) == ("FAILED", 2), here.logs()
    (tried,) = tmp_path.glob("runs/submissions/*-nowhere/failures/unlaunched-0")
    one, other, again = tried.read_text().split()
    assert one == again != other
    assert "1 lost" in here.findings("status", nowhere, "--exit-status", code=1)
    (lost,) = {path.parent.name for path in tmp_path.glob("runs/*/config.yaml")} - set(here.finished())
    assert "no-such-container: command not found" in here.findings("logs", lost)
