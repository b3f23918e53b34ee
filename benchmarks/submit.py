"""python -m benchmarks.submit [--record]     how long `findings submit` takes, besides sbatch itself

Whole processes on the tests' own SLURM, median of several; no job begins. For 12 runs it has 5 s more than sbatch.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.table import Benchmark, Row, parser
from findings.records import provenance

if TYPE_CHECKING:
    from cluster import Cluster

SWEEPS = {
    "12 runs": (["quick/depth-degradation"], 5.0),
    "1,000 runs of 4 networks": (["quick/depth-degradation", "seed=range(250)"], None),
}
REPEATS = 3
TIMED = """#!/bin/sh
started=$(date +%s.%N)
{sbatch} "$@"
status=$?
echo "$started $(date +%s.%N)" > {times}
exit $status
"""
SUBMIT = Benchmark(
    name="submit",
    title="Submitting",
    shown={
        "sweep": "{sweep}",
        "median s": "{median_seconds:.2f}",
        "of it sbatch": "{sbatch_seconds:.2f}",
        "besides": "{own_seconds:.2f}",
        "target s": "{target_seconds}",
    },
    columns=("sweep", "repeats", "median_seconds", "sbatch_seconds", "own_seconds", "target_seconds"),
)


def main(arguments: Sequence[str] | None = None) -> None:
    given = parser("submit", __doc__).parse_args(arguments)
    SUBMIT.run(_rows(), provenance.processor(), record=given.record)


def _rows() -> Iterator[Row]:
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "slurm"))
    from cluster import started

    with tempfile.TemporaryDirectory(prefix="slurm-") as directory, started(Path(directory)) as cluster:
        cluster.run("scontrol", "update", "partitionname=low", "state=down")  # what is submitted waits
        for name, (arguments, target) in SWEEPS.items():
            times = [_time(cluster, arguments) for _ in range(REPEATS)]
            yield {
                "sweep": name,
                "repeats": REPEATS,
                "median_seconds": statistics.median(whole for whole, _ in times),
                "sbatch_seconds": statistics.median(sbatch for _, sbatch in times),
                "own_seconds": statistics.median(whole - sbatch for whole, sbatch in times),
                "target_seconds": f"{target:g}" if target else "",
            }


def _time(cluster: "Cluster", arguments: list[str]) -> tuple[float, float]:
    """Seconds of the command, and of the sbatch within."""
    with tempfile.TemporaryDirectory() as folder:
        shim, times = Path(folder, "bin", "sbatch"), Path(folder, "times")
        shim.parent.mkdir()
        shim.write_text(TIMED.format(sbatch=shutil.which("sbatch", path=cluster.environment["PATH"]), times=times))
        shim.chmod(0o755)
        environment = cluster.environment | {"PATH": f"{shim.parent}{os.pathsep}{cluster.environment['PATH']}"}
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "findings.cli", "submit", *arguments, "--cluster", "test"],
            cwd=folder, env=environment, check=True, capture_output=True,
        )  # fmt: skip
        whole = time.perf_counter() - started
        begun, ended = map(float, times.read_text().split())
        cluster.clear()
        return whole, ended - begun


if __name__ == "__main__":
    main()
