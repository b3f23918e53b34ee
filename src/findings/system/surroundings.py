"""What a shell, a notebook or a service leaves in a process's surroundings, and how the command does in spite of it."""

import os
import sys
from pathlib import Path

from findings.errors import InputError


def settle() -> None:
    """For the command alone, not where its functions are called in a program of somebody else's.

    Raises InputError where there is no working directory, and on Windows.
    """
    if sys.platform == "win32":
        raise InputError("Windows", "is not supported; in WSL (wsl --install) findings runs as on Linux")
    try:
        Path.cwd()
    except FileNotFoundError:
        raise InputError("the working directory", "is gone: change to one that is there") from None
    os.environ["MPLBACKEND"] = "agg"  # a notebook's own cannot be loaded here, and figures are files
    if os.environ.get("COLUMNS") == "0":  # of a shell without a terminal: nothing would fit
        del os.environ["COLUMNS"]
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # what a terminal has no letters for is no reason to stop
            stream.reconfigure(errors="backslashreplace")
