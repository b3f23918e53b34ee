"""When to give a run up: after it has failed three times in the same way, at the same place."""

import json
import re
from pathlib import Path
from typing import Any

from findings.system.files import write_atomically

TIMES = 3
NUMBER = re.compile(r"0x[0-9a-f]+|\d+(?:\.\d+)?")


class Failures:
    """Of one submission, a file for each run that has failed."""

    def __init__(self, submission: Path) -> None:
        self.folder = submission / "failures"

    def note(self, run: str, reason: str, iteration: int, *, final: bool = False) -> None:
        """``final``: to try again would be in vain."""
        noted = [*self._read(run), {"reason": reason, "iteration": iteration, "final": final}]
        write_atomically(self.folder / f"{run}.json", json.dumps(noted, indent=1) + "\n")

    def given_up(self, run: str) -> str | None:
        """Why, if it is."""
        noted = self._read(run)
        if not noted:
            return None
        last = noted[-1]
        if last["final"]:
            return str(last["reason"])
        same = len(noted) >= TIMES and all(_alike(failure, last) for failure in noted[-TIMES:])
        return f"{TIMES} times: {last['reason']}" if same else None

    def _read(self, run: str) -> list[dict[str, Any]]:
        try:
            noted = json.loads((self.folder / f"{run}.json").read_text())
        except FileNotFoundError:
            return []
        return list(noted)


def _alike(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """But for numbers in the text: of processes, ports, addresses and bytes, which differ from start to start."""
    masked = [NUMBER.sub("#", str(failure["reason"])) for failure in (one, other)]
    return masked[0] == masked[1] and one["iteration"] == other["iteration"]
