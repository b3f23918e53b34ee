"""When to give a run up: after it has failed three times in the same way, at the same place."""

import json
import signal
from pathlib import Path
from typing import Any

TIMES = 3


class Failures:
    """Of one submission, a file for each run that has failed."""

    def __init__(self, submission: Path) -> None:
        self.folder = submission / "failures"

    def note(self, run: str, reason: str, iteration: int, *, final: bool = False) -> None:
        """``final``: to try again would be in vain."""
        noted = [*self._read(run), {"reason": reason, "iteration": iteration, "final": final}]
        path = self.folder / f"{run}.json"
        temporary = path.with_suffix(".part")
        temporary.write_text(json.dumps(noted, indent=1) + "\n")
        temporary.replace(path)

    def given_up(self, run: str) -> str | None:
        """Why, if it is."""
        noted = self._read(run)
        if not noted:
            return None
        last = noted[-1]
        if last["final"]:
            return str(last["reason"])
        same = len(noted) >= TIMES and all(failure == last for failure in noted[-TIMES:])
        return f"{TIMES} times: {last['reason']}" if same else None

    def _read(self, run: str) -> list[dict[str, Any]]:
        try:
            noted = json.loads((self.folder / f"{run}.json").read_text())
        except FileNotFoundError:
            return []
        return list(noted)


def ended(code: int) -> str:
    """How a process with this return code ended, in words."""
    if code < 0:
        name = signal.Signals(-code).name
        return f"was ended by {name}" + (", as happens when memory runs out" if name == "SIGKILL" else "")
    return f"ended with exit code {code}"
