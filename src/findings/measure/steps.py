"""A network's process: real steps of training in turns with others, by the clock that training itself keeps."""

import os
import signal
import time
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch

from findings import provenance
from findings.config import Config
from findings.data import load
from findings.data.stream import place
from findings.errors import InputError
from findings.learner import EpochChunks, Learner
from findings.measure.failure import Failure
from findings.measure.machine import Others, PeakMemory
from findings.train import DTYPES, new_learner, new_trainer, quiet, ready

WARM_UP, LEAST = 3, 5  # steps at least, before the clock starts and by it
SETTLED = 0.95  # warm-up ends when a step takes more than this part of the fastest before
CHUNKS = 8  # of steps in the time of a measurement, at least, so that it does not last much longer
ENDLESS = 10**12  # iterations: a measurement may make more steps than a short recipe has


@dataclass(frozen=True)
class Measurement:
    """What ``steps`` steps took."""

    device: str  # its name
    accelerator: str  # cpu or cuda
    threads: int
    steps: int
    images: int
    seconds: float  # within training steps
    peak_memory_mib: float
    wall_seconds: float  # in all, from the first of these steps to the end of the last
    others_seconds: float  # core-seconds that other processes had of our cores meanwhile

    @property
    def milliseconds_per_step(self) -> float:
        return 1000 * self.seconds / self.steps

    @property
    def images_per_second(self) -> float:
        return self.images / self.seconds


class Meter(pl.Callback):
    """Trains in turns: when it is told to, until steps have settled and then for ``seconds``; in between it waits."""

    first: int | None  # step by the clock

    def __init__(self, seconds: float, parent: Connection, memory: PeakMemory) -> None:
        self.seconds, self.parent, self.memory = seconds, parent, memory
        self._begin(0)

    def on_train_start(self, trainer: pl.Trainer, learner: pl.LightningModule) -> None:
        assert isinstance(learner, Learner)
        self._wait(learner)

    def on_train_batch_end(
        self, trainer: pl.Trainer, learner: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        assert isinstance(learner, Learner)
        if self.first is None:
            if self._settled(learner):
                self.first = learner.done
                self.before = int(learner.training_error.images), learner.seconds
                self.surroundings = Others()
        elif learner.done - self.first >= LEAST and time.perf_counter() - self.surroundings.began >= self.seconds:
            self.parent.send(self._measured(learner))
            self._wait(learner)

    def _wait(self, learner: Learner) -> None:
        """For the next turn; when there is none any more, the process ends."""
        try:
            self.parent.recv()
        except (EOFError, OSError):
            os._exit(0)
        self._begin(learner.done)

    def _begin(self, step: int) -> None:
        self.begin = step
        self.fastest = float("inf")
        self.first = None

    def _settled(self, learner: Learner) -> bool:
        """Steps get no faster any more. The first is left out: it is of another size than those that follow."""
        steps, pace = learner.done - self.begin, learner.seconds_per_step
        settled = steps >= WARM_UP and pace > SETTLED * self.fastest
        if steps > 1:
            self.fastest = min(self.fastest, pace)
        return settled

    def _measured(self, learner: Learner) -> Measurement:
        wall, others = time.perf_counter() - self.surroundings.began, self.surroundings.seconds()
        assert self.first is not None
        return Measurement(
            device=torch.cuda.get_device_name() if learner.device.type == "cuda" else provenance.processor(),
            accelerator=learner.device.type,
            threads=torch.get_num_threads(),
            steps=learner.done - self.first,
            images=int(learner.training_error.images) - self.before[0],
            seconds=learner.seconds - self.before[1],
            peak_memory_mib=self.memory.mib(),
            wall_seconds=wall,
            others_seconds=others,
        )


def train_in_turns(config: Config, seconds: float, parent: Connection) -> None:
    """Train ``config``'s network, ``seconds`` and a warm-up whenever ``parent`` says so, and send it a Measurement.

    Nothing is evaluated, written or tracked.
    """
    recipe = replace(config.recipe, iterations=ENDLESS)
    trainer_config = replace(config.trainer, chunk_seconds=min(config.trainer.chunk_seconds, seconds / CHUNKS))
    config = replace(config, recipe=recipe, trainer=trainer_config)
    device = ready(config)
    stream, splits = place(load(config.data), config, device, DTYPES[recipe.precision])
    memory = PeakMemory(device)
    learner = new_learner(config, stream, splits)
    learner.done = stream.steps - 1  # an epoch's last batch may be smaller: what it needs once is paid in warm-up too
    with quiet():
        new_trainer(config, device, Meter(seconds, parent, memory), Path()).fit(learner, EpochChunks(learner))


def work(parent: Connection, config: Config, seconds: float) -> None:
    """The measuring process: sends a Measurement for each turn, or a Failure and ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal's ^C the parent takes care
    try:
        train_in_turns(config, seconds, parent)
    except InputError as error:
        parent.send(Failure(error.problem, error.where))
    except Exception as error:
        parent.send(Failure(one_line(error)))


def one_line(error: Exception) -> str:
    """Torch's errors go on for pages; the first sentence says what it is."""
    lines = str(error).strip().splitlines()
    text = lines[0] if lines else ""
    memory = isinstance(error, MemoryError | torch.OutOfMemoryError) or "allocate memory" in text
    return f"out of memory: {text}" if memory else f"{type(error).__name__}: {text}"
