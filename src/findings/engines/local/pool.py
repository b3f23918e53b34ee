"""Run a plan on this machine: N worker processes, one run each at a time, failures kept apart."""

import contextlib
import os
import signal
import time
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import FrameType

from findings.engines.devices import dealt, gpus
from findings.engines.failures import TIMES, Failure, given_up
from findings.engines.local.display import Display
from findings.engines.local.worker import Message, Task, work
from findings.engines.processes import context
from findings.errors import InputError
from findings.planning.plan import PlannedRun
from findings.records.lease import leased
from findings.records.record import Record
from findings.system.files import NoRoom
from findings.system.processes import cores, ending
from findings.training.needed import standing
from findings.training.signals import SIGNALS

IDLE_SECONDS = 10  # in which a worker without a run ends
CHECKPOINT_SECONDS = 60  # for a chunk of steps and its checkpoint, on a slow disk


@dataclass
class Result:
    """{run id: how it ended} and why, for what needs saying."""

    statuses: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    signalled: bool = False  # a signal ended it before all runs were done

    def of(self, *statuses: str) -> list[str]:
        return [run for run, status in self.statuses.items() if status in statuses]


@dataclass
class _Worker:
    process: BaseProcess
    connection: Connection
    device: str | None
    run: PlannedRun | None = None
    beginning: int = 0  # the run's iteration when it was handed out
    ready: bool = False  # to take a run
    served: bool = False  # it has been ready before


def default_jobs(runs: int) -> int:
    """A worker per GPU, otherwise per core."""
    return max(1, min(runs, len(gpus()) or cores()))


def run_locally(
    runs: Sequence[PlannedRun], *, jobs: int, display: Display, retry_failed: bool, until: float | None
) -> Result:
    """Train ``runs`` with ``jobs`` workers; a run in training elsewhere is waited for, and taken over if that dies.

    ``until`` is a time.monotonic(): then every worker writes its checkpoint and ends.
    """
    return _Pool(runs, jobs, display, retry_failed, until).run()


class _Pool:
    def __init__(
        self, runs: Sequence[PlannedRun], jobs: int, display: Display, retry_failed: bool, until: float | None
    ) -> None:
        self.waiting = deque(runs)
        self.elsewhere: list[PlannedRun] = []  # in training by another process
        self.jobs, self.display, self.retry_failed = jobs, display, retry_failed
        self.until = until
        self.result, self.stillborn = Result(), 0
        self.failures = defaultdict[str, list[Failure]](list)  # of runs whose workers died without a word
        self.workers: list[_Worker] = []
        self.devices = gpus()
        self.stopping: str | None = None

    def run(self) -> Result:
        before = {number: signal.signal(number, self._receive) for number in SIGNALS}
        try:
            self._settle_without_training()
            for index in range(min(self.jobs, len(self.waiting))):
                self.workers.append(self._start(dealt(self.devices, index)))
            while self.workers and (self.waiting or self.elsewhere or any(worker.run for worker in self.workers)):
                self._step()
        finally:
            for worker in self.workers:
                worker.connection.close()
                if worker.run is not None:  # an error has ended all of this: what was trained is not to be lost by it
                    worker.process.terminate()
            for worker in self.workers:
                worker.process.join(timeout=CHECKPOINT_SECONDS if worker.run else IDLE_SECONDS)
                worker.process.kill()
            for number, handler in before.items():
                signal.signal(number, handler)
        return self.result

    def _settle_without_training(self) -> None:
        """What is finished, or has failed, needs no worker. (Its data have been compared already.)"""
        for run in list(self.waiting):
            record = Record(run.directory)
            try:
                ended = standing(record, run, retry_failed=self.retry_failed)
            except InputError as error:
                ended = "refused", str(error)
            if ended:
                self.waiting.remove(run)
                self._settle(run, *ended)

    def _step(self) -> None:
        if self.until is not None and time.monotonic() > self.until:
            self._stop("the time limit is reached")
        if self.stopping:
            self.waiting.clear()
            self.elsewhere.clear()
        self._look_elsewhere()
        self._hand_out()
        for connection in wait([worker.connection for worker in self.workers], timeout=0.2):
            worker = next(worker for worker in self.workers if worker.connection is connection)
            try:
                message: Message = worker.connection.recv()
            except (EOFError, OSError):
                self._bury(worker)
                continue
            self._take(worker, message)
        self.display.refresh()

    def _hand_out(self) -> None:
        for worker in self.workers:
            if worker.run is None and worker.ready and self.waiting:
                worker.run = self.waiting.popleft()
                record = Record(worker.run.directory)
                worker.beginning = int(record.get("iteration", 0))
                self.display.begin(worker.run)
                with contextlib.suppress(OSError):  # it has just died, which is seen below
                    worker.connection.send(Task(worker.run.id, record.config, self.retry_failed))

    def _take(self, worker: _Worker, message: Message) -> None:
        if message.kind == "ready":
            worker.ready = worker.served = True
            self.stillborn = 0
        elif message.kind == "progress" and worker.run:
            self.display.advance(worker.run, message.iteration, message.detail)
        elif message.kind == "ended" and worker.run:
            run, worker.run = worker.run, None
            if message.status == "leased":
                self.elsewhere.append(run)
                self.display.leave(run, message.detail)
            elif message.status == "waits":  # for room, which all runs want
                self._settle(run, "interrupted", message.detail)
                self._stop(message.detail)
            elif message.status == "interrupted" and not self.stopping:  # this worker alone was asked to stop
                worker.ready = False
                self.waiting.appendleft(run)
            else:
                self._settle(run, message.status, message.detail)

    def _settle(self, run: PlannedRun, status: str, reason: str) -> None:
        self.result.statuses[run.id] = status
        if reason:
            self.result.reasons[run.id] = reason
        self.display.end(run, status, reason)

    def _look_elsewhere(self) -> None:
        """What other processes trained is finished by now, or can be taken over."""
        for run in list(self.elsewhere):
            if not leased(run.directory):
                self.elsewhere.remove(run)
                self.waiting.append(run)

    def _bury(self, worker: _Worker) -> None:
        """A worker is gone. Asked to stop it may go; otherwise its run goes to a new one, unless it is given up."""
        self.workers.remove(worker)
        worker.process.join()
        run, worker.run = worker.run, None
        if not worker.ready and not worker.served and not self.stopping:
            self.stillborn += 1
            if self.stillborn > TIMES - 1:
                raise RuntimeError(f"workers end with exit code {worker.process.exitcode} before they are ready")
        if run is not None:
            record = Record(run.directory)
            if self.stopping:
                self._settle(run, "interrupted", self.stopping)
            else:
                noted, reached = self.failures[run.id], int(record.get("iteration", 0))
                reason = f"its worker {ending(worker.process.exitcode)}"
                noted.append(Failure(reason, reached, gained=reached > worker.beginning))
                why = given_up(noted)
                if why is None:
                    self.waiting.appendleft(run)
                else:
                    with contextlib.suppress(NoRoom):
                        record.update(status="failed", reason=why)
                    self._settle(run, "failed", why)
        if not self.stopping and (self.waiting or self.elsewhere):
            self.workers.append(self._start(worker.device))

    def _start(self, device: str | None) -> _Worker:
        ours, theirs = context().Pipe()
        process = context().Process(target=work, args=(theirs, device, os.getpid()), daemon=True)
        process.start()
        theirs.close()
        return _Worker(process, ours, device)

    def _stop(self, reason: str) -> None:
        """Ask every worker to write its checkpoint and end."""
        if self.stopping is None:
            self.stopping = reason
            self.display.say(f"{reason}: writing checkpoints")
            for worker in self.workers:
                worker.process.terminate()

    def _receive(self, number: int, _: FrameType | None) -> None:
        if self.stopping and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.result.signalled = True
        self._stop(f"received {signal.Signals(number).name}")
