"""What SLURM says of our array tasks, whatever the user's own settings of its commands are."""

import os
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from findings.errors import InputError

FORMAT = "%F|%K|%T|%r|%N"  # array's job, task, state, reason, nodes
HEADER = "CLUSTER:"  # begins the line before each cluster's jobs, where clusters are named
UNKNOWN = "Invalid job id"  # of a single job that ended long ago; of several, squeue leaves those out without a word
HELD = "launch failed requeued held"  # a node could not start it: SLURM keeps it until somebody releases it
MAX_ARRAY_SIZE = 1001  # SLURM's own default
SECONDS = 60  # for an answer
OPTIONS = ("SLURM_", "SBATCH_", "SQUEUE_", "SACCT_", "SCANCEL_", "SCONTROL_", "SINFO_", "SRUN_", "SALLOC_")
CONNECTION = ("SLURM_CONF", "SLURM_CONF_SERVER", "SLURM_JWT")  # where the controller is, and who asks

_answers: dict[tuple[str, ...], tuple[float, str | InputError]] = {}  # to each command, and when it was asked


class Silent(InputError):
    """SLURM is here, but does not answer what it was asked; later it may."""


@dataclass(frozen=True)
class Array:
    """A submission's job: its number, and the cluster that has it where users name one (--clusters)."""

    job: str
    cluster: str | None = None


@dataclass(frozen=True)
class Task:
    """A task of an array that is in the queue."""

    job: str
    index: int
    state: str  # PENDING, RUNNING, COMPLETING, ...
    reason: str  # why it does not run
    nodes: str
    cluster: str | None = None

    @property
    def array(self) -> Array:
        return Array(self.job, self.cluster)


def tasks(arrays: Iterable[Array], *, age: float = 0) -> list[Task]:
    """Those tasks of these arrays that wait, run or are just ending, whoever submitted them.

    ``age``: seconds that the answer may be old. Raises InputError where there is no SLURM to ask.
    """
    jobs = defaultdict(set)
    for array in arrays:
        jobs[array.cluster].add(array.job)
    return [task for cluster, numbers in jobs.items() for task in _tasks(numbers, cluster, age)]


def _tasks(jobs: set[str], cluster: str | None, age: float) -> list[Task]:
    command = ["squeue", f"--jobs={','.join(sorted(jobs))}", "--array", "--noheader", f"--format={FORMAT}"]
    try:
        text = _ask(*command, cluster=cluster, age=age)
    except Silent as error:
        if UNKNOWN in str(error):
            return []
        raise
    rows = [row for row in (line.split("|") for line in text.splitlines()) if len(row) == 5 and row[1].isdigit()]
    return [Task(job, int(index), state, reason, nodes, cluster) for job, index, state, reason, nodes in rows]


def named(name: str, cluster: str | None, *, age: float = 0) -> Array | None:
    """The job of that name, which no other has, whether it waits, runs or has ended a while ago."""
    text = _ask("squeue", f"--name={name}", "--states=all", "--noheader", "--format=%F", cluster=cluster, age=age)
    since = "--allusers", "--starttime=now-7days"
    return _first(text, cluster) or _first(_accounts(f"--name={name}", "JobID", cluster, *since, age=age), cluster)


def _first(text: str, cluster: str | None) -> Array | None:
    for line in text.splitlines():
        if line.startswith(HEADER):
            cluster = line.removeprefix(HEADER).strip()
        elif (job := line.partition("_")[0].strip()).isdigit():
            return Array(job, cluster)
    return None


def ended(array: Array, *, age: float = 0) -> dict[int, str]:
    """How tasks of an array ended, {task: state}; empty where the cluster keeps no accounts."""
    found = {}
    for line in _accounts(f"--jobs={array.job}", "JobID,State", array.cluster, age=age).splitlines():
        name, _, state = line.partition("|")
        for index in _indices(name.partition("_")[2]):
            found[index] = state.partition(" ")[0]  # CANCELLED by 1000
    return found


def _indices(text: str) -> list[int]:
    """Of tasks: 3, or [0-11,13%2] of an array that was never split, as none of those has begun; others have none."""
    ranges = [part.partition("-") for part in text.strip("[]").partition("%")[0].split(",")]
    return [
        index
        for first, _, last in ranges
        if first.isdigit() and (last or first).isdigit()
        for index in range(int(first), int(last or first) + 1)
    ]


def described(job: str) -> dict[str, str]:
    """What SLURM says of a job or task that has not ended, by its own names; empty where it does not answer."""
    try:
        words = _ask("scontrol", "show", "job", job, "--oneliner").split()
    except InputError:
        return {}
    return {name: value for name, _, value in (word.partition("=") for word in words)}


def ran_out_of_memory(job: str) -> bool:
    """Whether a step of it has, in its latest start; False where the cluster keeps no accounts."""
    try:
        lines = _ask("sacct", "--jobs", job, "--noheader", "--parsable2", "--format=State,ExitCode").splitlines()
    except InputError:
        return False
    return any(line.startswith("OUT_OF_MEMORY") or line.endswith("|0:125") for line in lines)


def _accounts(of: str, columns: str, cluster: str | None, *options: str, age: float = 0) -> str:
    command = ["sacct", of, "--allocations", "--noheader", "--parsable2", f"--format={columns}", *options]
    try:
        return _ask(*command, cluster=cluster, age=age)
    except InputError:
        return ""


def release(task: Task) -> str:
    """Let a task start that SLURM holds; what it says against that, or nothing."""
    try:
        _ask("scontrol", "release", f"{task.job}_{task.index}", cluster=task.cluster)
    except InputError as error:
        return str(error)
    return ""


def max_array_size(cluster: str | None = None) -> int:
    """The cluster's MaxArraySize, or SLURM's own default where there is none to ask."""
    try:
        lines = _ask("scontrol", "show", "config", cluster=cluster).splitlines()
    except InputError:
        return MAX_ARRAY_SIZE
    sizes = [line.partition("=")[2].strip() for line in lines if line.startswith("MaxArraySize")]
    return int(sizes[0]) if sizes else MAX_ARRAY_SIZE


def cancel(array: Array, index: int | None = None) -> None:
    """All of an array, or one task."""
    _ask("scancel", array.job if index is None else f"{array.job}_{index}", cluster=array.cluster)


def environment() -> dict[str, str]:
    """This process's, less all that changes what SLURM's commands do: SQUEUE_STATES, SLURM_CLUSTERS, SBATCH_..."""
    return {name: value for name, value in os.environ.items() if name in CONNECTION or not name.startswith(OPTIONS)}


def _ask(*command: str, cluster: str | None = None, age: float = 0) -> str:
    asked = (command[0], *([f"--clusters={cluster}"] if cluster else []), *command[1:])
    if asked not in _answers or time.monotonic() - _answers[asked][0] >= age:
        _answers[asked] = time.monotonic(), _answer(asked)
    answer = _answers[asked][1]
    if isinstance(answer, InputError):
        raise answer
    return answer


def _answer(command: Sequence[str]) -> str | InputError:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False, env=environment())
    except FileNotFoundError:
        return InputError(command[0], "is not here: there is no SLURM on this machine")
    except subprocess.TimeoutExpired:
        return Silent(command[0], "does not answer")
    if done.returncode:
        return Silent(command[0], " ".join(done.stderr.split()) or f"ended with exit code {done.returncode}")
    return done.stdout
