"""How the runs of a submission have failed, on disk: each start of a task is a process that knows nothing of others."""

import json
from dataclasses import asdict
from pathlib import Path

from findings.engines.failures import Failure, given_up
from findings.system.files import write_atomically
from findings.system.terminal import warn


class Failures:
    """Of one submission, a file for each run that has failed."""

    def __init__(self, submission: Path) -> None:
        self.folder = submission / "failures"

    def note(self, run: str, reason: str, iteration: int, *, final: bool = False) -> None:
        """``final``: to try again would be in vain."""
        noted = [asdict(failure) for failure in (*self._read(run), Failure(reason, iteration, final))]
        write_atomically(self.folder / f"{run}.json", json.dumps(noted, indent=1) + "\n")

    def given_up(self, run: str) -> str | None:
        """Why, if it is."""
        return given_up(self._read(run))

    def _read(self, run: str) -> list[Failure]:
        path = self.folder / f"{run}.json"
        try:
            return [Failure(**fields) for fields in json.loads(path.read_text())]
        except FileNotFoundError:
            return []
        except (ValueError, TypeError):
            warn(f"{path} is damaged: the failures in it are forgotten")
            return []
