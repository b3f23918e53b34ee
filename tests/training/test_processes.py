"""Who a process is, as its launcher says it, and what it learns when another one fails."""

import os
import signal
import socket
from datetime import timedelta

import pytest
import torch
import torch.distributed as dist

from findings.errors import InputError
from findings.training import processes
from several import launch

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
    assert processes.launched.__wrapped__() is processes.ALONE
    monkeypatch.setenv("SLURM_NTASKS", "8")  # the batch script of a job with tasks is no task
    monkeypatch.setenv("SLURM_PROCID", "0")
    assert processes.launched.__wrapped__() is processes.ALONE


def test_srun_and_torchrun_say_who_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in SLURM.items():
        monkeypatch.setenv(variable, value)
    assert processes._by_srun() == (5, 8, 1)
    assert processes.os.environ["MASTER_ADDR"] == "node07"
    port = int(processes.os.environ["MASTER_PORT"])
    assert 10_000 <= port < 30_000
    monkeypatch.delenv("MASTER_PORT")
    monkeypatch.setenv("SLURM_STEP_ID", "3")  # another run in the same job, at the same time
    assert processes._by_srun() == (5, 8, 1)
    assert int(processes.os.environ["MASTER_PORT"]) != port
    monkeypatch.setenv("RANK", "3")
    monkeypatch.setenv("WORLD_SIZE", "4")
    assert processes._by_torchrun() == (3, 4, 3)


def test_half_a_launcher_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(InputError, match=r"2 processes were launched, but .*MASTER_ADDR expected"):
        processes.launched.__wrapped__()
    monkeypatch.setenv("WORLD_SIZE", "two")
    with pytest.raises(InputError, match=r"^WORLD_SIZE: 'two' is no number"):
        processes.launched.__wrapped__()


def test_processes_that_do_not_meet_are_refused_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "MEETING", timedelta(seconds=1))
    monkeypatch.setattr(processes, "PATIENCE", timedelta(seconds=1))
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setenv("MASTER_PORT", str(port))
        monkeypatch.setenv("RANK", "0")
        with pytest.raises(InputError, match=rf"^127\.0\.0\.1:{port}: process 0 of 2 does not meet .*EADDRINUSE"):
            processes.launched.__wrapped__()
    monkeypatch.setenv("RANK", "1")  # of those whose first never comes
    with pytest.raises(InputError, match=rf"^127\.0\.0\.1:{port}: process 1 of 2 does not meet the others there: "):
        processes.launched.__wrapped__()


def _exchange(fault: str) -> str:
    """Exchanges until rank 2 of them is at fault: what this process learns of it, and whether it asks others."""
    here = processes.launched()
    tensor = torch.zeros(1000)
    try:
        with here.working():
            for turn in range(20):
                if (here.rank, turn) == (2, 5):
                    if fault == "killed":
                        os.kill(os.getpid(), signal.SIGKILL)
                    raise KeyboardInterrupt if fault == "interrupted" else ValueError("the disk is on fire")
                here.add_up(tensor)
                here.gathered(turn)
    except (processes.Gone, processes.Parted, ValueError, KeyboardInterrupt) as error:
        assert here.parted
        return f"{type(error).__name__}: {error}"
    return "nothing"


@pytest.mark.parametrize(("fault", "says"), [("killed", None), ("interrupted", "KeyboardInterrupt: ")])
def test_a_process_that_is_killed_is_gone_to_all_others(fault: str, says: str | None) -> None:
    """Those who notice late do not take for the cause that another one has noticed."""
    ended = launch(_exchange, 4, fault)
    assert ended.pop(2) == says
    for text in ended:
        assert text.startswith("Gone: another process of this run is gone: ")
        assert "onnection" in text, "what broke is said"


def test_what_one_process_says_reaches_all_others() -> None:
    ended = launch(_exchange, 4, "raises")
    assert ended.pop(2) == "ValueError: the disk is on fire"
    assert ended == ["Parted: rank 2: ValueError: the disk is on fire"] * 3


LOST = (
    "[pair.cc:545] gloo: Read error [127.0.0.1]:5801: Connection reset by peer",
    "gloo: [pair.cc:561] Connection closed by peer [127.0.0.1]:42150",
    "gloo: [unbound_buffer.cc:78] Timed out waiting 1800000ms for recv operation to complete",
)
LOST_BY_NCCL = (
    "NCCL error: remote process exited or there was a network error\nncclRemoteError: A call failed possibly ...",
    "socketProgress: Connection closed by remote peer node07<43210>",
    "NCCL communicator was aborted on rank 1.",
)
MISTAKES = (
    dist.DistBackendError("NCCL error: ncclInvalidUsage. Last error: Duplicate GPU detected : rank 0 and rank 1"),
    dist.DistBackendError("ncclUnhandledCudaError: Call to CUDA function failed."),
    RuntimeError("[enforce fail at gloo/transport/tcp/pair.cc:479] op.preamble.length <= op.nbytes. 40 vs 8"),
    RuntimeError("the connection was closed"),  # somebody else's
    TimeoutError("timed out"),
)


def test_only_a_lost_connection_means_that_another_process_is_gone() -> None:
    """Others are mistakes, as of two processes on one GPU: to try again would not help."""
    assert all(processes._lost(RuntimeError(text)) for text in LOST)
    assert all(processes._lost(dist.DistBackendError(text)) for text in LOST_BY_NCCL)
    assert not any(processes._lost(error) for error in MISTAKES)
