"""The W&B mirror of a record: the same rows, under the run's own id, and never in the way of training.

Offline, the real client writes its transaction log in this process, which takes milliseconds. Online, a process of
its own follows the record and uploads (``python -m findings.tracking``), so that a server that refuses, hangs or
fails costs the run nothing. Either way only rows that a checkpoint covers are mirrored; after a resume all of them
are sent again under their own step, and W&B keeps one of each.
"""

import contextlib
import json
import netrc
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from findings.config import Config
from findings.identity import Identity
from findings.records import Record, now

DEFAULT_SERVER = "https://api.wandb.ai"
PROBE_SECONDS = 5  # for the server to answer at all
INIT_SECONDS = 30  # for it to open the run
FINISH_SECONDS = 120  # to upload what is left once the run has ended; the rest stays on disk for `wandb sync`


class Mirror:
    """Mirrors nothing; also what an online mirror is inside the run, since another process does its work."""

    def log(self, rows: list[dict[str, Any]]) -> None:
        """Take note of rows that a checkpoint now covers."""


class OfflineMirror(Mirror):
    """Writes W&B's transaction log; where the client fails, its error goes to wandb/mirror.log and the run goes on."""

    def __init__(self, directory: Path, arguments: dict[str, Any]) -> None:
        self.directory, self.run = directory, None
        with self._harmless():
            self.run = _start(arguments, "offline")

    def log(self, rows: list[dict[str, Any]]) -> None:
        with self._harmless():
            for row in rows if self.run else []:
                _log(self.run, row)

    def close(self) -> None:
        with self._harmless():
            if self.run:
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
def mirror(config: Config, run: Identity, record: Record) -> Iterator[Mirror]:
    """The mirror of one run, as ``config.tracking`` wants it; it is closed with the block."""
    chosen = mode(config.tracking.mode)
    if chosen == "none":
        yield Mirror()
        return
    arguments = _arguments(config, run, record)
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
    """auto: what WANDB_MODE says, otherwise online where a key is found."""
    if wanted != "auto":
        return wanted
    told = os.environ.get("WANDB_MODE")
    if told:
        return {"disabled": "none", "dryrun": "offline", "run": "online"}.get(told, told)
    return "online" if has_key() else "offline"


def has_key() -> bool:
    """Whether wandb would find a key; the key itself is never read into anything of ours."""
    if os.environ.get("WANDB_API_KEY"):
        return True
    try:
        entries = netrc.netrc(os.environ.get("NETRC"))
    except (OSError, netrc.NetrcParseError):
        return False
    host = urlsplit(server()).hostname
    return host is not None and entries.authenticators(host) is not None


def server() -> str:
    return os.environ.get("WANDB_BASE_URL", DEFAULT_SERVER)


def _arguments(config: Config, run: Identity, record: Record) -> dict[str, Any]:
    return {
        "project": config.tracking.project,
        "entity": config.tracking.entity,
        "id": run.id,
        "name": run.id,
        "group": run.arm,
        "job_type": "train",
        "tags": [config.scale, *record.get("findings", [])],
        "config": run.scientific | {"seed": config.seed, "scale": config.scale, "name": run.name},
        "dir": str(record.directory),
    }


def _start(arguments: dict[str, Any], mode: str) -> Any:
    import wandb

    settings = wandb.Settings(
        silent=True,
        console="off",
        disable_git=True,  # provenance is the record's, by allowlist
        save_code=False,
        x_save_requirements=False,  # the record names the versions that matter; to list all takes longer than to begin
        x_disable_meta=True,
        x_disable_stats=True,
        init_timeout=INIT_SECONDS,
    )
    resume = {"resume": "allow"} if mode == "online" else {}
    run = wandb.init(mode=mode, settings=settings, **resume, **arguments)  # type: ignore[arg-type]
    run.define_metric("epoch")
    run.define_metric("*", step_metric="epoch")
    return run


def _log(run: Any, row: dict[str, Any]) -> None:
    measured = {key: float(value) for key, value in row.items() if value not in (None, "")}
    run.log(measured | {"epoch": int(row["epoch"]), "iteration": int(row["iteration"])}, step=int(row["iteration"]))


def _note(directory: Path, line: str) -> None:
    with (directory / "wandb" / "mirror.log").open("a") as log:
        log.write(f"{now()} {line}\n")


def _covered(record: Record) -> list[dict[str, str]]:
    """The rows that the last checkpoint covers."""
    return [row for row in record.rows() if int(row["iteration"]) <= record.get("iteration", 0)]


def _follow_elsewhere(directory: Path, arguments: dict[str, Any]) -> None:
    """Start the process that uploads. It belongs to no terminal and no process group of ours."""
    with (directory / "wandb" / "mirror.log").open("a") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "findings.tracking", str(directory), str(os.getpid())],
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
    import fcntl

    with (directory / "wandb" / ".mirror").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # an earlier attempt's mirror may still be uploading
        run = _open(arguments)
        sent = 0
        while True:
            record = Record(directory)
            ended = record.status != "running" or not _alive(parent)
            rows = [row for row in _covered(record) if int(row["iteration"]) > sent]
            for row in rows:
                _log(run, row)
                sent = int(row["iteration"])
            if ended:
                break
            time.sleep(1)
        threading.Timer(FINISH_SECONDS, os._exit, (1,)).start()
        run.finish()
        os._exit(0)


def _open(arguments: dict[str, Any]) -> Any:
    """Online if the server answers; otherwise offline, to be sent later."""
    import wandb

    try:
        # any answer will do, an error page too
        with contextlib.suppress(urllib.error.HTTPError):
            urllib.request.urlopen(server(), timeout=PROBE_SECONDS).close()
        return _start(arguments, "online")
    except Exception as error:  # whatever a proxy or a broken server may send
        print(f"W&B cannot be reached ({error}); the run is kept for `wandb sync`", flush=True)
        wandb.teardown()
        return _start(arguments, "offline")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    follow(Path(sys.argv[1]), int(sys.argv[2]), json.load(sys.stdin))
