"""Who watches a training: told what a checkpoint covers, never asked, and free to fail without harm to the run."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from findings.config.identity import Run
from findings.records.record import Record


class Told(Protocol):
    """One run's observer, from the beginning of an attempt to its end."""

    def log(self, rows: list[dict[str, Any]]) -> None:
        """Rows of metrics.csv that a checkpoint on disk now covers; after a resume all earlier ones again."""


Observer = Callable[[Run, Record], contextlib.AbstractContextManager[Told]]


class _Nobody:
    def log(self, rows: list[dict[str, Any]]) -> None:
        pass


@contextlib.contextmanager
def unobserved(run: Run, record: Record) -> Iterator[Told]:
    yield _Nobody()
