"""One run, one process: a lease in the run directory, kept alive by a heartbeat, taken over when its holder is dead."""

import contextlib
import fcntl
import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from findings.records import provenance
from findings.system.processes import born

HEARTBEAT = 5.0  # seconds between two signs of life
STALE = 60.0  # seconds without one, after which a holder on another host is taken for dead


class Leased(Exception):
    """Another process trains this run."""

    def __init__(self, holder: dict[str, Any]) -> None:
        super().__init__(f"in training by process {holder['pid']} on {holder['host']}")


class Lease:
    """Held by this process, unless it slept so long that another one took the run over."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.mine = {"host": provenance.host(), "pid": os.getpid(), "born": born(os.getpid()), "job": provenance.job()}

    def check(self) -> None:
        """Raises :class:`Leased` if another process has taken the run over."""
        holder = _read(self.path)
        if holder is not None and holder != self.mine:
            raise Leased(holder)


@contextlib.contextmanager
def lease(directory: Path) -> Iterator[Lease]:
    """Hold the run in ``directory`` for the time of the block. Raises :class:`Leased` if another process does."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "lease.json"
    held = Lease(path)
    with _locked(directory):
        holder = _read(path)
        if holder is not None and _alive(path, holder):
            raise Leased(holder)
        path.write_text(json.dumps(held.mine))
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(HEARTBEAT):
            with contextlib.suppress(OSError, Leased):
                held.check()
                os.utime(path)

    heart = threading.Thread(target=beat, daemon=True)
    heart.start()
    try:
        yield held
    finally:
        ended.set()
        heart.join()
        with _locked(directory):
            if _read(path) == held.mine:
                path.unlink()


def leased(directory: Path) -> bool:
    """Whether a live process holds the run."""
    path = directory / "lease.json"
    holder = _read(path)
    return holder is not None and _alive(path, holder)


@contextlib.contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Between processes of one host, and of one file system where it supports locks."""
    with (directory / ".lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _read(path: Path) -> dict[str, Any] | None:
    try:
        holder = json.loads(path.read_text())
    except (OSError, ValueError):
        return None  # absent, or its writer died while writing
    return holder if isinstance(holder, dict) else None


def _alive(path: Path, holder: dict[str, Any]) -> bool:
    if holder["host"] == provenance.host():
        return born(holder["pid"]) == holder["born"] is not None
    if holder.get("job") and holder["job"] == provenance.job():
        return False  # of a start of this array task before this one, on another node: they never overlap
    try:
        return time.time() - path.stat().st_mtime < STALE
    except OSError:
        return False
