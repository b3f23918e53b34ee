"""What goes wrong. Each trouble says whether it found something to trouble."""

import contextlib
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from cluster import Cluster

from launching import workers

MEGABYTES = 400  # of the small file system
# A node says what it runs when it boots, and is asked again after twenty pings, a third of SlurmdTimeout (300 s) apart.
# What began less than about 15 s before, or was read from the state of an earlier slurmctld, is not taken for lost.
SETTINGS = "SlurmdTimeout=30\n"
BOOTS = 15, 20  # seconds, from least to most
LOOKS_AROUND = 180  # seconds; slurmctld was seen to requeue what a node had lost 129 s after its own start


class Disk:
    """A file system of its own for runs/, so that it can be full; without the right to mount one, it never is."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.filler = folder, folder / "filler"
        folder.mkdir(mode=0o777)
        mount = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m,mode=1777", "tmpfs", str(folder)]
        self.own = os.geteuid() == 0 and subprocess.run(mount, capture_output=True, check=False).returncode == 0
        folder.chmod(0o777)

    def fill(self) -> None:
        with contextlib.suppress(OSError), self.filler.open("wb") as file:  # runs may have filled it themselves
            while True:
                file.write(bytes(1 << 16))

    def empty(self) -> None:
        self.filler.unlink(missing_ok=True)

    def __enter__(self) -> "Disk":
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self.own:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=False)


def kill_a_run(_: Cluster, disk: Disk, draw: random.Random) -> bool:
    """In training: it holds a lease."""
    return _kill(workers(disk.folder.parent), draw)


def kill_a_start(cluster: Cluster, _: Disk, draw: random.Random) -> bool:
    """Mostly before it trains."""
    return _kill(_processes(cluster, "findings.cli\0train"), draw)


def kill_a_step(cluster: Cluster, _: Disk, draw: random.Random) -> bool:
    """What works through a task's runs; they lose their parent."""
    return _kill(_processes(cluster, "engines.slurm.task"), draw)


def kill_a_node(cluster: Cluster, _: Disk, draw: random.Random) -> bool:
    """slurmd and all that it has started, and boot it again."""
    node = draw.choice(cluster.nodes)
    for pid in _on(cluster, node):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    time.sleep(draw.uniform(*BOOTS))
    _start(cluster, "slurmd", "-D", "-N", node)
    return True


def kill_the_controller(cluster: Cluster, _: Disk, draw: random.Random) -> bool:
    """Not before it has seen what the last one left: it asks the nodes for lost jobs only after a while."""
    if time.time() - (cluster.directory / "slurmctld.pid").stat().st_mtime < LOOKS_AROUND:
        return False
    os.kill(_daemon(cluster, "slurmctld"), signal.SIGKILL)
    time.sleep(draw.uniform(0, 10))
    _start(cluster, "slurmctld", "-D")
    return True


def stall_the_controller(cluster: Cluster, _: Disk, draw: random.Random) -> bool:
    pid = _daemon(cluster, "slurmctld")
    os.kill(pid, signal.SIGSTOP)
    time.sleep(draw.uniform(1, 10))
    os.kill(pid, signal.SIGCONT)
    return True


def fill_the_disk(_: Cluster, disk: Disk, draw: random.Random) -> bool:
    if disk.own:
        disk.fill()
        time.sleep(draw.uniform(2, 10))
        disk.empty()
    return disk.own


def back_in_service(cluster: Cluster) -> int:
    """What an administrator does of a morning: nodes that SLURM has drained ("Kill task failed") are put back."""
    drained = [node for node in cluster.nodes if "drain" in _state(cluster, node)]
    for node in drained:
        with contextlib.suppress(AssertionError, subprocess.TimeoutExpired):  # the controller may just be down
            cluster.run("scontrol", "update", f"nodename={node}", "state=resume")
    return len(drained)


def _state(cluster: Cluster, node: str) -> str:
    command = ["sinfo", "--noheader", "--nodes", node, "--format=%T"]
    return subprocess.run(command, env=cluster.environment, capture_output=True, text=True, check=False).stdout


TROUBLES: list[Callable[[Cluster, Disk, random.Random], bool]] = [
    *[kill_a_run] * 6,
    *[kill_a_step] * 2,
    kill_a_start,
    kill_a_node,
    kill_the_controller,
    stall_the_controller,
    fill_the_disk,
]


def _kill(pids: list[int], draw: random.Random) -> bool:
    with contextlib.suppress(ProcessLookupError):
        if pids:
            os.kill(draw.choice(pids), signal.SIGKILL)
    return bool(pids)


def _processes(cluster: Cluster, words: str) -> list[int]:
    """Of this cluster, those with ``words`` in their command."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (process / "cmdline").read_bytes()
            ours = f"SLURM_CONF={cluster.directory}/".encode() in (process / "environ").read_bytes()
            if ours and words.encode() in command:
                found.append(int(process.name))
    return found


def _daemon(cluster: Cluster, name: str) -> int:
    return int((cluster.directory / f"{name}.pid").read_text())


def _on(cluster: Cluster, node: str) -> list[int]:
    """slurmd, the slurmstepds that write into its log, and what they have started."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            environment = (process / "environ").read_bytes()
            started = f"SLURM_CONF={cluster.directory}/".encode() in environment and (
                f"SLURMD_NODENAME={node}\0".encode() in environment
            )
            log = cluster.directory / f"{node}.log"
            if started or any(file.readlink() == log for file in (process / "fd").iterdir()):
                found.append(int(process.name))
    return found


def _start(cluster: Cluster, *command: str) -> None:
    with (cluster.directory / f"{command[-1]}.again").open("a") as output:
        subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", *command],
            env=cluster.environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
