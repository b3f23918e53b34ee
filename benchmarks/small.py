"""python -m benchmarks.small [--record]     training steps of the smallest scale, most of it starting layers

The quick scale's networks (8x8 images, width 8), on its own data: what a step costs apart from arithmetic and memory,
which `python -m benchmarks.throughput` needs to predict small networks. On a CPU one thread by its own clock, which
other processes disturb by a fifth at most: layers are started one after the other, however many threads there are.
"""

import argparse
import time
from collections.abc import Iterator, Sequence

import torch

from benchmarks.made_up import add_networks, device
from benchmarks.table import Benchmark, Row, parser
from findings.config.compose import Composer
from findings.config.identity import identify
from findings.config.schema import Config, Precision
from findings.data import load
from findings.data.stream import place
from findings.training.assembly import DTYPES, new_learner, ready
from findings.training.steps import stepper_for

NETWORKS = ("resnet8", "resnet20", "resnet56", "resnet110", "plain56")  # wide ones have more to reckon than to start
WARM_UP = 1  # epochs
SMALL = Benchmark(
    name="small",
    title="Training steps at scale quick",
    shown={
        "network": "{network}",
        "precision": "{precision}",
        "ms per step": "{milliseconds_per_step:.2f}",
        "images/s": "{images_per_second:,.0f}",
        "steps": "{steps}",
    },
    columns=("network", "precision", "batch_size", "threads", "steps", "milliseconds_per_step", "images_per_second"),
)


def main(arguments: Sequence[str] | None = None) -> None:
    options = parser("small", __doc__)
    add_networks(options)
    options.set_defaults(networks=NETWORKS)
    options.add_argument("--epochs", type=int, default=10, metavar="N", help="of 22 steps (default: 10)")
    given = options.parse_args(arguments)
    SMALL.run(_rows(given), device(), record=given.record)


def _rows(given: argparse.Namespace) -> Iterator[Row]:
    composer = Composer()
    for name in given.networks:
        for precision in given.precisions:
            chosen = ("scale=quick", f"model={name}", f"recipe.precision={precision}", "trainer.threads=1")
            config = composer.compose([*chosen, "trainer.compiled=false"]).config
            steps, seconds = _time(config, given.epochs)
            yield {
                "network": name,
                "precision": precision,
                "batch_size": config.recipe.batch_size,
                "threads": 1,
                "steps": steps,
                "milliseconds_per_step": 1000 * seconds / steps,
                "images_per_second": steps * config.recipe.batch_size / seconds,
            }


def _time(config: Config, epochs: int) -> tuple[int, float]:
    """(steps, seconds) of so many epochs, after those that warm up."""
    trained_on = ready(config)
    stream, splits = place(load(config.data), identify(config), trained_on, DTYPES[config.recipe.precision])
    learner = new_learner(config, stream, splits).to(trained_on)
    stepper = stepper_for(learner.network, stream, learner.configure_optimizers(), config, learner.learning_rate)
    on_cuda = trained_on.type == "cuda"

    def train(first: int, stop: int) -> float:
        if on_cuda:
            torch.cuda.synchronize()
        clock = time.perf_counter if on_cuda else time.process_time
        began = clock()
        for epoch in range(first, stop):
            stepper.run(epoch, 0, stream.steps_per_epoch, learner.training_error)
        if on_cuda:
            torch.cuda.synchronize()
        return clock() - began

    mixed = config.recipe.precision is Precision.bf16
    with torch.autocast(trained_on.type, torch.bfloat16, enabled=mixed):
        train(0, WARM_UP)
        return epochs * stream.steps_per_epoch, train(WARM_UP, WARM_UP + epochs)


if __name__ == "__main__":
    main()
