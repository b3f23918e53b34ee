"""Processes of this host: whether one lives, how one ended, and the cores that this one may use."""

import os
import signal
import socket
from functools import cache
from pathlib import Path

ALIVE = "alive"  # all that is known of a process's birth on a system without /proc


@cache
def machine() -> str:
    """This boot of this machine, and which of its processes can be seen from here.

    Hosts may share a name; two containers of one host each have a process 1.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return socket.gethostname()


def born(pid: int) -> str | None:
    """When a process began, in clock ticks since boot; None if it does not live (a zombie does not).

    A pid alone may have been given out again: two births that are equal are one process.
    """
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        try:
            os.kill(pid, 0)
        except OSError:
            return None
        return ALIVE
    status = text.rpartition(")")[2].split()
    return None if status[0] in "ZX" else status[19]


def ending(code: int | None) -> str:
    """How a process with this return code ended, in words; negative codes are signals, as subprocess has them."""
    if code is not None and code < 0:
        known = {number.value: number.name for number in signal.Signals}  # not all of the real-time ones have a name
        name = known.get(-code, f"signal {-code}")
        return f"was ended by {name}" + (", as happens when memory runs out" if name == "SIGKILL" else "")
    return f"ended with exit code {code}"


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
