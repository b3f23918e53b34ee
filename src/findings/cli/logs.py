"""findings logs RUN [--follow] [runs_dir=DIR]"""

import argparse
import contextlib
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from findings.cli.arguments import folders
from findings.errors import InputError
from findings.records.library import one_run
from findings.training.command import BY_HAND

if TYPE_CHECKING:
    from findings.engines.slurm.submission import Submission

POLL = 0.5  # seconds
ASKED_EVERY = 30.0  # seconds; squeue troubles the whole cluster


def run(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    parser.add_argument("run", metavar="RUN", help="a run's id, or any part of it that no other has")
    parser.add_argument("--follow", action="store_true", help="go on with what is written, until the run has ended")
    parser.add_argument("overrides", metavar="runs_dir=DIR", nargs="*", default=[])
    given = parser.parse_intermixed_args(arguments)
    from findings.engines.slurm.handover import settle
    from findings.engines.slurm.submission import submissions

    runs_dir = folders(given.overrides, "runs_dir")["runs_dir"]
    with contextlib.suppress(InputError):
        settle(runs_dir)
    submitted = submissions(runs_dir)
    known = (run for submission in submitted for run in submission.runs)
    run_id = one_run(given.run, known, missing="no such run was submitted")
    submission = next(one for one in reversed(submitted) if run_id in one.runs)
    try:
        _print(submission, run_id, follow=given.follow)
    except KeyboardInterrupt:
        return BY_HAND
    return 0


def _print(submission: "Submission", run_id: str, *, follow: bool) -> None:
    from findings.engines.slurm.queue import Silent
    from findings.engines.slurm.state import open_jobs

    shown, position, asked = submission.explanation(run_id), 0, 0.0
    if not submission.explanation(run_id).exists() and not follow:
        task = submission.task_of(run_id)
        who = "no agent has" if task is None else f"its task ({task}) has not"
        raise InputError(run_id, f"has no log yet: {who} begun it")
    while True:
        path = submission.explanation(run_id)
        if path != shown:  # the run has one of its own by now
            shown, position = path, 0
        over = submission.record(run_id).status == "finished" or submission.given_up(run_id) is not None
        if follow and not over and time.monotonic() - asked > ASKED_EVERY:
            asked = time.monotonic()
            with contextlib.suppress(Silent):
                over = not open_jobs([submission])
        if path.exists():
            with path.open(encoding="utf-8", errors="replace") as log:
                log.seek(position)
                sys.stdout.write(log.read())
                sys.stdout.flush()
                position = log.tell()
        if not follow or over:  # what was written before it was over has been shown
            return
        time.sleep(POLL)
