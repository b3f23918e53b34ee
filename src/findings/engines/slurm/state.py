"""How far each run of a sweep is: its record, and what SLURM says of the task that holds it."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from findings.engines.slurm import queue
from findings.engines.slurm.submission import Submission
from findings.records.lease import leased
from findings.records.record import Record

ANY = -1  # task of an array
WAITING = ("PENDING", "REQUEUED", "REQUEUE_HOLD", "RESIZING", "SUSPENDED")


@dataclass(frozen=True)
class State:
    """One run. ``state`` is finished, running, starting, queued, failed, interrupted, lost or planned."""

    run: str
    state: str
    iteration: int
    iterations: int
    left: float | None  # seconds of training, at the pace so far
    where: str  # array task and node
    reason: str
    log: Path | None
    preemptions: int


def states(runs: Sequence[str], runs_dir: Path, submissions: Sequence[Submission]) -> list[State]:
    """Of each run, in that order. Raises InputError where submissions are open and SLURM cannot be asked."""
    holders = {run: submission for submission in submissions for run in submission.runs}  # the latest
    unfinished = {run for run in runs if run in holders and Record(runs_dir / run).status != "finished"}
    tasks = {(task.job, task.index): task for task in (queue.mine() if unfinished else [])}
    ends: dict[str, dict[int, str]] = {}
    found = []
    for run in runs:
        submission = holders.get(run)
        task, end = None, ""
        if submission is not None and submission.job is not None and run in unfinished:
            index = submission.task_of(run)
            task = _to_come(submission.job, tasks) if index is None else tasks.get((submission.job, index))
            if task is None:
                if submission.job not in ends:
                    ends[submission.job] = queue.ended(submission.job)
                end = ends[submission.job].get(index, "") if index is not None else ""
        found.append(_state(run, Record(runs_dir / run), submission, task, end))
    return found


def _to_come(job: str, tasks: Mapping[tuple[str, int], queue.Task]) -> queue.Task | None:
    """Stands for whichever of the array's agents will be given the run, while there is one left."""
    left = any(of == job for of, _ in tasks)
    return queue.Task(job, ANY, "PENDING", "W&B has not handed it out", "") if left else None


def _state(run: str, record: Record, submission: Submission | None, task: queue.Task | None, end: str) -> State:
    given_up = submission.given_up(run) if submission else None
    reason, state = str(record.get("reason") or ""), record.status
    going = state == "running" and leased(record.directory)
    if state == "finished":
        reason = ""
    elif given_up is not None:
        state, reason = "failed", given_up
    elif going:
        reason = ""
    elif task is not None:
        reason = reason if state in ("failed", "interrupted") else ""
        state = "starting" if task.state == "RUNNING" else "queued"
        if task.state in WAITING and task.reason not in ("", "None"):
            reason = f"{reason}; {task.reason}" if reason else task.reason
    elif state == "running":
        state, reason = "lost", f"its task ended{f' {end}' if end else ''}"
    elif state == "planned" and submission is not None:
        state, reason = "lost", f"its task ended{f' {end}' if end else ''} before it began"
    elif end:
        reason = f"{reason}; its task ended {end}"
    place = _place(task) if task else ""
    iteration, iterations = int(record.get("iteration", 0)), int(record.get("iterations", 0))
    return State(
        run=run,
        state=state,
        iteration=iteration,
        iterations=iterations,
        left=_left(record, iteration, iterations) if state != "finished" else 0.0,
        where=place,
        reason=reason,
        log=submission.log(run) if submission and submission.log(run).exists() else None,
        preemptions=int(record.get("preemptions", 0)),
    )


def _place(task: queue.Task) -> str:
    index = "" if task.index == ANY else f"_{task.index}"
    return f"{task.job}{index}{f' on {task.nodes}' if task.nodes else ''}"


def _left(record: Record, iteration: int, iterations: int) -> float | None:
    seconds = float(record.get("wall_seconds") or 0)
    if not iteration or not seconds:
        return None
    left = (iterations - iteration) * seconds / iteration
    if record.status == "running":  # the iteration is that of the last checkpoint
        left -= time.time() - record.path.stat().st_mtime
    return max(0.0, left)


def open_jobs(submissions: Sequence[Submission]) -> list[Submission]:
    """Those of which tasks are still in the queue."""
    jobs = {task.job for task in queue.mine()}
    return [submission for submission in submissions if submission.job in jobs]
