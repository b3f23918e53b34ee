"""A SLURM cluster of our own: munged, slurmctld and two slurmd on this host, with all they write in one directory.

It needs nothing of the host but the installed commands: no root, no service, no line in /etc/hosts. There is no
accounting (`sacct`): as on many small clusters, `squeue` is all there is to ask.
"""

import contextlib
import getpass
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from string import Template

COMMANDS = "munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel", "scontrol", "sinfo", "setpriv"
FORMAT = "JobArrayID:|,State:|,RestartCnt:|,NodeList:|,Reason:|"
ENDED = {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "PREEMPTED", "BOOT_FAIL", "OUT_OF_MEMORY"}
ASKED_EVERY = 0.25  # seconds; squeue is a process of its own
BUSY = 3  # times as long as on an idle machine a test waits for anything
PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])  # daemons are not on every PATH


def missing() -> list[str]:
    """The commands that are not installed."""
    return [command for command in COMMANDS if not shutil.which(command, path=PATH)]


@dataclass(frozen=True)
class Task:
    """A job, or one task of an array, as squeue sees it."""

    id: str  # 7, or 7_2 for a task of an array: what scancel and scontrol take
    state: str  # PENDING, RUNNING, COMPLETING, COMPLETED ...
    restarts: int  # how often it was requeued
    nodes: str  # n1, or n[1-2]; empty while it waits
    reason: str  # why it waits, or how it ended


class Cluster:
    """The clients of a running cluster. Every wait has a deadline and fails with the queue and the controller's log."""

    nodes = ("n1", "n2")

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.daemons: dict[str, subprocess.Popen] = {}
        # a job that runs these tests must not lend its own variables to theirs
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("SLURM", "SBATCH", "SQUEUE", "SCANCEL"))}
        self.environment = {**inherited, "PATH": PATH, "SLURM_CONF": str(directory / "slurm.conf")}

    def run(self, *command: str, directory: Path | None = None, given: str | None = None) -> str:
        """What the command prints; an AssertionError with what it said if it fails."""
        done = subprocess.run(
            command, cwd=directory, env=self.environment, input=given, capture_output=True, text=True, timeout=180
        )
        assert done.returncode == 0, f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def submit(self, directory: Path, script: str, *options: str) -> str:
        """The job id of a bash script that runs in ``directory`` and leaves its output there."""
        return self.run("sbatch", "--parsable", *options, directory=directory, given=f"#!/bin/bash\n{script}\n").strip()

    def tasks(self, *jobs: str) -> list[Task]:
        """All tasks of these jobs, or of all jobs, also those that ended within the last minutes."""
        which = ["--jobs", ",".join(jobs)] if jobs else []
        lines = self.run("squeue", "--noheader", "--array", "--states=all", *which, "--Format", FORMAT).splitlines()
        return [
            Task(id, state, int(restarts), nodes, reason)
            for id, state, restarts, nodes, reason, *_ in (line.split("|") for line in lines)
        ]

    def queue(self) -> str:
        """The tasks, a line each, or why the controller does not say: it may be down on purpose."""
        try:
            return "\n".join(map(str, self.tasks()))
        except AssertionError as error:
            return str(error)

    def until(self, what: Callable[[], object], seconds: float = 30, every: float = 0.05) -> None:
        """Wait for ``what()`` to be true: ``seconds``, and on a busy machine some times longer."""
        deadline = time.monotonic() + BUSY * seconds
        while not what():
            if time.monotonic() > deadline:
                raise AssertionError(
                    f"not within {BUSY * seconds} s\n{self.queue()}\n{tail(self.directory / 'slurmctld.log')}"
                )
            time.sleep(every)

    def wait(self, job: str, *states: str, seconds: float = 30) -> list[Task]:
        """The job's tasks, once each of them is in one of these states (whichever way it ended, if none is given)."""
        wanted = set(states) or ENDED
        self.until(lambda: {task.state for task in self.tasks(job)} <= wanted, seconds, ASKED_EVERY)
        return self.tasks(job)

    def signal(self, job: str, name: str, *options: str) -> None:
        """Send SIG<name> to the steps of a job or task; ``--batch``: to its script instead; ``--full``: to both."""
        self.run("scancel", f"--signal={name}", *options, job)

    def cancel(self, *jobs: str) -> None:
        self.run("scancel", *jobs)

    def requeue(self, job: str) -> None:
        """Stop a job or one task (7_2) and queue it again under its id."""
        self.run("scontrol", "requeue", job)

    def start(self, name: str, *command: str) -> None:
        with (self.directory / f"{name}.out").open("a") as output:
            self.daemons[name] = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", *command],  # should pytest be killed, they end too
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @contextlib.contextmanager
    def without(self, name: str) -> Iterator[None]:
        """A daemon is killed, and starts again after the block: slurmctld, or a node's slurmd by the node's name."""
        daemon = self.daemons[name]
        daemon.kill()
        daemon.wait()
        try:
            yield
        finally:
            _, _, _, *command = list(daemon.args)
            self.start(name, *command)

    def clear(self) -> None:
        """Cancel whatever has not ended, and wait until it has."""
        if left := [task.id for task in self.tasks() if task.state not in ENDED]:
            self.cancel(*left)
            self.until(lambda: all(task.state in ENDED for task in self.tasks()), every=ASKED_EVERY)


@contextlib.contextmanager
def started(directory: Path, settings: str = "") -> Iterator[Cluster]:
    """A cluster whose nodes are idle; at the end, also of a start that failed, nothing of it is left running.

    ``settings`` are further lines of its slurm.conf.
    """
    cluster = Cluster(directory)
    configure(directory, settings)
    daemons, start = cluster.daemons, cluster.start

    def ready(what: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 20
        while not what():
            ended = [name for name, daemon in daemons.items() if daemon.poll() is not None]
            if ended or time.monotonic() > deadline:
                logs = "".join(tail(file) for name in ended or daemons for file in sorted(directory.glob(f"{name}.*")))
                raise RuntimeError(f"SLURM does not start ({', '.join(ended) or 'too slow'})\n{logs}")
            time.sleep(0.02)

    def idle() -> bool:
        asked = subprocess.run(
            ["sinfo", "-hN", "-p", "low", "-o", "%T"], env=cluster.environment, capture_output=True, text=True
        )
        return asked.stdout.split() == ["idle"] * len(cluster.nodes)

    try:
        start("munged", "munged", "--foreground", "--force", *munge_files(directory))
        ready((directory / "munge.socket").is_socket)
        start("slurmctld", "slurmctld", "-D")
        for node in cluster.nodes:
            start(node, "slurmd", "-D", "-N", node)
        ready(idle)
        yield cluster
        cluster.clear()
    finally:
        for daemon in reversed(daemons.values()):  # munged last: the others need it to end
            end(daemon)
        end_strays(directory)


def configure(directory: Path, settings: str = "") -> None:
    """slurm.conf, the folders it names and munge's key."""
    template = Template(Path(__file__).with_name("slurm.conf").read_text())
    ports = dict(zip(("controller_port", "n1_port", "n2_port"), free_ports(3), strict=True))
    host = socket.gethostname().partition(".")[0]
    text = template.substitute(ports, host=host, user=getpass.getuser(), directory=directory)
    (directory / "slurm.conf").write_text(text + settings)
    for name in ("state", *Cluster.nodes):
        (directory / name).mkdir()
    key = directory / "munge.key"
    key.touch(mode=0o600)
    key.write_bytes(os.urandom(128))


def munge_files(directory: Path) -> list[str]:
    names = {"socket": "socket", "key-file": "key", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
    return [f"--{option}={directory}/munge.{name}" for option, name in names.items()]


def free_ports(number: int) -> list[int]:
    with contextlib.ExitStack() as stack:  # all held at once, so that they differ
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def end(daemon: subprocess.Popen) -> None:
    daemon.terminate()
    try:
        daemon.wait(5)
    except subprocess.TimeoutExpired:
        daemon.kill()
        daemon.wait()


def end_strays(directory: Path) -> None:
    deadline = time.monotonic() + 10
    while (pids := strays(directory)) and time.monotonic() < deadline:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)


def strays(directory: Path) -> list[int]:
    """What outlived the daemons: jobs, whose environment has this slurm.conf, and slurmstepds, which log here."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended, or is somebody else's
            knows = f"SLURM_CONF={directory}/".encode() in (process / "environ").read_bytes()
            if knows or any(file.readlink().is_relative_to(directory) for file in (process / "fd").iterdir()):
                found.append(int(process.name))
    return found


def tail(log: Path, lines: int = 20) -> str:
    text = log.read_text(errors="replace") if log.is_file() else ""
    return "\n".join([f"--- {log.name}", *text.splitlines()[-lines:], ""])
