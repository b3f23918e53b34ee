"""How a submission reaches the cluster: once, whatever becomes of sbatch, of its answer and of who waits for it.

A submission is on disk before sbatch is asked, and its job has a name that no other has. So where sbatch was cut off,
by its time limit, by ^C or by a controller that hangs, SLURM can be asked later whether it has the job.
"""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from findings.engines.slurm import queue
from findings.engines.slurm.queue import Array
from findings.engines.slurm.submission import SCRIPT, Submission, unsettled
from findings.errors import InputError
from findings.system.locks import locked

SECONDS = 180  # for sbatch
LOOKS, LOOK_EVERY = 3, 2.0  # seconds; a request that is on its way may reach the controller later than a question
NUMBER = re.compile(r"(\d+)(?:;(\S+))?")  # and the cluster's name; a site's own sbatch may say more, on other lines
CUT_OFF = re.compile(r"timed out|zero bytes|message receive failure|unexpected message|connection reset", re.IGNORECASE)
LOCK = ".submit.lock"  # in runs_dir


class Unanswered(InputError):
    """sbatch has not said whether SLURM has the job."""


@contextlib.contextmanager
def one_at_a_time(runs_dir: Path) -> Iterator[None]:
    """Between two submissions into one ``runs_dir``, the first of which changes what the second one has to submit."""
    runs_dir.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as held:
        with contextlib.suppress(PermissionError):  # somebody else's, whom it does not serve
            try:
                held.enter_context(locked(runs_dir / LOCK, wait=False))
            except BlockingIOError:
                print("waiting for another `findings submit` into this runs_dir", file=sys.stderr)
                held.enter_context(locked(runs_dir / LOCK))
        yield


def refuse_elsewhere() -> None:
    """Raises InputError where there is no sbatch."""
    if shutil.which("sbatch") is None:
        raise InputError("sbatch", "is not here: submit from a login node of the cluster")


def hand_over(submission: Submission, *, internet: bool) -> Submission:
    """Submit the script; returns the submission with its job's number, as it is on disk then.

    Raises InputError with what sbatch said. Unless it is :class:`Unanswered`, nothing of the submission is left.
    """
    try:
        return _settled(submission, _sbatch(submission, internet=internet))
    except Unanswered as problem:
        found = _looked_for(submission)
        if found is None:
            raise Unanswered(
                "sbatch",
                f"{problem.problem}; whether SLURM has the job is not known: `findings status` and the same "
                f"`findings submit` look for it, by its name {submission.name}",
            ) from None
        return found
    except InputError:
        shutil.rmtree(submission.directory)
        raise
    except KeyboardInterrupt:
        with contextlib.suppress(InputError):
            array = queue.named(submission.name, submission.cluster)
            if array:
                _settled(submission, array)
                print(f"job {array.job} was submitted before; `findings cancel {array.job}` ends it", file=sys.stderr)
        raise


def settle(runs_dir: Path, *, certain: bool = False, age: float = 0) -> None:
    """Ask SLURM for the jobs of submissions that were cut off. Raises InputError where it does not answer.

    ``certain``: nobody submits meanwhile, and what it does not have of this user's never reached it, and is removed.
    """
    for submission in unsettled(runs_dir):
        array = queue.named(submission.name, submission.cluster, age=age)
        if array:
            _settled(submission, array)
        elif certain and submission.directory.stat().st_uid == os.getuid():
            shutil.rmtree(submission.directory)


def _settled(submission: Submission, array: Array) -> Submission:
    found = replace(submission, job=array.job, cluster=array.cluster)
    found.write()
    return found


def _looked_for(submission: Submission) -> Submission | None:
    for _ in range(LOOKS):
        try:
            array = queue.named(submission.name, submission.cluster)
        except InputError:
            return None
        if array:
            return _settled(submission, array)
        time.sleep(LOOK_EVERY)
    return None


def _sbatch(submission: Submission, *, internet: bool) -> Array:
    """A job inherits this environment, but not the place in another job that may be in it, nor W&B's key without need;
    and sbatch would let SBATCH_* variables win over what the script says.
    """
    kept = {name: value for name, value in queue.environment().items() if internet or not name.startswith("WANDB_")}
    command = ["sbatch", "--parsable", SCRIPT]
    try:
        done = subprocess.run(
            command, cwd=submission.directory, capture_output=True, text=True, env=kept, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise Unanswered("sbatch", f"has not answered within {SECONDS} s") from None
    if done.returncode:
        said = " ".join(done.stderr.split()) or f"ended with exit code {done.returncode}"
        raise (Unanswered if CUT_OFF.search(said) else InputError)("sbatch", said)
    numbers = [match for line in done.stdout.splitlines() if (match := NUMBER.fullmatch(line.strip()))]
    if not numbers:
        raise Unanswered("sbatch", f"has given no job's number, but said '{' '.join(done.stdout.split())}'")
    return Array(numbers[-1][1], numbers[-1][2] or submission.cluster)
