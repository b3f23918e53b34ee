"""How commands speak: to a person at a terminal, or into a log that is read later."""

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

QUIET_SECONDS = 20  # in a log, between two plain lines that say how far things are
LOG_WIDTH = 200  # in a log or a pipe, whole ids are worth more than narrow tables


def console() -> "Console":
    """The terminal's own width; in a log a fixed one."""
    from rich.console import Console

    shown = Console()
    return shown if shown.is_terminal else Console(width=LOG_WIDTH)


def say(console: "Console", line: str) -> None:
    """One line as it is: rich would break it, colour its numbers, and read what stands in brackets as markup."""
    console.print(line, highlight=False, soft_wrap=True, markup=False)


class Quiet:
    """When a log was last written to."""

    def __init__(self) -> None:
        self.spoken = time.monotonic()

    def is_over(self) -> bool:
        """Whether it is time for a line again; it is then taken as written."""
        if time.monotonic() - self.spoken <= QUIET_SECONDS:
            return False
        self.spoken = time.monotonic()
        return True
