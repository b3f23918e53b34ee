"""What SLURM says of our array tasks."""

import subprocess
from dataclasses import dataclass

from findings.errors import InputError

FORMAT = "%F|%K|%T|%r|%N"  # array's job, task, state, reason, nodes
MAX_ARRAY_SIZE = 1001  # SLURM's own default


class Silent(InputError):
    """SLURM is here, but does not answer what it was asked; later it may."""


@dataclass(frozen=True)
class Task:
    """A task of an array that is in the queue."""

    job: str
    index: int
    state: str  # PENDING, RUNNING, COMPLETING, ...
    reason: str  # why it does not run
    nodes: str


def mine() -> list[Task]:
    """This user's array tasks that wait or run. Raises InputError where there is no SLURM to ask."""
    lines = _ask("squeue", "--me", "--array", "--noheader", f"--format={FORMAT}").splitlines()
    fields = [line.split("|") for line in lines]
    return [
        Task(job, int(index), state, reason, nodes) for job, index, state, reason, nodes in fields if index.isdigit()
    ]


def ended(job: str) -> dict[int, str]:
    """How tasks of an array ended, {task: state}; empty where the cluster keeps no accounts."""
    try:
        text = _ask("sacct", "--jobs", job, "--allocations", "--noheader", "--parsable2", "--format=JobID,State")
    except InputError:
        return {}
    found = {}
    for line in text.splitlines():
        name, _, state = line.partition("|")
        index = name.partition("_")[2]
        if index.isdigit():
            found[int(index)] = state.split()[0]  # CANCELLED by 1000
    return found


def max_array_size() -> int:
    """The cluster's MaxArraySize, or SLURM's own default where there is none to ask."""
    try:
        lines = _ask("scontrol", "show", "config").splitlines()
    except InputError:
        return MAX_ARRAY_SIZE
    sizes = [line.partition("=")[2].strip() for line in lines if line.startswith("MaxArraySize")]
    return int(sizes[0]) if sizes else MAX_ARRAY_SIZE


def cancel(job: str) -> None:
    _ask("scancel", job)


def _ask(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except FileNotFoundError:
        raise InputError(command[0], "is not here: there is no SLURM on this machine") from None
    except subprocess.TimeoutExpired:
        raise Silent(command[0], "does not answer") from None
    if done.returncode:
        raise Silent(command[0], " ".join(done.stderr.split()) or f"ended with exit code {done.returncode}")
    return done.stdout
