"""Which of a plan's runs there are to submit: those that nobody has finished, trains or has in a queue."""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from findings.engines.slurm import queue
from findings.engines.slurm.queue import Task
from findings.engines.slurm.submission import Submission, submissions
from findings.records.lease import leased
from findings.records.record import Record

if TYPE_CHECKING:
    from findings.planning.plan import PlannedRun

ENDING = "COMPLETING"  # it was cancelled, or is done, or queues again in a moment: SLURM does not tell which
ENDING_SECONDS = 120  # for a checkpoint, for SLURM's KillWait, for the lease of what was killed to run out
EVERY = 2.0  # seconds


@dataclass(frozen=True)
class Standing:
    """The runs, in the order in which they were planned."""

    finished: "list[PlannedRun]"
    queued: "list[PlannedRun]"
    training: "list[PlannedRun]"
    missing: "list[PlannedRun]"
    under: dict[str, Submission]  # of those that are queued
    held: list[Task] = field(default_factory=list)  # which a node could not start, and which wait for a hand

    def __str__(self) -> str:
        groups = {
            "finished": self.finished,
            "in the queue": self.queued,
            "in training": self.training,
            "to submit": self.missing,
        }
        return ", ".join(f"{len(runs)} {what}" for what, runs in groups.items() if runs)


def standing(planned: "Sequence[PlannedRun]", *, ask: bool) -> Standing:
    """How the runs stand, once those that are just ending have ended. ``ask``: SLURM, which else need not be there."""
    earlier = submissions(Path(planned[0].config.runs_dir)) if ask else []
    deadline, told = time.monotonic() + ENDING_SECONDS, False
    while True:
        tasks = queue.tasks(submission.array for submission in earlier if submission.array)
        ending = _ending(planned, earlier, tasks)
        if not ending or time.monotonic() > deadline:
            return _sorted(planned, earlier, tasks)
        if not told:
            print(f"waiting for {len(ending)} runs whose tasks are just ending", file=sys.stderr)
            told = True
        time.sleep(EVERY)


def _ending(planned: "Sequence[PlannedRun]", earlier: Sequence[Submission], tasks: Sequence[Task]) -> set[str]:
    """Those of a task that is, and those whose task is gone and was killed: their leases run out in a minute."""
    ends = {(task.array, task.index) for task in tasks if task.state == ENDING}
    numbers = {submission.job for submission in earlier}
    there = {f"{task.job}_{task.index}" for task in tasks}
    found = set()
    for run in planned:
        record = Record(run.directory)
        if record.is_finished:
            continue
        last = record.get("provenance", {}).get("job") or ""
        left = last.partition("_")[0] in numbers and last not in there and leased(run.directory)
        holders = (one for one in earlier if run.id in one.runs and one.given_up(run.id) is None)
        if left or any((one.array, one.task_of(run.id)) in ends for one in holders):
            found.add(run.id)
    return found


def _sorted(planned: "Sequence[PlannedRun]", earlier: Sequence[Submission], tasks: Sequence[Task]) -> Standing:
    arrays = {submission.array: submission for submission in earlier}
    under = {
        id: arrays[task.array]
        for task in tasks
        for id in arrays[task.array].of_task(task.index)
        if arrays[task.array].given_up(id) is None
    }
    found = Standing([], [], [], [], under, [task for task in tasks if task.reason == queue.HELD])
    for run in planned:
        if Record(run.directory).is_finished:
            found.finished.append(run)
        elif run.id in under:
            found.queued.append(run)
        elif leased(run.directory):
            found.training.append(run)
        else:
            found.missing.append(run)
    return found
