"""Why a step of this task has ended, in SLURM's own words: what srun's exit code does not tell."""

import os
import re
import signal
from pathlib import Path

from findings.engines.slurm import queue
from findings.records import provenance
from findings.system.processes import ending

OUT_OF_TIME = (
    "its time was over before a new checkpoint: cluster.time, less cluster.signal, is too short for start-up and a "
    "chunk of steps"
)
NO_MEMORY = "out of memory"
KILLED = ending(-signal.SIGKILL)
OUT_OF_MEMORY = re.compile(r"oom.kill event|Out Of Memory")  # what a step's daemon and srun say, in the task's log
START = "--- "  # begins the line of the log that the batch script writes first


def why(code: int, log: Path) -> str | None:
    """The reason, of a step that ended with this return code; None where SLURM wanted its end, whatever it did.

    That is: it has preempted the task, or cancelled it, or queued it again by itself. ``log`` is the task's.
    """
    said = queue.described(task())
    out_of_time = said.get("Reason") == "TimeLimit" or code == -signal.SIGUSR1
    if said and (preempted(said) or (said.get("JobState") != "RUNNING" and not out_of_time)):
        return None
    if _out_of_memory(log):
        return f"{NO_MEMORY}{_asked_for()}"
    return OUT_OF_TIME if out_of_time else f"its process {ending(code)}"


def task() -> str:
    """This one's name: 7_2."""
    return str(provenance.job())


def start() -> str:
    """Which of its starts this is."""
    return str(provenance.restart())


def nodes() -> str:
    return os.environ.get("SLURM_JOB_NODELIST", "")


def preempted(said: dict[str, str]) -> bool:
    return said.get("PreemptTime", "None")[:1].isdigit()


def _out_of_memory(log: Path) -> bool:
    """By the cluster's accounts (OUT_OF_MEMORY, 0:125), or where it keeps none by what this start's log says."""
    text = log.read_text(errors="replace") if log.exists() else ""
    ours = text.rpartition(f"\n{START}")[2]
    return OUT_OF_MEMORY.search(ours) is not None or queue.ran_out_of_memory(task())


def _asked_for() -> str:
    node, core = os.environ.get("SLURM_MEM_PER_NODE"), os.environ.get("SLURM_MEM_PER_CPU")
    if not node and not core:
        return ": cluster.memory asks for none, and what there is was not enough"
    return f": {node or core}M for each {'node' if node else 'core'} was not enough (cluster.memory)"
