"""The Lightning callback that keeps a run's record: rows, checkpoints, progress, and the end."""

import math
import time
from collections.abc import Callable
from typing import Any

from findings.errors import InputError
from findings.records import predictions
from findings.records.lease import Lease
from findings.records.record import Record
from findings.system.files import replacing
from findings.training.learner import Learner
from findings.training.lightning import pl
from findings.training.predictions import kept
from findings.training.probes.due import probe
from findings.training.probes.memory import peak_memory
from findings.training.processes import ALONE, World
from findings.training.signals import Interrupted, Stop

Progress = Callable[[int, int, str], None]  # iteration, iterations, what was measured last


class Diverged(Exception):
    """The training loss is no number any more; the row that says so is written."""


class Journal(pl.Callback):
    """At the end of every chunk: if an epoch is complete, evaluate it; probe; if it is time, write a checkpoint."""

    def __init__(
        self,
        record: Record,
        held: Lease,
        stop: Stop,
        progress: Progress,
        mirror: Callable[[list[dict]], None],
        world: World = ALONE,
    ) -> None:
        self.record, self.held, self.stop, self.progress, self.mirror = record, held, stop, progress, mirror
        self.world = world
        self.unsaved: list[dict[str, Any]] = []  # rows that no checkpoint covers yet
        self.last_saved = time.monotonic()
        self.latest = ""

    def on_train_start(self, trainer: pl.Trainer, learner: pl.LightningModule) -> None:
        self.stop.take_over_signals()  # Lightning has just put its own handlers before ours
        assert isinstance(learner, Learner)
        refuse_other_start(self.world, learner.done, learner.device.type)
        self.begin(learner)
        if learner.evaluation_pending:
            self._advance(trainer, learner)
        elif not learner.finished:
            self._measure(trainer, learner, evaluates=False)
        trainer.should_stop = learner.finished  # a kill may also have come between the last checkpoint and the end
        self.tell(learner)

    def on_train_batch_end(
        self, trainer: pl.Trainer, learner: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        assert isinstance(learner, Learner)
        self.still_ours()
        self._advance(trainer, learner)

    def _advance(self, trainer: pl.Trainer, learner: Learner) -> None:
        ended = learner.epoch_complete
        diverged = ended and not math.isfinite(float(learner.training_error.loss))
        self._measure(trainer, learner, evaluates=ended and (learner.evaluation_due or diverged), probes=not diverged)
        if ended:
            learner.start_epoch()
        self.tell(learner)
        asked = self._asked()
        if diverged or learner.finished or asked or self.due(learner):
            self.save(trainer, learner.done)
        if diverged:
            raise Diverged(f"diverged: the training loss is no number by iteration {learner.done}")
        if learner.finished:
            trainer.should_stop = True
        elif asked:
            raise Interrupted(asked)

    def _measure(self, trainer: pl.Trainer, learner: Learner, *, evaluates: bool, probes: bool = True) -> None:
        """Write a complete epoch's row where it ``evaluates``, and what is to be probed at this iteration."""
        try:
            row = learner.evaluate(self._heed) if evaluates else None
            due = probes and learner.done in learner.pauses and learner.probed != learner.done
            probed = probe(learner, self._heed, learner.logits) if due else []
        except Interrupted:
            # large splits take minutes: the epoch's counters are saved as they are, and all of this begins anew
            self.save(trainer, learner.done)
            raise
        if due:
            self.write_probes(learner, probed)
            learner.probed = learner.done
        if row:
            learner.learning_rate.heed(row["validation_error"])
            self.write(row | {"peak_memory_mib": peak_memory(learner.device), "timestamp": round(time.time(), 3)})
            self.latest = f"training error {row['train_error']:.2f} %, test error {row['test_error']:.2f} %"

    def _heed(self) -> None:
        asked = self._asked()
        if asked:
            raise Interrupted(asked)

    def _asked(self) -> str | None:
        """Why to stop. A signal may reach one rank only, or each at another chunk: all have to obey at the same."""
        return self.world.agreed(self.stop.reason)

    def begin(self, learner: Learner) -> None:
        """Bring the record to where the checkpoint stands."""
        pending = learner.evaluation_pending
        self.record.cut_back(learner.done - 1 if pending else learner.done)
        probed = learner.probed == learner.done or (learner.finished and not pending)
        self.record.cut_back_probes(learner.done if probed else learner.done - 1, ended=learner.finished and probed)
        self.record.update(iteration=learner.done)  # a kill may have come between the checkpoint and this
        self.mirror(self.record.rows())

    def still_ours(self) -> None:
        """Raises Leased if another process has taken the run over."""
        self.held.check()

    def tell(self, learner: Learner) -> None:
        self.progress(learner.done, learner.config.recipe.iterations, self.latest)

    def write(self, row: dict[str, Any]) -> None:
        """Add an epoch's row to the record."""
        self.record.append(row)
        self.unsaved.append(row)

    def write_probes(self, learner: Learner, rows: list[dict[str, Any]]) -> None:
        """Add what was probed to the record, and at the end what was predicted."""
        if learner.logits is not None and learner.config.evaluation.keep_predictions:
            predictions.write(self.record.predictions, kept(learner.logits, learner.splits["test"].labels))
        self.record.add_probes(rows)

    def due(self, learner: Learner) -> bool:
        """Whether it is time for a checkpoint."""
        return time.monotonic() - self.last_saved >= 60 * learner.config.trainer.checkpoint_every

    def save(self, trainer: pl.Trainer, iteration: int) -> None:
        """Write the checkpoint so that a crash leaves the old one or the new; then mirror what it covers."""
        path = self.record.checkpoint
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path, only_writer=True, durable=True) as temporary:
            trainer.save_checkpoint(temporary)
        seconds, self.last_saved = time.monotonic() - self.last_saved, time.monotonic()
        self.record.update(iteration=iteration, wall_seconds=round(self.record["wall_seconds"] + seconds, 2))
        rows, self.unsaved = self.unsaved, []
        self.mirror(rows)


def refuse_other_start(world: World, iteration: int, accelerator: str) -> None:
    """Before tensors are exchanged: processes that disagree would wait for each other, or add up different weights.

    Raises InputError, in all processes, where they begin at different iterations or on different kinds of device.
    """
    if world.size == 1:
        return
    iterations, accelerators = zip(*world.gathered((iteration, accelerator)), strict=True)
    if len(set(iterations)) > 1:
        said = ", ".join(map(str, iterations))
        raise InputError("runs_dir", f"processes begin after iterations {said}: they do not see the same files")
    if len(set(accelerators)) > 1:
        said = ", ".join(accelerators)
        raise InputError("trainer.accelerator", f"processes have different devices ({said}); allowed: cpu for all")
