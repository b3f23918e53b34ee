"""The LightningModule: forward, loss, error, optimiser, and what it takes to stop and go on anywhere.

Lightning is given *chunks* of steps as batches: its cost per batch is then paid once for many steps, and a checkpoint
can be written at every chunk's end. Where training stands is the buffer ``iteration``; batch order, crops, flips and
dropout are pure functions of it and the seed, so that a resumed run needs only the weights, the optimiser's state
and the buffers.
"""

import time
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import NamedTuple, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import IterableDataset

from findings.config.schema import Config, Remeasure
from findings.data.stream import Split, Stream
from findings.nets import weights
from findings.training.lightning import pl
from findings.training.metrics import ErrorAndLoss
from findings.training.optimizer import optimizer_for
from findings.training.predictions import in_order
from findings.training.probes.due import pauses, probes_of
from findings.training.processes import ALONE, World
from findings.training.schedule import LearningRate
from findings.training.steps import Stepper, stepper_for


class Chunk(NamedTuple):
    """Steps [start, stop) of one epoch."""

    epoch: int
    start: int
    stop: int


class Learner(pl.LightningModule):
    """Trains ``network`` on ``stream`` as ``config.recipe`` says and evaluates it on ``splits``."""

    iteration: Tensor

    def __init__(
        self, network: nn.Module, stream: Stream, splits: dict[str, Split], config: Config, world: World = ALONE
    ) -> None:
        super().__init__()
        self.automatic_optimization = False  # many steps in one Lightning batch
        self.network, self.stream, self.splits, self.config = network, stream, splits, config
        self.world = world
        self.learning_rate = LearningRate(config.recipe)
        self.training_error = ErrorAndLoss()  # of this epoch's steps
        # where the last epoch is a short one: of the steps of the epoch before that are among the last steps_per_epoch
        self.carried_error = ErrorAndLoss()
        self.register_buffer("iteration", torch.zeros((), dtype=torch.int64))
        self.done = 0  # the buffer's value, known without asking the device
        self.stepper: Stepper | None = None
        self.seconds = 0.0  # of training in this epoch
        self.seconds_per_step = float("inf")  # of the last chunk
        self.probes = probes_of(config)
        self.pauses = pauses(self.probes, config)  # iterations at which a chunk ends, to be probed
        self.probed = -1  # the last iteration whose probes are in the record
        self.logits: Tensor | None = None  # (N, classes) of the test images, once the run has ended

    def forward(self, images: Tensor) -> Tensor:  # (N, C, H, W) -> (N, classes)
        return self.network(images)  # type: ignore[no-any-return]

    def train(self, mode: bool = True) -> Self:
        super().train(mode)
        if mode:
            weights.train(self.network, frozen=self.config.init_from.freeze is not None)
        return self

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return optimizer_for(self.network, self.config, self.stream.images.device)

    def on_save_checkpoint(self, checkpoint: dict) -> None:
        checkpoint["seconds"], checkpoint["probed"] = self.seconds, self.probed
        checkpoint["learning_rate"] = self.learning_rate.state

    def on_load_checkpoint(self, checkpoint: dict) -> None:
        self.done = int(checkpoint["state_dict"]["iteration"])
        self.seconds = checkpoint.get("seconds", 0.0)  # earlier versions did not keep these
        self.probed = checkpoint.get("probed", -1)
        self.learning_rate.state = checkpoint.get("learning_rate", self.learning_rate.state)

    def training_step(self, chunk: Chunk, _: int) -> None:
        """Make the steps of ``chunk``: each is one batch of the recipe."""
        started = time.perf_counter()
        if self.stepper is None:  # not before: a checkpoint replaces what the optimiser holds
            optimizer = self.optimizers(use_pl_optimizer=False)
            assert isinstance(optimizer, torch.optim.Optimizer)
            self.stepper = stepper_for(
                self.network, self.stream, optimizer, self.config, self.learning_rate, self.world
            )
        self.stepper.run(chunk.epoch, chunk.start, chunk.stop, self.training_error)
        self.done += chunk.stop - chunk.start
        self.iteration.fill_(self.done)
        if self.done == self.last_steps_begin:
            wrong, loss, images = self.training_error.sums()
            self.carried_error.add(-wrong, -loss, -images)
        if self.device.type == "cuda":
            torch.cuda.synchronize()  # once in a chunk: what is timed is then the work, not its launch
        seconds = time.perf_counter() - started
        if self.world.size > 1:
            # the same for all, or devices would cut the coming steps into other chunks; and the least: all end at the
            # same exchange, and who began last waited for nobody. The others' hold what rank 0 wrote in between
            seconds = min(self.world.gathered(seconds))
        self.seconds += seconds
        # by the image: an epoch's last batch may be a small one, and is no measure of the others
        size, total = self.config.recipe.batch_size, len(self.stream.images)
        images = min(chunk.stop * size, total) - chunk.start * size
        self.seconds_per_step = max(seconds * min(size, total) / images, 1e-6)

    @property
    def epoch(self) -> int:
        """The permutation in use, from 0; between two of them, the coming one."""
        return self.done // self.stream.steps_per_epoch

    @property
    def last_steps_begin(self) -> int:
        """The iteration after which as many steps are left as an epoch has; below 1 in a run that has no more."""
        return self.config.recipe.iterations - self.stream.steps_per_epoch

    @property
    def finished(self) -> bool:
        return self.done >= self.config.recipe.iterations

    @property
    def epoch_complete(self) -> bool:
        return self.done % self.stream.steps_per_epoch == 0 or self.finished

    @property
    def evaluation_due(self) -> bool:
        epochs = -(-self.done // self.stream.steps_per_epoch)
        return self.finished or epochs % self.config.evaluation.evaluate_every == 0

    @property
    def evaluation_pending(self) -> bool:
        """Whether an epoch is complete but not closed: the run was interrupted in its evaluation."""
        return self.epoch_complete and int(self.training_error.images) > 0

    def evaluate(self, heed: Callable[[], None]) -> dict[str, float | int | None]:
        """One row of the record: the errors as trained, and measured on every split.

        As trained they are over an epoch's number of steps, the last that were made: where the run ends within an
        epoch, some of them belong to the one before. ``heed`` is called between batches of images and may raise;
        nothing has changed then.
        """
        remeasures = self.finished or self.config.evaluation.remeasure_training is Remeasure.every
        trained = ErrorAndLoss()
        for part in (self.carried_error, self.training_error) if self.finished else (self.training_error,):
            trained.add(*part.sums())
        train_error, train_loss, train_images = trained.compute()
        row: dict[str, float | int | None] = {
            "epoch": -(-self.done // self.stream.steps_per_epoch),
            "iteration": self.done,
            "train_loss": train_loss,
            "train_error": train_error,
        }
        for split, prefix in (("train", "remeasured_train"), ("validation", "validation"), ("test", "test")):
            measured = split in self.splits and (split != "train" or remeasures)
            error, loss, seen = self._measure(self.splits[split], heed) if measured else (None, None, None)
            row |= {f"{prefix}_loss": loss, f"{prefix}_error": error}
            if split == "test":
                row["test_images"] = seen
        row["lr"] = self.learning_rate.at(self.done - 1)
        images = int(self.training_error.images)
        row["seconds"], row["images_per_second"] = self.seconds, images / self.seconds if self.seconds else None
        row["train_images"] = train_images
        return row

    def start_epoch(self) -> None:
        """Forget the last epoch's counters, save what its last steps have a part in."""
        if self.done >= self.last_steps_begin:
            self.carried_error.add(*self.training_error.sums())
        self.training_error.reset()
        self.seconds = 0.0

    def _measure(self, split: Split, heed: Callable[[], None]) -> tuple[float, float, int]:
        measured, kept = ErrorAndLoss().to(self.device), []
        keeps = self.finished and split is self.splits["test"]
        for logits, labels in self.scores(split, heed):
            measured.update(logits, labels, F.cross_entropy(logits, labels))
            kept += [logits] if keeps else []
        if keeps:
            self.logits = in_order(kept, len(split), self.config.trainer.evaluation_batch_size, self.world)
        if self.world.size > 1:
            everybody = self.world.gathered(measured.sums())
            measured.reset()
            for sums in everybody:
                measured.add(*sums)
        return measured.compute()

    @torch.no_grad()
    def scores(self, split: Split, heed: Callable[[], None]) -> Iterator[tuple[Tensor, Tensor]]:
        """Logits (N, classes) and labels (N,) of this device's part of a split, batch by batch, in evaluation mode."""
        self.eval()
        self.stream.randomness.seed_torch("evaluation", self.done, device=self.device)
        try:
            with self.trainer.precision_plugin.val_step_context():
                for images, labels in split.batches(self.config.trainer.evaluation_batch_size, self.world.share):
                    if len(images):
                        logits = self(images)
                        yield logits.float() if logits.dtype == torch.bfloat16 else logits, labels
                    heed()  # by all devices, also by those that had none of the last images
        finally:
            self.train()


class EpochChunks(IterableDataset):
    """What is left of the current epoch, cut into chunks that take about ``trainer.chunk_seconds`` each."""

    def __init__(self, learner: Learner) -> None:
        self.learner = learner

    def __iter__(self) -> Iterator[Chunk]:
        learner = self.learner
        steps_per_epoch = learner.stream.steps_per_epoch
        epoch, position = divmod(learner.done, steps_per_epoch)
        stop = min(steps_per_epoch, learner.config.recipe.iterations - epoch * steps_per_epoch)
        boundary = (
            learner.last_steps_begin - epoch * steps_per_epoch
        )  # where it lies in this epoch: counted at a chunk's end
        size = max(1, self._fitting())  # 1 in a process's first epoch
        while position < stop:
            ends = (position + size, stop, self._pause(epoch * steps_per_epoch, position))
            chunk = Chunk(epoch, position, min(*ends, boundary if position < boundary else stop))
            yield chunk
            position = chunk.stop
            # Lightning fetches one chunk ahead, so this knows of the chunk before the last; it doubles at most
            size = max(1, min(2 * size, self._fitting()))

    def _pause(self, first: int, position: int) -> int:
        """The next position in the epoch, which begins with iteration ``first``, at which to probe; or one far away."""
        pauses = self.learner.pauses
        coming = bisect_right(pauses, first + position)
        return pauses[coming] - first if coming < len(pauses) else self.learner.config.recipe.iterations

    def _fitting(self) -> int:
        """Steps that fill a chunk, going by the last one."""
        return int(self.learner.config.trainer.chunk_seconds / self.learner.seconds_per_step)
