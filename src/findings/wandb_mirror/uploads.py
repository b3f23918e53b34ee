"""Which records W&B does not have yet, and the processes that send them."""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from findings.errors import InputError
from findings.planning.sweeps import Sweep
from findings.records.library import readable
from findings.records.record import ENDED, Record
from findings.wandb_mirror.contents import covered
from findings.wandb_mirror.server import unreachable
from findings.wandb_mirror.state import is_mirrored, sent, state
from findings.wandb_mirror.upload_one import BUSY

PARALLEL = 4  # uploads at once: each is a process of about 200 MB, and login nodes are shared
SEND_SECONDS = 150  # for one record, from the start of its process


class Upload(NamedTuple):
    """What became of one record: sent, left to another process that uploads it, or why it was not sent."""

    record: Record
    ending: Literal["sent", "busy", "failed"]
    detail: str = ""


def records_of(runs_dir: Path, sweeps: Sequence[Sweep] | None) -> list[Record]:
    """The records in ``runs_dir``, planned ones too; with ``sweeps``, those that they asked for."""
    found = readable(runs_dir)
    if sweeps is None:
        return found
    wanted = {(sweep.scale, sweep.finding) for sweep in sweeps}
    return [
        record
        for record in found
        if wanted & {(record.get("scale"), finding) for finding in record.get("findings", [])}
    ]


def is_due(record: Record) -> bool:
    """Whether W&B lacks something of the record: a row that a checkpoint covers, or how the run ended."""
    rows = covered(record)
    if not is_mirrored(record) or not (rows or record.status in ENDED):
        return False
    return sent(record) != state(record, rows)


def upload(records: Sequence[Record], tell: Callable[[Upload], None]) -> None:
    """Send each of ``records``, several at once, and ``tell`` what became of it. An interrupt ends the uploads too."""
    problem = unreachable() if records else None
    if problem:
        for record in records:
            tell(Upload(record, "failed", f"W&B cannot be reached: {problem}"))
        return
    waiting = list(records)
    going: dict[subprocess.Popen[str], tuple[Record, float]] = {}
    try:
        while waiting or going:
            while waiting and len(going) < PARALLEL:
                record = waiting.pop(0)
                try:
                    going[_begin(record)] = record, time.monotonic() + SEND_SECONDS
                except InputError as error:
                    tell(Upload(record, "failed", str(error)))
            time.sleep(0.05)
            for process, (record, deadline) in list(going.items()):
                if process.poll() is not None or time.monotonic() > deadline:
                    del going[process]
                    tell(_ended(process, record))
    finally:
        for process in going:
            process.kill()
            process.wait()


def _begin(record: Record) -> "subprocess.Popen[str]":
    told = json.dumps(arguments(record))
    # a ^C is for the command alone, which ends its uploads
    process = subprocess.Popen(
        [sys.executable, "-m", "findings.wandb_mirror.upload_one", str(record.directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError):  # how it ended says why
        process.stdin.write(told)
        process.stdin.close()
    return process


def arguments(record: Record) -> dict[str, Any]:
    """What the client is told. Raises InputError where the run's config cannot be read."""
    from findings.config.frozen import thaw
    from findings.wandb_mirror.contents import arguments_of

    return arguments_of(thaw(record.config), record)


def _ended(process: "subprocess.Popen[str]", record: Record) -> Upload:
    if process.poll() is None:
        process.kill()
        process.wait()
        return Upload(record, "failed", f"no end after {SEND_SECONDS} s; given up")
    assert process.stdout is not None
    said = process.stdout.read().strip().splitlines()
    if process.returncode == 0:
        return Upload(record, "sent")
    if process.returncode == BUSY:
        return Upload(record, "busy")
    return Upload(record, "failed", said[-1] if said else f"the uploading process ended with {process.returncode}")
