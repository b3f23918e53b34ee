"""``findings train --frozen FILE`` as a process: how it is started, and how it ends, beside 0: all is done.

Nothing heavy is imported: who starts it may be a process of one task of a thousand, or the command line before it
knows its action.
"""

import sys
from pathlib import Path

FAILED = 1  # also Python's own for an error, and srun's
REFUSED = 2  # bad input, which no other start changes
LEASED = 3  # the run is in training elsewhere
GIVEN_UP = 4  # of a task: some of its runs are
INTERRUPTED = 75  # to be started again
ELSEWHERE = 76  # of a task: to be started again, on another node if there is one
BY_HAND = 130  # ended at once by ^C, as a shell has it


def frozen_command(frozen: Path, *, retry_failed: bool = False) -> list[str]:
    """With this Python, whatever PATH says."""
    retry = ["--retry-failed"] if retry_failed else []
    return [sys.executable, "-m", "findings.cli", "train", *retry, "--frozen", str(frozen)]
