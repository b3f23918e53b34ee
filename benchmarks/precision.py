"""python -m benchmarks.precision [SWEEP] [--record]     the final errors of the same training in fp32 and in bf16

Nothing is trained here: it reads the sweep's tables in results/, and the records in runs/ (or --runs-dir). The runs of
a sweep's own precision come with it, those of the other from `findings run SWEEP recipe.precision=fp32`.
"""

import csv
import math
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.table import Benchmark, Row, parser
from findings import provenance
from findings.intervals import welch
from findings.plan import Planner
from findings.records import Record
from findings.sweeps import find

SWEEP = "cifar10-jpeg/depth-degradation"
PRECISIONS = ("fp32", "bf16")
SEEDS = 3  # of each precision, at least
MARGIN = 1.0  # percentage points, fixed before the runs
ERRORS = ("train_error", "test_error")
PRECISION = Benchmark(
    name="precision",
    title="Final errors (%) in fp32 and in bf16: mean and standard deviation over seeds; difference with 95 % interval",
    shown={
        "network": "{network}",
        "iterations": "{iterations:,}",
        "error": "{error}",
        "fp32": "{fp32_mean:.2f} ± {fp32_sd:.2f} ({fp32_seeds})",
        "bf16": "{bf16_mean:.2f} ± {bf16_sd:.2f} ({bf16_seeds})",
        "bf16 - fp32": "{difference:+.2f} ({low:+.2f} to {high:+.2f})",
        "equal within 1 pp": "{agree}",
    },
    columns=(
        *("network", "iterations", "error", "fp32_seeds", "fp32_mean", "fp32_sd", "bf16_seeds", "bf16_mean", "bf16_sd"),
        *("difference", "low", "high", "margin", "agree"),
    ),
)


def main(arguments: Sequence[str] | None = None) -> None:
    options = parser("precision", __doc__)
    options.add_argument("sweep", nargs="?", default=SWEEP, metavar="SWEEP", help=f"default: {SWEEP}")
    options.add_argument("--runs-dir", type=Path, default=Path("runs"), metavar="DIR", help="default: runs")
    given = options.parse_args(arguments)
    PRECISION.run(_rows(given.sweep, given.runs_dir), provenance.processor(), record=given.record)


def _rows(sweep: str, runs_dir: Path) -> Iterator[Row]:
    """Of each network of which both precisions have three seeds at least."""
    (planned,) = find(sweep)
    folder = Path("results", planned.scale, planned.finding)
    planner = Planner()
    arms = {
        precision: {run.varies["model"]: run for run in planner.plan(planned, [f"recipe.precision={precision}"])}
        for precision in PRECISIONS
    }
    for network, run in arms["fp32"].items():
        for error in ERRORS:
            samples = {
                precision: _finals(folder, runs_dir, arms[precision][network].identity.arm, error)
                for precision in PRECISIONS
            }
            if min(map(len, samples.values())) >= SEEDS:
                yield {"network": network, "iterations": run.config.recipe.iterations, "error": error} | _row(samples)


def _row(samples: dict[str, list[float]]) -> Row:
    contrast = {"bf16": 1.0, "fp32": -1.0}
    interval, tested = welch(contrast, samples, 0.95), welch(contrast, samples, 0.90)  # two one-sided tests at 5 %
    inside, outside = max(-tested.low, tested.high) < MARGIN, interval.low > MARGIN or interval.high < -MARGIN
    row: Row = {
        "difference": statistics.mean(samples["bf16"]) - statistics.mean(samples["fp32"]),
        "low": interval.low,
        "high": interval.high,
        "margin": MARGIN,
        "agree": "yes" if inside else "no" if outside else "cannot be told",
    }
    for precision, values in samples.items():
        row |= {
            f"{precision}_seeds": len(values),
            f"{precision}_mean": statistics.mean(values),
            f"{precision}_sd": statistics.stdev(values),
        }
    return row


def _finals(folder: Path, runs_dir: Path, arm: str, error: str) -> list[float]:
    """The last epoch's error of every run of an arm that has ended: of a diverged one, too."""
    with (folder / "runs.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["arm"] == arm]
    ids = [row["id"] for row in rows if row["status"] == "finished" or row["diverged"] == "true"]
    with (folder / "curves.csv").open(newline="") as file:
        last = {row["id"]: float(row[error] or math.nan) for row in csv.DictReader(file)}  # in order: the last stays
    found = {id: last[id] for id in ids}
    for record in (Record(path.parent) for path in sorted(runs_dir.glob(f"{arm}-s*/metrics.csv"))):
        if record.status == "finished" or record.get("diverged"):
            found[record.directory.name] = float(record.rows()[-1][error] or math.nan)
    return list(found.values())


if __name__ == "__main__":
    main()
