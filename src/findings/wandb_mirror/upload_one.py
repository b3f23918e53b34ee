"""Send one record to W&B: ``python -m findings.wandb_mirror.upload_one RUN_DIRECTORY``.

The client's arguments come on standard input.

The mirror is made anew from the record, which says more than the client's transaction logs: those of a run that was
resumed overlap, and those of a run in training are not complete. The server is asked how far it is, and what it has
already is not logged again. A process of its own, because a client that hangs can only be given up with its process.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from findings.records.record import Record
from findings.wandb_mirror.artifact import log_record
from findings.wandb_mirror.client import arrived, be_alone, finish, log_row, log_summary, start
from findings.wandb_mirror.contents import covered
from findings.wandb_mirror.mirror import uploading
from findings.wandb_mirror.state import note_sent, state

BUSY = 3  # exit code: another process uploads this run


def send(directory: Path, arguments: dict[str, Any]) -> str | None:
    """Send what a checkpoint covers, and note that W&B has it; returns why it could not be sent.

    Raises BlockingIOError if another process uploads the run, and whatever the client raises.
    """
    with uploading(directory, wait=False), tempfile.TemporaryDirectory() as temporary:
        record = Record(directory)
        rows = covered(record)
        run = start(arguments | {"dir": temporary}, "online", ends=record.status != "running", live=False)
        for row in rows:
            log_row(run, row)
        log_summary(run, record)
        log_record(run, record, arguments["judged"])
        path = run.path
        finish(run, record.status)
        if rows and not arrived(path, int(rows[-1]["iteration"])):
            return "the server has not taken every row"
        note_sent(record, state(record, rows))
        return None


def main(directory: Path) -> int:
    be_alone()
    try:
        problem = send(directory, json.load(sys.stdin))
    except BlockingIOError:
        return BUSY
    except Exception as error:  # the client's own kinds, and those of whatever it is made of
        problem = f"{type(error).__name__}: {' '.join(str(error).split())}"
    if problem:
        print(problem)
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
