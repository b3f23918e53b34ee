"""The W&B mirror of a record: the same rows, under the run's own id, and never in the way of training.

Offline, the real client writes its transaction log in this process, which takes milliseconds; `findings sync` sends
the record later. Online, a process of its own follows the record and uploads (``python -m
findings.wandb_mirror.mirror``), so that a server that refuses, hangs or fails costs the run nothing. Either way only
rows that a checkpoint covers are mirrored; after a resume all of them are sent again under their own step, and W&B
keeps one of each.
"""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from findings.config.identity import Run
from findings.records.lease import leased
from findings.records.record import Record, now
from findings.system.locks import locked
from findings.system.processes import born
from findings.training.signals import shielding
from findings.wandb_mirror.artifact import log_record
from findings.wandb_mirror.client import arrived, be_alone, finish, log_row, log_summary, start
from findings.wandb_mirror.contents import arguments_of, covered
from findings.wandb_mirror.server import has_key, noted_mode, unreachable
from findings.wandb_mirror.state import note_sent, settle, state

LOCK = ".mirror"  # in wandb/
FINISH_SECONDS = 120  # to upload what is left once the run has ended; `findings sync` sends the rest


class Mirror:
    """Mirrors nothing; also what an online mirror is inside the run, since another process does its work."""

    def log(self, rows: list[dict[str, Any]]) -> None:
        """Take note of rows that a checkpoint now covers."""


class OfflineMirror(Mirror):
    """Writes W&B's transaction log; where the client fails, its error goes to wandb/mirror.log and the run goes on."""

    def __init__(self, directory: Path, arguments: dict[str, Any]) -> None:
        self.directory, self.run = directory, None
        with self._harmless():
            self.run = start(arguments, "offline")

    def log(self, rows: list[dict[str, Any]]) -> None:
        with self._harmless():
            for row in rows if self.run else []:
                log_row(self.run, row)

    def close(self) -> None:
        with self._harmless():
            if self.run:
                log_summary(self.run, Record(self.directory))
                self.run.finish()

    @contextlib.contextmanager
    def _harmless(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self.run = None
            _note(
                self.directory, f"{type(error).__name__}: {error}; the next attempt of the run mirrors all of its rows"
            )
            with contextlib.suppress(Exception):
                import wandb

                wandb.teardown()  # or the next run in this process would be given the broken client


@contextlib.contextmanager
def mirror(run: Run, record: Record) -> Iterator[Mirror]:
    """An observer of training: the mirror of one run, as ``tracking`` wants it; it is closed with the block."""
    chosen = mode(run.config.tracking.mode)
    if chosen == "none":
        yield Mirror()
        return
    settle(record, run.id)
    arguments = arguments_of(run, record)
    (record.directory / "wandb").mkdir(parents=True, exist_ok=True)
    if chosen == "online":
        try:
            _follow_elsewhere(record.directory, arguments)
        except OSError as error:
            _note(record.directory, f"no process to upload with: {error}")
        yield Mirror()
        return
    offline = OfflineMirror(record.directory, arguments)
    try:
        yield offline
    finally:
        offline.close()


def mode(wanted: str) -> str:
    """auto: what WANDB_MODE or `wandb offline` says, otherwise online where a key is found."""
    if not os.environ.get("WANDB_MODE", "-").strip():
        del os.environ["WANDB_MODE"]  # W&B's client refuses an empty one
    if wanted != "auto":
        return wanted
    told = os.environ.get("WANDB_MODE") or noted_mode()
    if told:
        return {"disabled": "none", "dryrun": "offline", "run": "online"}.get(told, told)
    return "online" if has_key() else "offline"


def _note(directory: Path, line: str) -> None:
    with (directory / "wandb" / "mirror.log").open("a") as log:
        log.write(f"{now()} {line}\n")


def _follow_elsewhere(directory: Path, arguments: dict[str, Any]) -> None:
    """Start the process that uploads. It belongs to no terminal, outlives what ends the run, and ends by itself."""
    with (directory / "wandb" / "mirror.log").open("a") as log, shielding():
        process = subprocess.Popen(
            [sys.executable, "-m", "findings.wandb_mirror.mirror", str(directory), str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    assert process.stdin is not None
    process.stdin.write(json.dumps(arguments).encode())
    process.stdin.close()


def follow(directory: Path, parent: int, arguments: dict[str, Any]) -> None:
    """Upload the rows of the record in ``directory`` until its run ends or process ``parent`` is gone."""
    be_alone()
    with uploading(directory, wait=True):  # an earlier attempt's mirror may still be at it
        run, online = _open(arguments)
        rows: list[dict[str, str]] = []
        while True:
            record = Record(directory)
            ended = record.status != "running" or born(parent) is None
            known = covered(record)
            for row in known[len(rows) :]:
                log_row(run, row)
            rows = known
            if ended:
                break
            time.sleep(1)
        threading.Timer(FINISH_SECONDS, os._exit, (1,)).start()
        log_summary(run, record)
        if online:
            log_record(run, record, arguments["judged"])
        path, iteration = run.path, int(rows[-1]["iteration"]) if rows else 0
        finish(run, "interrupted" if record.status == "running" else record.status)  # killed
        if online and (not rows or arrived(path, iteration)):
            note_sent(record, state(record, rows))
        os._exit(0)


@contextlib.contextmanager
def uploading(directory: Path, *, wait: bool) -> Iterator[None]:
    """One process at a time uploads a run. Raises BlockingIOError if another does and we do not ``wait``."""
    (directory / "wandb").mkdir(parents=True, exist_ok=True)
    with locked(directory / "wandb" / LOCK, wait=wait):
        yield


def is_uploading(directory: Path) -> bool:
    """Whether some process uploads the run."""
    try:
        with uploading(directory, wait=False):
            return False
    except BlockingIOError:
        return True


def await_uploads(directories: Iterable[Path], seconds: float) -> None:
    """Give the processes that upload these runs time to end: with its job, a scheduler ends them too.

    Runs that are in training elsewhere are left out.
    """
    deadline = time.monotonic() + seconds
    for directory in directories:
        while (directory / "wandb" / LOCK).exists() and not leased(directory) and time.monotonic() < deadline:
            try:
                with uploading(directory, wait=False):
                    break
            except BlockingIOError:
                time.sleep(0.2)


def _open(arguments: dict[str, Any]) -> tuple[Any, bool]:
    """Online (true) if the server answers; otherwise offline, to be sent later."""
    import wandb

    error: object = unreachable()
    if error is None:
        try:
            return start(arguments, "online"), True
        except Exception as refusal:
            error = refusal
            wandb.teardown()
    print(f"W&B cannot be reached ({error}); `findings sync` sends the run later", flush=True)
    return start(arguments, "offline"), False


if __name__ == "__main__":
    follow(Path(sys.argv[1]), int(sys.argv[2]), json.load(sys.stdin))
