"""python -m benchmarks.report [--record]     how long a report of 10, 100 and 1,000 runs takes, and its memory

On made-up records of 200 epochs. Each report is made twice, in fresh processes: the first merges the records into
tables that are not there yet, the second finds them. What is imported is in the time.
"""

import csv
import io
import json
import math
import multiprocessing
import random
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.table import Benchmark, Row, parser, up_to
from findings.records import provenance

NETWORKS = {"plain20": 20, "plain56": 56, "resnet20": 20, "resnet56": 56, "resnet110": 110}  # and depths
EPOCHS, STEPS = 200, 390  # rows of each record, iterations between two
SCALE, FINDING = "made-up", "depth-degradation"
REPORT = Benchmark(
    name="report",
    title="Reporting",
    shown={
        "runs": "{runs:,}",
        "rows": "{rows:,}",
        "first s": "{first_seconds:.2f}",
        "peak MiB": "{first_peak_mib:,.0f}",
        "again s": "{again_seconds:.2f}",
        "peak MiB ": "{again_peak_mib:,.0f}",
    },
    columns=("runs", "rows", "first_seconds", "first_peak_mib", "again_seconds", "again_peak_mib"),
)


def main(arguments: Sequence[str] | None = None) -> None:
    options = parser("report", __doc__)
    options.add_argument("--most", type=int, default=1_000, metavar="N", help="runs (default: 1,000; 10,000 is slow)")
    given = options.parse_args(arguments)
    REPORT.run(_rows(given.most), provenance.processor(), record=given.record)


def _rows(most: int) -> Iterator[Row]:
    for runs in up_to(most, factor=10, start=10):
        seeds = max(1, runs // len(NETWORKS))
        with tempfile.TemporaryDirectory() as folder:
            write_records(Path(folder), seeds)
            first, again = _in_a_fresh_process(folder), _in_a_fresh_process(folder)
        yield {
            "runs": seeds * len(NETWORKS),
            "rows": seeds * len(NETWORKS) * EPOCHS,
            "first_seconds": first[0],
            "first_peak_mib": first[1],
            "again_seconds": again[0],
            "again_peak_mib": again[1],
        }


def _in_a_fresh_process(folder: str) -> tuple[float, float]:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(build, (folder,))


def build(folder: str) -> tuple[float, float]:
    """(seconds, the process's peak resident memory in MiB)."""
    from findings.report import build as report

    started = time.perf_counter()
    report.build(SCALE, Path(folder, "results"), Path(folder, "runs"))
    return time.perf_counter() - started, _peak_mib()


def _peak_mib() -> float:
    status = Path("/proc/self/status")
    if status.exists():  # rusage would hold the peak of the process that this one was started from
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line[:6] == "VmHWM:") / 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def write_records(folder: Path, seeds: int) -> None:
    """A plan, and the records of that many seeds of every network, as training leaves them."""
    arms = [_arm(model, depth, seeds) for model, depth in NETWORKS.items()]
    plan = {"finding": FINDING, "scale": SCALE, "command": "none", "label": "Made up.", "arms": arms}
    path = folder / "results" / SCALE / FINDING / "plan.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(plan))
    for model in NETWORKS:
        for seed in range(seeds):
            run = folder / "runs" / f"{_id(model)}-s{seed}"
            run.mkdir(parents=True)
            (run / "record.json").write_text(json.dumps(_record(model, seed)))
            (run / "metrics.csv").write_text(_metrics(model, seed))


def _id(model: str) -> str:
    return f"{model}-made-up-he2015_cifar-{0:012}"


def _arm(model: str, depth: int, seeds: int) -> dict[str, Any]:
    return {
        "arm": _id(model),
        "name": model,
        "axes": {"model": model},
        "seeds": list(range(seeds)),
        "config": {"model.depth": depth, "data.name": "made-up", "recipe.iterations": EPOCHS * STEPS},
        "parameters": 15_000 * depth,
        "multiply_adds": 2_200_000 * depth,
        "data_label": "Made-up images",
    }


def _record(model: str, seed: int) -> dict[str, Any]:
    return {
        "id": f"{_id(model)}-s{seed}",
        "arm": _id(model),
        "name": model,
        "scale": SCALE,
        "seed": seed,
        "status": "finished",
        "iterations": EPOCHS * STEPS,
        "wall_seconds": 1234.5,
        "provenance": {
            "git": {"sha": "0" * 40, "dirty": False},
            "packages": {"torch": "2.10.0"},
            "data": {"name": "made-up", "fingerprint": "made up"},
            "device": "A processor",
            "threads": 1,
            "precision": "fp32",
        },
    }


def _metrics(model: str, seed: int) -> str:
    """Errors that fall with the epochs, each in its own way."""
    from findings.judging.recorded import METRIC_COLUMNS

    noise, text = random.Random(f"{model} {seed}"), io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(METRIC_COLUMNS)
    for epoch in range(1, EPOCHS + 1):
        errors = [60 * math.exp(-epoch / 50) + noise.uniform(5, 8) for _ in range(4)]
        pairs = [number for error in errors for number in (error / 30, error)]  # a loss and an error for each split
        writer.writerow([epoch, epoch * STEPS, *pairs, 10_000, 0.1, 9.87654321, 5054.321, 512.25, 49_920])
    return text.getvalue()


if __name__ == "__main__":
    main()
