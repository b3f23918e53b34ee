"""python -m benchmarks.plan [--record]     how long planning 10, 100, 1,000 and 10,000 runs takes

In this process (a new Planner, with all imports paid), and as a whole command; of at most 50 distinct networks.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence

from benchmarks.table import Benchmark, Row, parser, up_to
from findings.records import provenance

SWEEP = "quick/depth-degradation"
DEPTHS, WIDTHS = (8, 14, 20, 26, 32), range(4, 14)  # 50 residual networks
PLAN = Benchmark(
    name="plan",
    title="Planning",
    shown={
        "runs": "{runs:,}",
        "networks": "{networks}",
        "planner s": "{planner_seconds:.2f}",
        "planner ms/run": "{planner_milliseconds_per_run:.3f}",
        "command s": "{command_seconds:.2f}",
        "command ms/run": "{command_milliseconds_per_run:.3f}",
    },
    columns=(
        *("runs", "networks", "planner_seconds", "planner_milliseconds_per_run"),
        *("command_seconds", "command_milliseconds_per_run"),
    ),
)


def main(arguments: Sequence[str] | None = None) -> None:
    options = parser("plan", __doc__)
    options.add_argument("--most", type=int, default=10_000, metavar="N", help="runs (default: 10,000)")
    given = options.parse_args(arguments)
    PLAN.run(_rows(given.most), provenance.processor(), record=given.record)


def _rows(most: int) -> Iterator[Row]:
    _plan_here(_overrides(1))  # for what is imported, and compiled, on first use
    for runs in up_to(most, factor=10, start=10):
        overrides = _overrides(runs)
        planned, here = _plan_here(overrides)
        whole = _plan_by_command(overrides)
        yield {
            "runs": planned,
            "networks": min(planned, len(DEPTHS) * len(WIDTHS)),
            "planner_seconds": here,
            "planner_milliseconds_per_run": 1000 * here / planned,
            "command_seconds": whole,
            "command_milliseconds_per_run": 1000 * whole / planned,
        }


def _overrides(runs: int) -> list[str]:
    """That make the sweep one of ``runs`` runs, or of the nearest number above that the networks divide."""
    depths = DEPTHS[: max(1, min(len(DEPTHS), runs))]
    widths = WIDTHS[: max(1, min(len(WIDTHS), runs // len(depths)))]
    seeds = -(-runs // (len(depths) * len(widths)))
    return [
        "model=resnet20",
        f"model.depth={','.join(map(str, depths))}",
        f"model.width={','.join(map(str, widths))}",
        f"seed=range({seeds})",
    ]


def _plan_here(overrides: list[str]) -> tuple[int, float]:
    """(runs, seconds)."""
    from findings.planning.plan import Planner
    from findings.planning.sweeps import find

    (sweep,) = find(SWEEP)
    started = time.perf_counter()
    planned = Planner().plan(sweep, overrides)
    return len(planned), time.perf_counter() - started


def _plan_by_command(overrides: list[str]) -> float:
    """Seconds."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        command = [sys.executable, "-m", "findings.cli", "plan", SWEEP, *overrides]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        return time.perf_counter() - started


if __name__ == "__main__":
    main()
