"""python benchmarks/startup.py     how long the command takes to answer, and to plan 1,000 runs

Whole processes, median of several; prints one table. The targets: --help in 0.5 s, a plan of 1,000 runs in 5 s.
"""

import statistics
import subprocess
import sys
import tempfile
import time

from rich.console import Console
from rich.table import Table

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


def main() -> None:
    table = Table("command", "median s", "min", "max", "target s", title="Start-up and planning")
    for name, (arguments, repeats, target) in COMMANDS.items():
        times = [_time(arguments) for _ in range(repeats)]
        row = (statistics.median(times), min(times), max(times))
        table.add_row(name, *(f"{seconds:.2f}" for seconds in row), f"{target:g}" if target else "")
    Console().print(table)


def _time(arguments: list[str]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        subprocess.run([sys.executable, "-m", "findings.cli", *arguments], cwd=folder, check=True, capture_output=True)
        return time.perf_counter() - started


if __name__ == "__main__":
    main()
