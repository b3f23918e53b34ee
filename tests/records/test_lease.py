"""One run, one process, whatever happened to the one before."""

import errno
import fcntl
import json
import multiprocessing as mp
import os
import subprocess
import sys
import time
from multiprocessing.synchronize import Barrier, Event
from pathlib import Path

import pytest

from findings.records import lease as module
from findings.records import provenance
from findings.records.lease import Leased, lease, leased
from findings.system.processes import ALIVE, machine


def plant(directory: Path, **changes: object) -> Path:
    """A lease of a process of this host that is dead, except for ``changes``."""
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    mine = {"host": provenance.host(), "machine": machine(), "job": None, "restart": 0}
    holder = mine | {"pid": dead.pid, "born": "12345"} | changes
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "lease.json"
    path.write_text(json.dumps(holder))
    return path


def test_a_lease_is_held_and_given_back(tmp_path: Path) -> None:
    assert not leased(tmp_path)
    with lease(tmp_path):
        assert leased(tmp_path)
    assert not leased(tmp_path)
    assert not (tmp_path / "lease.json").exists()


def test_a_lease_is_given_back_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), lease(tmp_path):
        raise ZeroDivisionError
    assert not leased(tmp_path)


def hold(directory: Path, begun: Event, end: Event) -> None:
    with lease(directory):
        begun.set()
        end.wait(30)


def test_another_living_process_keeps_its_lease(tmp_path: Path) -> None:
    context = mp.get_context("fork")
    begun, end = context.Event(), context.Event()
    holder = context.Process(target=hold, args=(tmp_path, begun, end))
    holder.start()
    assert begun.wait(30)
    assert leased(tmp_path)
    with pytest.raises(Leased, match=f"in training by process {holder.pid} on {provenance.host()}"), lease(tmp_path):
        pass
    holder.kill()
    holder.join()
    with lease(tmp_path) as mine:
        assert mine.mine["pid"] == os.getpid()


def test_the_lease_of_a_dead_process_is_taken_over(tmp_path: Path) -> None:
    plant(tmp_path)
    with lease(tmp_path):
        pass


def test_a_pid_that_was_given_out_again_is_not_the_holder(tmp_path: Path) -> None:
    plant(tmp_path, pid=os.getppid())
    assert not leased(tmp_path)
    plant(tmp_path, pid=os.getppid(), born=module.born(os.getppid()))
    assert leased(tmp_path)


ELSEWHERE = {
    "another node": {"host": "another-node", "machine": "another boot pid:[1]"},
    "another host of this name": {"machine": "another boot pid:[1]"},
    "another container of this host": {"machine": machine().split()[0] + " pid:[1]"},
    "of before leases told of machines": {"host": "another-node", "machine": None},
}


@pytest.mark.parametrize("where", ELSEWHERE)
def test_a_holder_elsewhere_lives_as_long_as_its_heart_beats(where: str, tmp_path: Path) -> None:
    """Whatever process of this machine has its pid."""
    path = plant(tmp_path, **ELSEWHERE[where], pid=os.getpid(), born="12345")
    if where.startswith("of before"):
        path.write_text(json.dumps({k: v for k, v in json.loads(path.read_text()).items() if k != "machine"}))
    with pytest.raises(Leased), lease(tmp_path):
        pass
    long_ago = time.time() - module.STALE - 1
    os.utime(path, (long_ago, long_ago))
    with lease(tmp_path):
        pass


@pytest.mark.parametrize("ahead", [-600, 600])
def test_a_clock_that_is_wrong_steals_nothing(ahead: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only times of the file system are compared, here with a clock that this host does not share."""
    plant(tmp_path, **ELSEWHERE["another node"])
    clock = time.time
    monkeypatch.setattr(time, "time", lambda: clock() + ahead)
    assert leased(tmp_path)


def test_a_lease_from_the_future_is_not_waited_for(tmp_path: Path) -> None:
    path = plant(tmp_path, **ELSEWHERE["another node"])
    tomorrow = time.time() + 86400
    os.utime(path, (tomorrow, tomorrow))
    assert not leased(tmp_path)


@pytest.mark.parametrize(("restart", "held"), [("1", False), ("0", True)])
def test_only_a_later_start_of_its_task_takes_over_from_another_node(
    restart: str, held: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two nodes of one job may both be told to train a sweep."""
    plant(tmp_path, **ELSEWHERE["another node"], job="7_0")
    monkeypatch.setenv("SLURM_ARRAY_JOB_ID", "7")
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "0")
    monkeypatch.setenv("SLURM_RESTART_COUNT", restart)
    assert leased(tmp_path) == held


def test_without_births_a_living_pid_needs_a_heartbeat_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "born", lambda _: ALIVE)
    path = plant(tmp_path, pid=os.getppid(), born=ALIVE)
    assert leased(tmp_path)
    os.utime(path, (0, 0))
    assert not leased(tmp_path)


def test_the_heart_beats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HEARTBEAT", 0.02)
    with lease(tmp_path):
        path = tmp_path / "lease.json"
        os.utime(path, (0, 0))
        deadline = time.monotonic() + 10
        while path.stat().st_mtime == 0 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert time.time() - path.stat().st_mtime < 20


def test_a_holder_that_slept_too_long_neither_beats_for_nor_removes_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HEARTBEAT", 0.02)
    with lease(tmp_path) as mine:
        mine.check()
        path = plant(tmp_path, **ELSEWHERE["another node"])
        with pytest.raises(Leased, match="another-node"):
            mine.check()
        time.sleep(0.1)  # for a beat that was on its way
        os.utime(path, (0, 0))
        time.sleep(0.2)
        assert path.stat().st_mtime == 0
    assert json.loads(path.read_text())["host"] == "another-node"


@pytest.mark.parametrize("text", ['{"host": "th', "", "{}", "null", "[]"])
def test_a_lease_cut_short_by_a_crash_is_no_lease(text: str, tmp_path: Path) -> None:
    plant(tmp_path).write_text(text)
    with lease(tmp_path):
        pass


def compete(directory: Path, start: Barrier, taken: "mp.Queue[int]", rivals: Barrier) -> None:
    start.wait(30)
    try:
        with lease(directory):
            taken.put(os.getpid())
            rivals.wait(30)  # hold it until all have tried
    except Leased:
        rivals.wait(30)


def refused(*_: object) -> None:
    raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))


@pytest.mark.parametrize("locks", [True, False])
def test_of_many_that_take_a_stale_lease_over_exactly_one_gets_it(
    locks: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not locks:  # as on NFS without its daemon
        monkeypatch.setattr(fcntl, "flock", refused)
    context = mp.get_context("fork")
    for attempt in range(3):
        directory = tmp_path / str(attempt)
        plant(directory)
        start, rivals, taken = context.Barrier(12), context.Barrier(12), context.Queue()
        processes = [context.Process(target=compete, args=(directory, start, taken, rivals)) for _ in range(12)]
        for process in processes:
            process.start()
        for process in processes:
            process.join(60)
        assert taken.get(timeout=10)
        assert taken.empty()
