"""What several workers that train side by side get done together, over one window."""

import math
import signal
import time
from collections.abc import Sequence
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from findings.config.identity import identify
from findings.config.schema import Config
from findings.cost.measure.measurement import Failure
from findings.cost.measure.steps import ENDLESS, one_line
from findings.data import load
from findings.data.stream import place
from findings.engines.devices import dealt, use
from findings.engines.processes import context
from findings.errors import InputError
from findings.training.assembly import DTYPES, new_learner, new_trainer, quiet, ready
from findings.training.learner import EpochChunks, Learner
from findings.training.lightning import pl

WARM_UP = 5  # chunks


def images_per_second(
    config: Config, workers: int, seconds: float, devices: Sequence[str] = (), patience: float = math.inf
) -> float | Failure:
    """Of ``workers`` processes together, each training ``config``'s network, for ``seconds`` once all are warm.

    They are dealt to ``devices`` (as CUDA_VISIBLE_DEVICES names them) in turn. Nothing is evaluated, written or
    tracked. A Failure if they are not warm ``seconds`` before ``patience`` seconds are over.
    """
    late = time.monotonic() + patience - seconds
    pipes = [context().Pipe() for _ in range(workers)]
    processes = [
        context().Process(target=train, args=(theirs, config, dealt(devices, index)), daemon=True)
        for index, (_, theirs) in enumerate(pipes)
    ]
    try:
        for process, (_, theirs) in zip(processes, pipes, strict=True):
            process.start()
            theirs.close()
        for ours, _ in pipes:
            if patience < math.inf and not ours.poll(max(0.0, late - time.monotonic())):
                return Failure(f"not at work after {patience:.0f} s")
            said = ours.recv()
            if isinstance(said, Failure):
                return said
        began = time.perf_counter()
        time.sleep(seconds)
        ended = time.perf_counter()
        for ours, _ in pipes:
            ours.send("stop")
        paces = [ours.recv() for ours, _ in pipes]
        failures = [pace for pace in paces if isinstance(pace, Failure)]
        if failures:
            return failures[0]
        images = [np.interp((began, ended), *pace) for pace in paces]
    except (EOFError, OSError):
        return Failure(f"one of {workers} workers ended, as happens when memory runs out")
    finally:
        for process in processes:
            if process.pid is not None:
                process.kill()
                process.join()
    return float(sum(last - first for first, last in images)) / (ended - began)


class Pace(pl.Callback):
    """Notes how many images were seen when, until it is told to stop."""

    def __init__(self, parent: Connection) -> None:
        self.parent = parent
        self.times, self.images = list[float](), list[int]()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        assert isinstance(pl_module, Learner)
        self.times.append(time.perf_counter())  # one clock for all processes of a machine
        epochs, position = divmod(pl_module.done, pl_module.stream.steps_per_epoch)
        size, total = pl_module.config.recipe.batch_size, len(pl_module.stream.images)
        self.images.append(epochs * min(pl_module.stream.steps_per_epoch * size, total) + position * size)
        if len(self.times) == WARM_UP:
            self.parent.send("warm")
        if self.parent.poll():
            self.parent.send((self.times, self.images))
            trainer.should_stop = True


def train(parent: Connection, config: Config, gpu: str | None) -> None:
    """A worker: says when it is warm, and when told to stop what it had done by when; or a Failure."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal's ^C the parent takes care
    use(gpu)
    config = replace(config, recipe=replace(config.recipe, iterations=ENDLESS))
    try:
        device = ready(config)
        learner = new_learner(
            config, *place(load(config.data), identify(config), device, DTYPES[config.recipe.precision])
        )
        with quiet():
            new_trainer(config, device, Pace(parent), Path()).fit(learner, EpochChunks(learner))
    except InputError as error:
        parent.send(Failure(error.problem, error.where))
    except Exception as error:
        parent.send(Failure(one_line(error)))
