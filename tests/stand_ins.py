"""Commands that are not here, or do not do what a test needs: scripts in their place, first on PATH."""

import os
from pathlib import Path

import pytest


class StandIns:
    """``place("squeue", "echo ...")`` makes the command these lines of shell, until the test is over."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        folder.mkdir()
        monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)

    def place(self, command: str, lines: str) -> None:
        """Each call notes its arguments, for :meth:`calls`."""
        path = self.folder / command
        path.write_text(f'#!/bin/bash\necho "$@" >> {path}.calls\n{lines}\n')
        path.chmod(0o755)

    def calls(self, command: str) -> list[str]:
        path = self.folder / f"{command}.calls"
        return path.read_text().splitlines() if path.exists() else []
