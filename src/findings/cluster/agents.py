"""What an array task does where W&B hands the runs out: it is one of the sweep's agents."""

import os
import sys

from findings.cluster.failures import Failures, ended
from findings.cluster.submission import Submission
from findings.errors import InputError
from findings.execute.agent import INTERRUPTED, run_agent


def work(submission: Submission, index: int) -> int:
    """Until the server has no more runs. The exit code of the task: 0, 75 to be queued again, or 1 to be given up."""
    assert submission.agent is not None
    os.chdir(submission.directory.parents[2])  # from where it was submitted
    try:
        code = run_agent(submission.agent)
    except InputError as error:
        print(f"findings: {error}", file=sys.stderr)
        code = 1
    if code in (0, INTERRUPTED):
        return code
    Failures(submission.directory).note(_name(index), f"W&B's agent ended with exit code {code}", 0, final=True)
    return 1


def died(submission: Submission, index: int, code: int) -> int:
    """The agent's step ended with this return code, without a word: 75 where another start may get further."""
    failures, records = Failures(submission.directory), [submission.record(run) for run in submission.runs]
    begun = [record for record in records if submission.task_of(record.directory.name) == index]
    if code == 0 and not any(record.status in ("running", "interrupted") for record in begun):
        return 0
    failures.note(_name(index), f"W&B's agent {ended(code)}", sum(int(record.get("iteration", 0)) for record in begun))
    return 1 if failures.given_up(_name(index)) else INTERRUPTED


def _name(index: int) -> str:
    return f"agent-{index}"
