"""A worker process: pays for start-up once, then trains the runs it is sent, one after the other."""

import os
import threading
import time
from multiprocessing.connection import Connection
from typing import Any, Literal, NamedTuple

from findings.config import Config


class Task(NamedTuple):
    id: str
    config: Config
    retry_failed: bool


class Message(NamedTuple):
    """From a worker: how far a run is, or how it ended (skipped, finished, interrupted, failed, leased, refused)."""

    kind: Literal["ready", "progress", "ended"]
    id: str = ""
    status: str = ""
    detail: str = ""
    iteration: int = 0


def work(connection: Connection, device: int | None) -> None:
    """Train what comes through ``connection`` until it closes, a signal asks to stop, or the parent is gone."""
    if device is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = str(device)
    from findings.errors import InputError
    from findings.lease import Leased
    from findings.stopping import Stop
    from findings.train import train

    stop = Stop()
    threading.Thread(target=_watch_parent, args=(os.getppid(), stop), daemon=True).start()
    with stop.listening():
        _send(connection, Message("ready"))
        while stop.reason is None:
            if not connection.poll(0.2):
                continue
            try:
                task: Task = connection.recv()
            except EOFError:
                return
            try:
                outcome = train(
                    task.config, stop=stop, progress=_Reporter(connection, task.id), retry_failed=task.retry_failed
                )
                message = Message("ended", task.id, outcome.status, outcome.reason)
            except Leased as holder:
                message = Message("ended", task.id, "leased", str(holder))
            except InputError as error:
                message = Message("ended", task.id, "refused", str(error))
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
    try:
        connection.send(message)
    except OSError:
        pass  # the parent is gone; the watcher below ends the run


def _watch_parent(parent: int, stop: Any) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    stop.ask("the process that started this worker is gone")
