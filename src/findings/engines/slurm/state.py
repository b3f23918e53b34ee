"""How far each run of a sweep is: its record, and what SLURM says of the task that holds it."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from findings.engines.slurm import queue
from findings.engines.slurm.submission import Submission
from findings.errors import InputError
from findings.records.lease import leased
from findings.records.record import ENDED, Record

Tasks = Mapping[tuple[queue.Array, int], queue.Task]

ANY = -1  # task of an array
SUSPENDED = "SUSPENDED"
SILENT = 600  # seconds in which a task that runs has written nothing and trained nothing: some setups take minutes
WAITING = ("PENDING", "REQUEUED", "REQUEUE_HOLD", "RESIZING", SUSPENDED)


@dataclass(frozen=True)
class State:
    """One run. ``state`` is finished, running, starting, queued, suspended, failed, interrupted, lost or planned."""

    run: str
    state: str
    iteration: int
    iterations: int
    left: float | None  # seconds of training, at the pace so far
    where: str  # array task and node
    reason: str
    log: Path | None
    preemptions: int
    crashes: int


class States(list[State]):
    """``silence``: why SLURM has said nothing, and the records are all there is."""

    silence = ""


def states(
    runs: Sequence[str],
    runs_dir: Path,
    submissions: Sequence[Submission],
    *,
    sweeps: Sequence[str] = (),
    age: float = 0,
) -> States:
    """Of each run, in that order, whichever submission has it in the queue; those of other ``sweeps`` are named.

    ``age``: seconds that SLURM's answers may be old.
    """
    found, tasks = States(), {}
    records = {run: Record(runs_dir / run) for run in runs}
    if any(record.status != "finished" for record in records.values()):
        try:
            answer = queue.tasks((submission.array for submission in submissions if submission.array), age=age)
            tasks = {(task.array, task.index): task for task in answer}
        except InputError as error:
            found.silence = str(error)
    for run, record in records.items():
        submission, task = _holder(run, submissions, tasks)
        end = ""
        if submission and submission.array and not task and record.status != "finished" and not found.silence:
            index = submission.task_of(run)
            end = queue.ended(submission.array, age=age).get(index, "") if index is not None else ""
        state = _state(run, record, submission, task, end)
        if found.silence and state.state == "lost":
            state = replace(state, state=record.status, reason="")
        if task and task.state == SUSPENDED and state.state not in ENDED:
            state = replace(state, state="suspended", reason="its job is suspended, and keeps its place")
        if task and submission and sweeps and submission.sweep not in sweeps:
            state = replace(state, where=f"{state.where}, {submission.sweep}")
        found.append(state)
    return found


def _holder(run: str, submissions: Sequence[Submission], tasks: Tasks) -> tuple[Submission | None, queue.Task | None]:
    """The latest that has a task in the queue for it; or the latest, and none."""
    latest = None
    for submission in reversed(submissions):
        if run in submission.runs and submission.array:
            latest, index = latest or submission, submission.task_of(run)
            task = _to_come(submission.array, tasks) if index is None else tasks.get((submission.array, index))
            if task is not None:
                return submission, task
    return latest, None


def _to_come(array: queue.Array, tasks: Tasks) -> queue.Task | None:
    """Stands for whichever of the array's agents will be given the run, while there is one left."""
    left = any(of == array for of, _ in tasks)
    return queue.Task(array.job, ANY, "PENDING", "W&B has not handed it out", "", array.cluster) if left else None


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
        reason = _before(run, record, submission, task)
        state = "starting" if task.state == "RUNNING" else "queued"
        if (
            state == "starting"
            and submission is not None
            and (told := _silent(record.directory.parent, submission, task))
        ):
            reason = f"{reason}; {told}" if reason else told
        if task.state in WAITING and task.reason not in ("", "None"):
            told = f"{task.reason}: `findings submit` releases it" if task.reason == queue.HELD else task.reason
            reason = f"{reason}; {told}" if reason else told
    elif state in ("running", "planned") and submission is not None:
        words = _last_words(run, submission)
        began = "" if state == "running" else " before it began"
        state, reason = "lost", f"its task ended{f' {end}' if end else ''}{began}{f': {words}' if words else ''}"
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
        log=submission.explanation(run) if submission and submission.explanation(run).exists() else None,
        preemptions=int(record.get("preemptions", 0)),
        crashes=int(record.get("crashes", 0)),
    )


def _before(run: str, record: Record, submission: Submission | None, task: queue.Task) -> str:
    """Why a run that waits for another start, or has just been given one, is not where it could be by now."""
    if submission is not None and task.index != ANY and submission.unlaunched(task.index):
        return submission.last_words(task.index)
    noted = submission.failure(run, int(record.get("iteration", 0))) if submission else ""
    return noted or (str(record.get("reason") or "") if record.status in ("failed", "interrupted") else "")


def _silent(runs_dir: Path, submission: Submission, task: queue.Task) -> str:
    """That a task which runs by SLURM's word has given no sign of life for long; empty where it has.

    What a node loses within seconds of its start, SLURM may take for running for half an hour.
    """
    runs = [runs_dir / run for run in submission.of_task(task.index)]
    if any(leased(run) for run in runs):
        return ""
    signs = (submission.task_log(task.index), *(run / "record.json" for run in runs))
    seconds = time.time() - max((path.stat().st_mtime for path in signs if path.exists()), default=0)
    if seconds < SILENT:
        return ""
    minutes = f"for {seconds / 60:.0f} minutes" if seconds < 1e6 else "yet"
    again = f"scontrol requeue {task.job}_{task.index}"
    return f"no sign of life {minutes}: if {task.nodes or 'its node'} has lost it, `{again}` starts it again"


def _last_words(run: str, submission: Submission) -> str:
    """Of its task, which nothing else explains."""
    index = submission.task_of(run)
    return submission.last_words(index) if index is not None else ""


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
    """Those of which tasks are still in the queue. Raises InputError where SLURM cannot be asked."""
    found = queue.tasks(submission.array for submission in submissions if submission.array)
    arrays = {task.array for task in found}
    return [submission for submission in submissions if submission.array in arrays]
