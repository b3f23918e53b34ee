"""W&B's own transaction logs of many runs in one folder: what ``wandb leet`` shows side by side, without an account.

They are made anew from the records, which say more than the logs that lie in the runs' own folders: those of a run
that was resumed overlap, and of a run without W&B there is none.
"""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from findings.records.record import Record
from findings.wandb_mirror.client import log_row, log_summary, start
from findings.wandb_mirror.contents import covered
from findings.wandb_mirror.uploads import arguments

FOLDER = "wandb"  # within the one that is asked for: so W&B's own commands know it


def write(record: Record, folder: Path) -> Path:
    """The log of one run in ``folder``/wandb; one that was there before is replaced. Raises InputError, OSError.

    Whatever the client raises is raised, too.
    """
    rows = covered(record)
    target = folder / FOLDER
    target.mkdir(parents=True, exist_ok=True)
    # the client names its folders by the second: one of its own keeps this log apart from the one that it replaces
    with tempfile.TemporaryDirectory(dir=target, prefix=".") as own, _elsewhere():
        told = arguments(record) | {"dir": own}
        run = start(told, "offline", ends=record.status != "running", live=False)
        for row in rows:
            log_row(run, row)
        log_summary(run, record)
        run.finish(exit_code=0 if record.status == "finished" else 1)
        (made,) = logs_of(told["id"], Path(own))
        for before in logs_of(told["id"], folder):
            shutil.rmtree(before)
        return made.rename(target / made.name)


def logs_of(run: str, folder: Path) -> list[Path]:
    return sorted((folder / FOLDER).glob(f"offline-run-*-{run}"))


@contextlib.contextmanager
def _elsewhere() -> Iterator[None]:
    """WANDB_DIR would put the logs into another folder."""
    kept = os.environ.pop("WANDB_DIR", None)
    try:
        yield
    finally:
        if kept is not None:
            os.environ["WANDB_DIR"] = kept
