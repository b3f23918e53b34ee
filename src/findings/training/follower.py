"""What the other ranks do while rank 0 trains a run: the same steps, and nothing that is written."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from findings.config.identity import Run
from findings.errors import InputError
from findings.training.journal import Journal
from findings.training.learner import Learner
from findings.training.lightning import pl
from findings.training.processes import World
from findings.training.signals import Stop


@dataclass(frozen=True)
class Begin:
    """Rank 0's word to train, once the run is its own."""

    run: Run  # as it is recorded
    checkpoint: Path | None
    fingerprint: str  # of its data


@dataclass(frozen=True)
class Refused:
    """Rank 0's word that there is nothing to train, for a reason that the user can mend."""

    where: str
    problem: str

    def error(self) -> InputError:
        return InputError(self.where, self.problem)


class Follower(Journal):
    """Comes to every chunk's end with rank 0's journal, evaluates and stops with it, and writes nothing."""

    def __init__(self, stop: Stop, world: World) -> None:
        self.stop, self.world, self.latest = stop, world, ""

    def begin(self, learner: Learner) -> None:
        pass

    def still_ours(self) -> None:
        pass

    def tell(self, learner: Learner) -> None:
        pass

    def write(self, row: dict[str, Any]) -> None:
        pass

    def write_probes(self, learner: Learner, rows: list[dict[str, Any]]) -> None:
        pass

    def due(self, learner: Learner) -> bool:
        return False

    def save(self, trainer: pl.Trainer, iteration: int) -> None:
        pass
