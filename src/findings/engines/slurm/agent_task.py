"""What an array task does where W&B hands the runs out: it is one of the sweep's agents."""

import os
import sys

from findings.engines.failures import Failure
from findings.engines.slurm import endings
from findings.engines.slurm.failures import Failures
from findings.engines.slurm.submission import Submission
from findings.errors import InputError
from findings.records.record import Record
from findings.system.processes import ending
from findings.training.command import ELSEWHERE, GIVEN_UP, INTERRUPTED
from findings.wandb_mirror.agent import Unreachable, run_agent


def work(submission: Submission, index: int) -> int:
    """Until the server has no more runs. Returns the task's exit code: 0, 75 or 76 to be queued again, 4: given up."""
    assert submission.agent is not None
    os.chdir(submission.started_in)
    try:
        code = run_agent(submission.agent)
    except Unreachable as error:
        print(f"findings: {error}", file=sys.stderr)
        return _failed(submission, index, "W&B cannot be reached")
    except InputError as error:
        print(f"findings: {error}", file=sys.stderr)
        return GIVEN_UP
    return code if code in (0, INTERRUPTED) else _failed(submission, index, f"W&B's agent {ending(code)}")


def died(submission: Submission, index: int, code: int) -> int:
    """The agent's step ended with this return code, without a word: 75 or 76 where another start may get further."""
    if code == 0 and not any(record.status in ("running", "interrupted") for record in _begun(submission, index)):
        return 0
    reason = endings.why(code, submission.task_log(index))
    return INTERRUPTED if reason is None else _failed(submission, index, reason)


def _failed(submission: Submission, index: int, reason: str) -> int:
    failures, name = Failures(submission.directory), f"agent-{index}"
    reached = sum(int(record.get("iteration", 0)) for record in _begun(submission, index))
    before = [failure.iteration for failure in failures.of(name) if failure.start != endings.start()]
    gained = bool(before) and reached > before[-1]
    failures.note(name, Failure(reason, reached, False, gained, endings.start(), endings.nodes()))
    if failures.given_up(name):
        return GIVEN_UP
    return INTERRUPTED if gained else ELSEWHERE


def _begun(submission: Submission, index: int) -> list[Record]:
    """The runs that this task has been given."""
    return [submission.record(run) for run in submission.runs if submission.task_of(run) == index]
