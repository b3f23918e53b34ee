"""A worker process: pays for start-up once, then trains the runs it is sent, one after the other."""

import contextlib
import signal
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal, NamedTuple

from findings.engines.devices import use


class Task(NamedTuple):
    id: str
    frozen: Path  # the run's config
    retry_failed: bool


class Message(NamedTuple):
    """From a worker: how far a run is, or how it ended (a status, leased, refused or waits)."""

    kind: Literal["ready", "progress", "ended"]
    id: str = ""
    status: str = ""
    detail: str = ""
    iteration: int = 0


def work(connection: Connection, device: str | None, engine: int) -> None:
    """Train what comes through ``connection`` until it closes, a signal asks to stop, or process ``engine`` is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal's ^C, until the imports are done the parent takes care
    use(device)
    from findings.config.frozen import thaw
    from findings.errors import InputError
    from findings.records.lease import Leased
    from findings.training.signals import Stop
    from findings.training.train import train
    from findings.wandb_mirror.mirror import mirror
    from findings.wandb_mirror.state import take_imposed

    take_imposed()  # where a W&B agent has started the sweep, its id is for one run, and these are many
    stop = Stop()
    threading.Thread(target=_watch, args=(engine, stop), daemon=True).start()
    with stop.listening():
        _send(connection, Message("ready"))
        while stop.reason is None:
            if not connection.poll(0.2):
                continue
            try:
                task: Task = connection.recv()
            except (EOFError, OSError):
                return
            try:
                outcome = train(
                    thaw(task.frozen),
                    stop=stop,
                    observer=mirror,
                    progress=_Reporter(connection, task.id),
                    retry_failed=task.retry_failed,
                )
                message = Message("ended", task.id, "waits" if outcome.waits else outcome.status, outcome.reason)
            except Leased as holder:
                message = Message("ended", task.id, "leased", str(holder))
            except InputError as error:
                message = Message("ended", task.id, "refused", str(error))
            except KeyboardInterrupt:
                return  # a second ^C
            _send(connection, message)


class _Reporter:
    """Sends a run's progress, a few times a second at most."""

    def __init__(self, connection: Connection, run: str) -> None:
        self.connection, self.run, self.last = connection, run, 0.0

    def __call__(self, iteration: int, iterations: int, latest: str) -> None:
        if time.monotonic() - self.last > 0.2 or iteration == iterations:
            self.last = time.monotonic()
            _send(self.connection, Message("progress", self.run, detail=latest, iteration=iteration))


def _send(connection: Connection, message: Any) -> None:
    with contextlib.suppress(OSError):  # the parent is gone; the watcher below ends the run
        connection.send(message)


def _watch(engine: int, stop: Any) -> None:
    """The engine is not always this process's parent: that may be a server it was forked from, which outlives it."""
    from findings.system.processes import born

    beginning = born(engine)
    while beginning is not None and born(engine) == beginning:
        time.sleep(0.5)
    stop.ask("the process that started this worker is gone")
