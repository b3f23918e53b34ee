"""python -m benchmarks.startup [--record]     how long the command takes to answer, and to plan 1,000 runs

Whole processes, median of several. The targets: --help in 0.5 s, a plan of 1,000 runs in 5 s.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence

from benchmarks.table import Benchmark, Row, parser
from findings.records import provenance

COMMANDS = {
    "findings --help": (["--help"], 5, 0.5),
    "findings list": (["list"], 3, None),
    "findings plan, 12 runs": (["plan", "quick/depth-degradation"], 3, None),
    "findings plan, 1,000 runs of 4 networks": (["plan", "quick/depth-degradation", "seed=range(250)"], 3, 5.0),
    "findings plan, 1,000 runs, 250 learning rates": (
        ["plan", "quick/depth-degradation", "seed=0", "recipe.lr=" + ",".join(f"0.{n}" for n in range(1000, 1250))],
        3,
        5.0,
    ),
}
STARTUP = Benchmark(
    name="startup",
    title="Start-up and planning",
    shown={
        "command": "{command}",
        "median s": "{median_seconds:.2f}",
        "min": "{min_seconds:.2f}",
        "max": "{max_seconds:.2f}",
        "target s": "{target_seconds}",
    },
    columns=("command", "repeats", "median_seconds", "min_seconds", "max_seconds", "target_seconds"),
)


def main(arguments: Sequence[str] | None = None) -> None:
    given = parser("startup", __doc__).parse_args(arguments)
    STARTUP.run(_rows(), provenance.processor(), record=given.record)


def _rows() -> Iterator[Row]:
    for name, (arguments, repeats, target) in COMMANDS.items():
        times = [_time(arguments) for _ in range(repeats)]
        yield {
            "command": name,
            "repeats": repeats,
            "median_seconds": statistics.median(times),
            "min_seconds": min(times),
            "max_seconds": max(times),
            "target_seconds": f"{target:g}" if target else "",
        }


def _time(arguments: list[str]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        subprocess.run([sys.executable, "-m", "findings.cli", *arguments], cwd=folder, check=True, capture_output=True)
        return time.perf_counter() - started


if __name__ == "__main__":
    main()
