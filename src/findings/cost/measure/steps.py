"""One measurement, in a process of its own: real steps of training, by the clock that training itself keeps."""

import os
import signal
import time
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch

from findings.config.identity import identify
from findings.config.schema import Config
from findings.cost.measure.machine import Others, PeakMemory
from findings.cost.measure.measurement import Failure, Measurement
from findings.data import load
from findings.data.batches import batches_of
from findings.data.stream import place
from findings.errors import InputError
from findings.records import provenance
from findings.training.assembly import DTYPES, new_learner, new_trainer, quiet, ready
from findings.training.learner import EpochChunks, Learner
from findings.training.lightning import pl

WARM_UP, LEAST = 3, 5  # steps at least, before the clock starts and by it
SETTLED = 0.95  # warm-up ends when a step takes more than this part of the fastest before
CHUNKS = 8  # of steps in the time of a measurement, at least, so that it does not last much longer
ENDLESS = 10**12  # iterations: a measurement may make more steps than a short recipe has


class Meter(pl.Callback):
    """Starts the clock when steps have settled, and ends training when it has run for ``seconds``."""

    def __init__(self, seconds: float, parent: Connection) -> None:
        self.seconds, self.parent = seconds, parent
        self.fastest = float("inf")
        self.first: int | None = None  # step by the clock
        self.steps = self.images = 0
        self.within = self.wall = self.others = 0.0  # seconds

    def on_train_start(self, trainer: pl.Trainer, learner: pl.LightningModule) -> None:
        assert isinstance(learner, Learner)
        self.begin = learner.done

    def on_train_batch_end(
        self, trainer: pl.Trainer, learner: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        assert isinstance(learner, Learner)
        if self.parent.poll():  # it never says anything: it is gone
            os._exit(1)
        if self.first is None:
            if self._settled(learner):
                self.first = learner.done
                self.before = int(learner.training_error.images), learner.seconds
                self.surroundings = Others()
        elif learner.done - self.first >= LEAST and time.perf_counter() - self.surroundings.began >= self.seconds:
            self.wall, self.others = time.perf_counter() - self.surroundings.began, self.surroundings.seconds()
            self.steps = learner.done - self.first
            self.images = int(learner.training_error.images) - self.before[0]
            self.within = learner.seconds - self.before[1]
            trainer.should_stop = True

    def _settled(self, learner: Learner) -> bool:
        """Steps get no faster any more. The first is left out: it is of another size than those that follow."""
        steps, pace = learner.done - self.begin, learner.seconds_per_step
        settled = steps >= WARM_UP and pace > SETTLED * self.fastest
        if steps > 1:
            self.fastest = min(self.fastest, pace)
        return settled


def measure(config: Config, seconds: float, parent: Connection) -> Measurement:
    """Train ``config``'s network for ``seconds`` of steps and a warm-up; nothing is evaluated, written or tracked."""
    recipe = replace(config.recipe, iterations=ENDLESS)
    trainer_config = replace(config.trainer, chunk_seconds=min(config.trainer.chunk_seconds, seconds / CHUNKS))
    config = replace(config, recipe=recipe, trainer=trainer_config)
    device = ready(config)
    stream, splits = place(load(config.data), identify(config), device, DTYPES[recipe.precision])
    if config.trainer.fast:
        batches_of(stream)  # a copy of the images: data, and no network's
    memory = PeakMemory(device)
    learner = new_learner(config, stream, splits)
    # an epoch's last batch may be smaller: what it needs once is paid in warm-up too
    learner.done = stream.steps_per_epoch - 1
    meter = Meter(seconds, parent)
    with quiet():
        new_trainer(config, device, meter, Path()).fit(learner, EpochChunks(learner))
    assert learner.stepper is not None
    return Measurement(
        device=torch.cuda.get_device_name() if device.type == "cuda" else provenance.processor(),
        accelerator=device.type,
        execution=learner.stepper.execution,
        threads=torch.get_num_threads(),
        steps=meter.steps,
        images=meter.images,
        seconds=meter.within,
        peak_memory_mib=memory.mib(),
        wall_seconds=meter.wall,
        others_seconds=meter.others,
    )


def work(parent: Connection, config: Config, seconds: float) -> None:
    """The measuring process: sends a Measurement or a Failure to its parent, and ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal's ^C the parent takes care
    said: Measurement | Failure
    try:
        said = measure(config, seconds, parent)
    except InputError as error:
        said = Failure(error.problem, error.where)
    except Exception as error:
        said = Failure(one_line(error))
    parent.send(said)


def one_line(error: Exception) -> str:
    """Torch's errors go on for pages; the first sentence says what it is."""
    lines = str(error).strip().splitlines()
    text = lines[0] if lines else ""
    memory = isinstance(error, MemoryError | torch.OutOfMemoryError) or "allocate memory" in text
    return f"out of memory: {text}" if memory else f"{type(error).__name__}: {text}"
