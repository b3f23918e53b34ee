"""Processes that take turns: of several ways to train, all alive, one works at a time.

A machine that warms up, slows down or is shared then favours none, and nobody's data loaders work in another's turn.
"""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection

import torch

from findings.config.schema import Config
from findings.engines.processes import context

LEAST = 2  # steps of a turn
FAREWELL = 10.0  # seconds given to a process to end by itself


@dataclass(frozen=True)
class Turn:
    """What was done in one turn."""

    images: int
    seconds: float

    @property
    def images_per_second(self) -> float:
        return self.images / self.seconds


class Turns:
    """The end of the process that trains: it says ``made`` after each step, and goes on when that returns."""

    def __init__(self, parent: Connection) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal's ^C the parent takes care
        self.parent = parent

    def wait(self) -> None:
        """For the first turn, or the next. When the parent has gone, or wants no more, the process ends."""
        try:
            self.seconds: float = self.parent.recv()
        except (EOFError, OSError):
            self._leave()
        _tell_children(signal.SIGCONT)
        self.steps, self.images, self.began = 0, 0, time.perf_counter()
        self.last = self.began

    def made(self, steps: int, images: int) -> None:
        """A turn ends with the step, or the chunk of steps, whose end is nearest to the time it should take."""
        now = time.perf_counter()
        self.steps += steps
        self.images += images
        over = self.steps >= LEAST and now + (now - self.last) / 2 >= self.began + self.seconds
        self.last = now
        if over:
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            turn = Turn(self.images, time.perf_counter() - self.began)
            _tell_children(signal.SIGSTOP)  # data loaders' workers would fetch ahead
            try:
                self.parent.send(turn)
            except OSError:
                self._leave()
            self.wait()

    def _leave(self) -> None:
        _tell_children(signal.SIGKILL)
        os._exit(0)


def _tell_children(number: signal.Signals) -> None:
    for child in multiprocessing.active_children():
        if child.pid is not None:
            os.kill(child.pid, number)


class Contender:
    """The parent's end. ``train`` is called in a new process and never returns."""

    def __init__(self, train: Callable[[Connection, Config], None], config: Config) -> None:
        self.name = train.__name__
        self.connection, theirs = context().Pipe()
        # no daemon: those may not have children, and data loaders' workers are
        self.process = context().Process(target=train, args=(theirs, config), daemon=False)
        self.process.start()
        theirs.close()

    def turn(self, seconds: float) -> Turn:
        """Let it train for about ``seconds``; afterwards it waits."""
        try:
            self.connection.send(seconds)
            done: Turn = self.connection.recv()
        except (EOFError, OSError):
            self.process.join(FAREWELL)
            raise SystemExit(f"{self.name} ended with exit code {self.process.exitcode}") from None
        return done


def end(contenders: Sequence[Contender]) -> None:
    """All are told first: should a second ^C come, they end nonetheless."""
    for contender in contenders:
        contender.connection.close()
    for contender in contenders:
        contender.process.join(FAREWELL)
        contender.process.kill()
        contender.process.join()
