"""`findings train` as srun or torchrun start it: the same command in a process for each device."""

import socket
from pathlib import Path

from launching import PARAMETERS, Findings, all_numbers, records


def test_the_command_launched_twice_trains_one_run_and_says_so_once(tmp_path: Path) -> None:
    changed = PARAMETERS | {"recipe.iterations": 24, "recipe.milestones": [], "trainer.devices": 2}
    arguments = [f"{key}={value}" for key, value in changed.items()]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    launcher = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    both = [Findings(tmp_path, "train", *arguments, **launcher, RANK=str(rank)) for rank in range(2)]
    first, second = (process.wait(0) for process in both)
    assert first.count("finished: runs") == 1
    assert second == ""
    (record,) = records(tmp_path).values()
    assert (record["status"], record["attempts"], record["provenance"]["devices"]) == ("finished", 1, 2)
    (rows,) = all_numbers(tmp_path).values()
    assert [row["epoch"] for row in rows] == ["1", "2"]
