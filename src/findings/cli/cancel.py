"""findings cancel SWEEP [runs_dir=DIR]"""

import argparse
from collections.abc import Sequence

from findings.cli.arguments import folders
from findings.errors import InputError


def run(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    """What runs writes its checkpoints first; submitted again, the sweep goes on from there."""
    parser.add_argument("sweep", metavar="SWEEP", help="as it was submitted")
    parser.add_argument("overrides", metavar="runs_dir=DIR", nargs="*", default=[])
    given = parser.parse_intermixed_args(arguments)
    from findings.engines.slurm import queue
    from findings.engines.slurm.state import open_jobs
    from findings.engines.slurm.submission import submissions

    runs_dir = folders(given.overrides, "runs_dir")["runs_dir"]
    open_ = open_jobs(submissions(runs_dir))
    wanted = [submission for submission in open_ if submission.sweep == given.sweep]
    if not wanted:
        known = sorted({submission.sweep for submission in open_})
        raise InputError(given.sweep, "has no tasks in the queue", known, given.sweep)
    for submission in wanted:
        assert submission.job is not None
        queue.cancel(submission.job)
        print(f"cancelled job {submission.job} ({given.sweep}); `findings submit` goes on with what is not finished")
    return 0
