"""How commands speak: to a person at a terminal, or into a log that is read later."""

import contextlib
import json
import math
import os
import sys
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from rich.console import Console

QUIET_SECONDS = 20  # in a log, between two plain lines that say how far things are
LOG_WIDTH = 200  # in a log or a pipe, whole ids are worth more than narrow tables


class Output:
    """A stream of this process whose end nobody may be reading: the terminal is gone, `| head` has had enough.

    What cannot be written is lost, and nothing else: an error here would end a training of hours.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        self._try(lambda: self.stream.write(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        self.write("".join(lines))

    def flush(self) -> None:
        self._try(self.stream.flush)

    def _try(self, action: Callable[[], object]) -> None:
        try:
            action()
        except (OSError, ValueError):  # ValueError: it was closed
            with contextlib.suppress(OSError, ValueError):  # what is in its buffer would be tried again at the end
                os.dup2(os.open(os.devnull, os.O_WRONLY), self.stream.fileno())


def speak_on() -> None:
    """From now on no output of this process raises an error."""
    if not isinstance(sys.stdout, Output):
        sys.stdout, sys.stderr = Output(sys.stdout), Output(sys.stderr)  # type: ignore[assignment]


def console(*, quiet: bool = False) -> "Console":
    """The terminal's own width; in a log a fixed one, and nothing that moves, whatever FORCE_COLOR says."""
    from rich.console import Console

    if animated():
        return Console(quiet=quiet)
    return Console(width=LOG_WIDTH, force_terminal=False, quiet=quiet)


def animated() -> bool:
    """Whether there is somebody to see it: a terminal, and one that can go back in its lines."""
    try:
        return sys.stdout.isatty() and os.environ.get("TERM") not in ("dumb", "unknown")
    except ValueError:  # it is closed
        return False


def say(console: "Console", line: str) -> None:
    """One line as it is: rich would break it, colour its numbers, and read what stands in brackets as markup."""
    console.print(line, highlight=False, soft_wrap=True, markup=False)


def warn(line: str) -> None:
    """What does not stop a command, beside its output."""
    print(f"findings: {line}", file=sys.stderr)


def say_json(value: Any) -> None:
    """For programs: what is not a number is null, and nothing else is on this stream."""
    print(json.dumps(_finite(value), indent=1, ensure_ascii=False, allow_nan=False))


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


class Quiet:
    """How long nothing was written to a log."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """A line has just been written."""
        self.since = time.monotonic()

    def is_over(self) -> bool:
        """Whether it is time for a line again."""
        return time.monotonic() - self.since > QUIET_SECONDS
