"""The one owner of the signals that ask a run to stop: they only set a flag, which is read at the next chunk's end."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT)


@contextlib.contextmanager
def shielding() -> Iterator[None]:
    """The processes started within the block are not ended by these signals, which a scheduler sends to all of a step.

    They are blocked, not ignored: that, a program that sets its own handlers inherits too.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Interrupted(Exception):
    """The run was asked to stop and its checkpoint is written: the journal raises it, at a chunk's end."""


class Stop:
    """Asked to stop? And why."""

    def __init__(self) -> None:
        self.reason: str | None = None

    def ask(self, reason: str) -> None:
        self.reason = self.reason or reason

    def take_over_signals(self) -> None:
        """Set the handlers (again); nothing outside the main thread, which alone receives signals."""
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                signal.signal(number, self._receive)

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Let the signals set the flag during the block; a second ^C ends the process at once."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.getsignal(number) for number in SIGNALS}
        self.take_over_signals()
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _receive(self, number: int, _: FrameType | None) -> None:
        if number == signal.SIGINT and self.reason is not None:
            raise KeyboardInterrupt
        self.ask(f"received {signal.Signals(number).name}")
