"""python -m benchmarks.memory [--record]     the peak memory of training, above that of the data

Each network in a process of its own, as `findings measure` does it: on CUDA the tensors on the device, on a CPU the
process's resident memory less its files' pages.
"""

from collections.abc import Iterator, Sequence

from benchmarks.made_up import add_networks, config, device
from benchmarks.table import Benchmark, Row, parser
from findings.config.identity import identify
from findings.cost.measure.measurement import Failure
from findings.cost.measure.rounds import Network, measured
from findings.engines.processes import prepare

SECONDS = 1.0  # of steps, after those that warm up
MEMORY = Benchmark(
    name="memory",
    title="Peak memory of training",
    shown={
        "network": "{network}",
        "precision": "{precision}",
        "batch": "{batch_size}",
        "MiB": "{peak_memory_mib:,.0f}",
        "steps": "{steps}",
    },
    columns=("network", "precision", "batch_size", "threads", "steps", "peak_memory_mib"),
)


def main(arguments: Sequence[str] | None = None) -> None:
    options = parser("memory", __doc__)
    add_networks(options)
    given = options.parse_args(arguments)
    MEMORY.run(_rows(given.networks, given.precisions), device(), record=given.record)


def _rows(networks: Sequence[str], precisions: Sequence[str]) -> Iterator[Row]:
    prepare("findings.cost.measure.steps")
    for name in networks:
        for precision in precisions:
            chosen = config(name, precision)
            network = Network(name, name, identify(chosen).arm, chosen, ())
            (done,) = measured([network], 1, SECONDS)
            if isinstance(done.result, Failure):
                raise SystemExit(f"{name}: {done.result.problem}")
            yield {
                "network": name,
                "precision": precision,
                "batch_size": chosen.recipe.batch_size,
                "threads": done.result.threads,
                "steps": done.result.steps,
                "peak_memory_mib": done.result.peak_memory_mib,
            }


if __name__ == "__main__":
    main()
