"""One run, one process: a lease in the run directory, kept alive by a heartbeat, taken over when its holder is dead."""

import contextlib
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from findings.records import provenance
from findings.system.files import read_steadily, write_atomically
from findings.system.locks import file_system_time, locked
from findings.system.processes import ALIVE, born, machine

HEARTBEAT = 5.0  # seconds between two signs of life
STALE = 60.0  # seconds without one, after which a holder that cannot be asked for is taken for dead
NEEDED = ("host", "pid", "born")


class Leased(Exception):
    """Another process trains this run."""

    def __init__(self, holder: dict[str, Any]) -> None:
        super().__init__(f"in training by process {holder['pid']} on {holder['host']}")


class Lease:
    """Held by this process, unless it slept so long that another one took the run over."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.mine = {
            "host": provenance.host(),
            "machine": machine(),
            "pid": os.getpid(),
            "born": born(os.getpid()),
            "job": provenance.job(),
            "restart": provenance.restart(),
        }

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
    with locked(directory / ".lock"):
        holder = _read(path)
        if holder is not None and _alive(path, holder):
            raise Leased(holder)
        write_atomically(path, json.dumps(held.mine))
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
        with locked(directory / ".lock"):
            if _read(path) == held.mine:
                path.unlink()


def leased(directory: Path) -> bool:
    """Whether a live process holds the run."""
    path = directory / "lease.json"
    holder = _read(path)
    return holder is not None and _alive(path, holder)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        holder = json.loads(read_steadily(path))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None  # absent, or damaged: who held it finds out
    return holder if isinstance(holder, dict) and all(key in holder for key in NEEDED) else None


def _alive(path: Path, holder: dict[str, Any]) -> bool:
    """Whether the holder lives: of this machine's processes we know, others have to show signs of life."""
    here = holder.get("machine") == machine() if "machine" in holder else holder["host"] == provenance.host()
    if here:
        lives = born(holder["pid"]) == holder["born"] is not None
        return lives and (holder["born"] != ALIVE or _beats(path))  # a pid alone may have been given out again
    job, restart = provenance.job(), provenance.restart()
    if job and holder.get("job") == job and restart > int(holder.get("restart") or 0):
        return False  # of a start of this task before this one, on another node: they never overlap
    return _beats(path)


def _beats(path: Path) -> bool:
    try:
        return abs(file_system_time(path.parent) - path.stat().st_mtime) < STALE  # one from the future is none either
    except OSError:
        return False
