"""Who a process is, as its launcher says it."""

import pytest

from findings import world
from findings.errors import InputError

LAUNCHERS = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")
SLURM = {
    "SLURM_JOB_ID": "4711",
    "SLURM_STEP_ID": "2",
    "SLURM_STEP_NUM_TASKS": "8",
    "SLURM_STEP_NUM_NODES": "2",
    "SLURM_STEP_NODELIST": "node[07-08]",
    "SLURM_PROCID": "5",
    "SLURM_LOCALID": "1",
}


@pytest.fixture(autouse=True)
def _nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in (*LAUNCHERS, *SLURM):
        monkeypatch.setenv(variable, "")  # so that what is set below is undone
        monkeypatch.delenv(variable)


def test_a_process_that_nobody_launched_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert world.launched.__wrapped__() is world.ALONE
    monkeypatch.setenv("SLURM_NTASKS", "8")  # the batch script of a job with tasks is no task
    monkeypatch.setenv("SLURM_PROCID", "0")
    assert world.launched.__wrapped__() is world.ALONE


def test_srun_and_torchrun_say_who_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in SLURM.items():
        monkeypatch.setenv(variable, value)
    assert world._by_srun() == (5, 8, 1)
    assert world.os.environ["MASTER_ADDR"] == "node07"
    port = int(world.os.environ["MASTER_PORT"])
    assert 10_000 <= port < 30_000
    monkeypatch.delenv("MASTER_PORT")
    monkeypatch.setenv("SLURM_STEP_ID", "3")  # another run in the same job, at the same time
    assert world._by_srun() == (5, 8, 1)
    assert int(world.os.environ["MASTER_PORT"]) != port
    monkeypatch.setenv("RANK", "3")
    monkeypatch.setenv("WORLD_SIZE", "4")
    assert world._by_torchrun() == (3, 4, 3)


def test_half_a_launcher_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(InputError, match=r"2 processes were launched, but .*MASTER_ADDR expected"):
        world.launched.__wrapped__()
    monkeypatch.setenv("WORLD_SIZE", "two")
    with pytest.raises(InputError, match=r"^WORLD_SIZE: 'two' is no number"):
        world.launched.__wrapped__()
