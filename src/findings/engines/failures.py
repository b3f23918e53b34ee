"""When to give a run up: after it has failed three times in the same way, at the same place."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

TIMES = 3
NUMBER = re.compile(r"0x[0-9a-f]+|\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Failure:
    reason: str
    iteration: int  # of the run's record at the time
    final: bool = False  # to try again would be in vain


def given_up(noted: Sequence[Failure]) -> str | None:
    """Why, if a run that has failed like this, one after the other, is."""
    if not noted:
        return None
    last = noted[-1]
    if last.final:
        return last.reason
    same = len(noted) >= TIMES and all(_alike(failure, last) for failure in noted[-TIMES:])
    return f"{TIMES} times: {last.reason}" if same else None


def _alike(one: Failure, other: Failure) -> bool:
    """But for numbers in the text: of processes, ports, addresses and bytes, which differ from start to start."""
    masked = [NUMBER.sub("#", failure.reason) for failure in (one, other)]
    return masked[0] == masked[1] and one.iteration == other.iteration
