"""python -m benchmarks.packing [--record]     images/s of 1, 2, 4, ... workers that train side by side

Every worker trains one network, on its part of the cores (one thread at least) or all on one GPU. They start together;
when all are warm the clock starts, and what each has done is measured over the same window.
"""

from collections.abc import Iterator, Sequence

from benchmarks.made_up import config, device, precisions
from benchmarks.table import Benchmark, Row, parser, up_to
from findings.cost.autotune import PATIENCE, pace
from findings.cost.measure.measurement import Failure
from findings.engines.local.pool import gpus
from findings.engines.processes import prepare
from findings.system.processes import cores

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
    PACKING.run(_rows(given.network, given.precision, given.most, given.seconds), device(), record=given.record)


def _rows(network: str, precision: str, most: int, seconds: float) -> Iterator[Row]:
    prepare("findings.cost.measure.packing", "benchmarks.made_up")
    alone = None
    for workers in up_to(most, factor=2, start=1):
        threads = max(1, cores() // workers)
        chosen = config(network, precision, threads)
        together = pace(chosen, workers, seconds, gpus(), PATIENCE)
        if isinstance(together, Failure):
            raise SystemExit(together.problem)
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


if __name__ == "__main__":
    main()
