"""The one kind of error that a user can mend: shown as one line, with exit code 2 and no traceback."""

import difflib
from collections.abc import Iterable


class InputError(Exception):
    """Something the user gave is wrong: a key, a value, a file.

    ``where`` is the key or file, ``problem`` says what is wrong with it. ``allowed`` lists what would be right; with
    ``given`` the nearest of them is suggested first.
    """

    def __init__(self, where: str, problem: str, allowed: Iterable[str] = (), given: str | None = None) -> None:
        self.where = where
        self.problem = problem
        super().__init__(_one_line(where, problem, list(allowed), given))


def _one_line(where: str, problem: str, allowed: list[str], given: str | None) -> str:
    line = f"{where}: {problem}"
    nearest = difflib.get_close_matches(given, allowed, n=1, cutoff=0.4) if given else []
    if nearest:
        line += f"; did you mean '{nearest[0]}'?"
    if allowed:
        shown = allowed if len(allowed) <= 24 else [*allowed[:24], f"... ({len(allowed)} in all)"]
        line += f" allowed: {', '.join(shown)}" if nearest else f"; allowed: {', '.join(shown)}"
    return " ".join(line.split())
