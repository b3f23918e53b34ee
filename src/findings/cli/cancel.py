"""findings cancel SWEEP|RUN|JOB [runs_dir=DIR]"""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from findings.cli.arguments import folders
from findings.errors import InputError
from findings.records.library import one_run

if TYPE_CHECKING:
    from findings.engines.slurm.queue import Task
    from findings.engines.slurm.submission import Submission

    Held = list[tuple[Submission, Task]]  # tasks in the queue, and which submission's they are


def run(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    """What runs writes its checkpoints first; submitted again, the sweep goes on from there."""
    parser.add_argument(
        "what",
        metavar="SWEEP|RUN|JOB",
        help="a sweep as it was submitted, a run's task, or a job or task by its number",
    )
    parser.add_argument("overrides", metavar="runs_dir=DIR", nargs="*", default=[])
    given = parser.parse_intermixed_args(arguments)
    from findings.engines.slurm import queue
    from findings.engines.slurm.handover import settle
    from findings.engines.slurm.submission import submissions

    runs_dir = folders(given.overrides, "runs_dir")["runs_dir"]
    settle(runs_dir)
    known = submissions(runs_dir)
    arrays = {submission.array: submission for submission in known if submission.array}
    held = [(arrays[task.array], task) for task in queue.tasks(arrays)]
    wanted = _wanted(given.what, known, held)
    for submission in dict.fromkeys(submission for submission, _ in wanted):
        ours = [task for of, task in wanted if of is submission]
        assert submission.array is not None
        if len(ours) == sum(of is submission for of, _ in held):
            queue.cancel(submission.array)
            print(f"cancelled job {submission.job} ({submission.sweep})")
            continue
        for task in ours:
            queue.cancel(submission.array, task.index)
            print(f"cancelled task {task.job}_{task.index} ({submission.sweep})")
    for line in _besides(given.what, wanted, held, known):
        print(line)
    print("`findings submit` goes on with what is not finished")
    return 0


def _wanted(what: str, known: "Sequence[Submission]", held: "Held") -> "Held":
    if any(what.partition("_")[0] == submission.job for submission in known):
        found = [(one, task) for one, task in held if what in (task.job, f"{task.job}_{task.index}")]
    elif any(what == submission.sweep for submission in known):
        found = [(one, task) for one, task in held if one.sweep == what]
    elif any(what in run for one in known for run in one.runs):
        run = one_run(what, (run for one in known for run in one.runs), missing="no such run")
        found = [(one, task) for one, task in held if run in _runs(one, task)]
    else:
        sweeps = sorted({submission.sweep for submission, _ in held})
        raise InputError(what, "is no sweep, run or job that was submitted from here", sweeps, what)
    if not found:
        raise InputError(what, "has no tasks in the queue", sorted({one.sweep for one, _ in held}), what)
    return found


def _runs(submission: "Submission", task: "Task") -> list[str]:
    """Those that the task has yet to finish."""
    return [
        run
        for run in submission.runs
        if submission.task_of(run) == task.index
        and submission.given_up(run) is None
        and submission.record(run).status != "finished"
    ]


def _besides(what: str, wanted: "Held", held: "Held", known: "Sequence[Submission]") -> list[str]:
    """What it also stops, and what of a sweep it does not stop."""
    lines = []
    for submission, task in wanted:
        for run in _runs(submission, task):
            others = [
                one.sweep for one in known if run in (*one.runs, *one.elsewhere) and one.sweep != submission.sweep
            ]
            if others:
                lines.append(f"this also stops {run}, which {' and '.join(sorted(set(others)))} waits for")
            elif what not in (submission.sweep, task.job, f"{task.job}_{task.index}") and what not in run:
                lines.append(f"this also stops {run}, of the same task")
    awaited = {run for one in known if one.sweep == what for run in (*one.runs, *one.elsewhere)}
    for submission, task in held:
        if submission.sweep != what:
            lines += [
                f"{run} goes on, under job {task.job} of {submission.sweep}"
                for run in _runs(submission, task)
                if run in awaited
            ]
    return lines
