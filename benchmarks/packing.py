"""python -m benchmarks.packing [--record]     images/s of 1, 2, 4, ... workers that train side by side

Every worker trains one network, on its part of the cores (one thread at least) or all on one GPU. They start together;
when all are warm the clock starts, and what each has done is counted over the same window.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl

from benchmarks.made_up import config, device, load, precisions
from benchmarks.table import Benchmark, Row, parser, up_to
from findings.config import Config
from findings.data.stream import place
from findings.execute.processes import context, prepare
from findings.learner import EpochChunks, Learner
from findings.measure.steps import ENDLESS
from findings.plan import cores
from findings.train import DTYPES, new_learner, new_trainer, quiet, ready

WARM_UP = 5  # chunks
PACKING = Benchmark(
    name="packing",
    title="Workers that train one network each, side by side",
    shown={
        "workers": "{workers}",
        "threads each": "{threads}",
        "network": "{network}",
        "precision": "{precision}",
        "images/s in all": "{images_per_second:,.0f}",
        "images/s each": "{images_per_second_each:,.0f}",
        "speed-up": "{speed_up:.2f}",
    },
    columns=(
        *("network", "precision", "batch_size", "workers", "threads", "seconds"),
        *("images_per_second", "images_per_second_each", "speed_up"),
    ),
)


def main(arguments: Sequence[str] | None = None) -> None:
    options = parser("packing", __doc__)
    options.add_argument("--network", default="resnet20", metavar="NAME", help="default: resnet20")
    options.add_argument("--precision", default=precisions()[0], choices=("bf16", "fp32"), help="default: the fastest")
    options.add_argument("--most", type=int, default=16, metavar="K", help="workers (default: 16)")
    options.add_argument("--seconds", type=float, default=10.0, metavar="S", help="on the clock (default: 10)")
    given = options.parse_args(arguments)
    prepare("benchmarks.packing")
    PACKING.run(_rows(given.network, given.precision, given.most, given.seconds), device(), record=given.record)


def _rows(network: str, precision: str, most: int, seconds: float) -> Iterator[Row]:
    alone = None
    for workers in up_to(most, factor=2, start=1):
        threads = max(1, cores() // workers)
        chosen = config(network, precision, threads)
        together = _steps_per_second(chosen, workers, seconds) * chosen.recipe.batch_size
        alone = alone or together
        yield {
            "network": network,
            "precision": precision,
            "batch_size": chosen.recipe.batch_size,
            "workers": workers,
            "threads": threads,
            "seconds": seconds,
            "images_per_second": together,
            "images_per_second_each": together / workers,
            "speed_up": together / alone,
        }


def _steps_per_second(config: Config, workers: int, seconds: float) -> float:
    """Of all workers together, over one window."""
    pipes = [context().Pipe() for _ in range(workers)]
    processes = [context().Process(target=train, args=(theirs, config), daemon=True) for _, theirs in pipes]
    try:
        for process, (_, theirs) in zip(processes, pipes, strict=True):
            process.start()
            theirs.close()
        for ours, _ in pipes:
            ours.recv()  # it is warm, and goes on
        began = time.perf_counter()
        time.sleep(seconds)
        ended = time.perf_counter()
        for ours, _ in pipes:
            ours.send("stop")
        steps = [np.interp((began, ended), *ours.recv()) for ours, _ in pipes]
    except EOFError:
        raise SystemExit(f"one of {workers} workers ended, as happens when memory runs out") from None
    finally:
        for process in processes:
            if process.pid is not None:
                process.kill()
                process.join()
    return float(sum(last - first for first, last in steps)) / (ended - began)


class Pace(pl.Callback):
    """Notes how many steps were done when, until it is told to stop."""

    def __init__(self, parent: Connection) -> None:
        self.parent = parent
        self.times, self.steps = list[float](), list[int]()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        assert isinstance(pl_module, Learner)
        self.times.append(time.perf_counter())  # one clock for all processes of a machine
        self.steps.append(pl_module.done)
        if len(self.times) == WARM_UP:
            self.parent.send("warm")
        if self.parent.poll():
            self.parent.send((self.times, self.steps))
            trainer.should_stop = True


def train(parent: Connection, config: Config) -> None:
    """A worker."""
    config = replace(config, recipe=replace(config.recipe, iterations=ENDLESS))
    device = ready(config)
    learner = new_learner(config, *place(load(config.data), config, device, DTYPES[config.recipe.precision]))
    with quiet():
        new_trainer(config, device, Pace(parent), Path()).fit(learner, EpochChunks(learner))


if __name__ == "__main__":
    main()
