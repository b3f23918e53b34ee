"""When to give a run up: after three starts, one after the other, that ended without a new checkpoint."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

TIMES = 3
NUMBER = re.compile(r"0x[0-9a-f]+|\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Failure:
    """How one start of a run ended. What was told to stop in time, and has its checkpoint, has not failed."""

    reason: str
    iteration: int  # of the run's record at the time
    final: bool = False  # to try again would be in vain
    gained: bool = False  # the start had written a new checkpoint before
    start: str | None = None  # which one: a start has one failure, that of which most is known
    node: str = ""  # where


def given_up(noted: Sequence[Failure]) -> str | None:
    """Why, if a run whose starts ended like this, one after the other, is."""
    if noted and noted[-1].final:
        return noted[-1].reason
    vain = in_vain(noted)
    return f"{len(vain)} starts without a new checkpoint: {counted(vain)}" if len(vain) >= TIMES else None


def in_vain(noted: Sequence[Failure]) -> list[Failure]:
    """The latest, as far back as no new checkpoint was written, whatever their reasons."""
    found: list[Failure] = []
    for failure in reversed(noted):
        if failure.gained or (found and failure.iteration < found[-1].iteration):  # or a start between them went well
            break
        found.append(failure)
    return found[::-1]


def counted(failures: Sequence[Failure]) -> str:
    """All reasons, each once and how often. Numbers in them differ from start to start: processes, ports, bytes."""
    times = Counter(NUMBER.sub("#", failure.reason) for failure in failures)
    words = {NUMBER.sub("#", failure.reason): failure.reason for failure in failures}
    return ", ".join(f"{words[masked]} ({count})" if count > 1 else words[masked] for masked, count in times.items())
