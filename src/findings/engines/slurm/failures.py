"""How the runs of a submission have failed, on disk: each start of a task is a process that knows nothing of others."""

import json
from dataclasses import asdict
from pathlib import Path

from findings.engines.failures import Failure, counted, given_up, in_vain
from findings.system.files import read_steadily, write_atomically
from findings.system.terminal import warn


class Failures:
    """Of one submission, a file for each run that has failed."""

    def __init__(self, submission: Path) -> None:
        self.folder = submission / "failures"

    def note(self, run: str, failure: Failure) -> None:
        """In the place of what was noted of the same start."""
        noted = [one for one in self.of(run) if failure.start is None or one.start != failure.start]
        text = json.dumps([asdict(one) for one in (*noted, failure)], indent=1)
        write_atomically(self.folder / f"{run}.json", text + "\n")

    def given_up(self, run: str) -> str | None:
        """Why, if it is."""
        return given_up(self.of(run))

    def latest(self, run: str, iteration: int) -> str:
        """How the starts since the checkpoint of ``iteration`` have ended; empty if all was well."""
        vain = [failure for failure in in_vain(self.of(run)) if failure.iteration >= iteration]
        return f"{counted(vain)}{f' on {vain[-1].node}' if vain[-1].node else ''}" if vain else ""

    def of(self, run: str) -> list[Failure]:
        path = self.folder / f"{run}.json"
        try:
            return [Failure(**fields) for fields in json.loads(read_steadily(path))]
        except FileNotFoundError:
            return []
        except (ValueError, TypeError):
            warn(f"{path} is damaged: the failures in it are forgotten")
            return []
