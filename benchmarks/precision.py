"""python -m benchmarks.precision [SWEEP] [override ...] [--record]     the same training in fp32 and in bf16: errors

Nothing is trained here: it reads the sweep's tables in results/, the records in runs/ (or --runs-dir) and what was kept
before. The runs of a sweep's own precision come with it, those of the other from `findings run SWEEP
recipe.precision=fp32`. Kept is a row for each run; the comparison is made of them anew each time.
"""

import csv
import math
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.table import Benchmark, Row, parser
from findings.judging.intervals import welch
from findings.planning.plan import Planner
from findings.planning.sweeps import find
from findings.records import provenance
from findings.records.record import Record

SWEEP = "cifar10-jpeg/depth-degradation"
PRECISIONS = ("fp32", "bf16")
SEEDS = 3  # of each precision, at least
MARGIN = 1.0  # percentage points, fixed before the runs
ERRORS = ("train_error", "test_error")
RUNS = Benchmark(
    name="precision",
    title="Runs that have ended, in either precision, with their final errors (%)",
    shown={
        "network": "{network}",
        "iterations": "{iterations:,}",
        "precision": "{precision}",
        "seed": "{seed}",
        "training error": "{train_error:.2f}",
        "test error": "{test_error:.2f}",
        "trained on": "{device}",
    },
    columns=("network", "iterations", "precision", "seed", "id", "device", "run_git", *ERRORS),
)
COMPARED = Benchmark(
    name="precision-compared",
    title="Final errors (%): mean and standard deviation over seeds (how many); difference with its 95 % interval",
    shown={
        "network": "{network}",
        "iterations": "{iterations:,}",
        "error": "{error}",
        "fp32": "{fp32_mean:.2f} ± {fp32_sd:.2f} ({fp32_seeds})",
        "bf16": "{bf16_mean:.2f} ± {bf16_sd:.2f} ({bf16_seeds})",
        "bf16 - fp32": "{difference:+.2f} ({low:+.2f} to {high:+.2f})",
        "equal within 1 pp": "{agree}",
    },
    columns=(),
)


def main(arguments: Sequence[str] | None = None) -> None:
    options = parser("precision", __doc__)
    options.add_argument("sweep", nargs="?", default=SWEEP, metavar="SWEEP", help=f"default: {SWEEP}")
    options.add_argument("overrides", nargs="*", metavar="override", help="Hydra's key=value")
    options.add_argument("--runs-dir", type=Path, default=Path("runs"), metavar="DIR", help="default: runs")
    given = options.parse_intermixed_args(arguments)
    kept = _kept()
    found = list(_ended(given.sweep, given.overrides, given.runs_dir, kept))
    if given.record:
        RUNS.run([row for row in found if row["id"] not in kept], provenance.processor(), record=True)
    else:
        RUNS.run(found, provenance.processor(), record=False)
    COMPARED.run(_compared(found), provenance.processor(), record=False)


def _kept() -> dict[str, Row]:
    if not RUNS.path.exists():
        return {}
    with RUNS.path.open(newline="") as file:
        return {row["id"]: _typed(row) for row in csv.DictReader(file)}


def _typed(row: dict[str, Any]) -> Row:
    whole = {key: int(row[key]) for key in ("iterations", "seed")}
    return {key: row[key] for key in RUNS.columns} | whole | {error: float(row[error] or math.nan) for error in ERRORS}


def _ended(sweep: str, overrides: Sequence[str], runs_dir: Path, kept: dict[str, Row]) -> Iterator[Row]:
    """A row for every run of the sweep that has ended, in either precision; of a diverged one, too."""
    (planned,) = find(sweep)
    tables = _tables(Path("results", planned.scale, planned.finding))
    planner = Planner()
    for precision in PRECISIONS:
        for run in planner.plan(planned, [*overrides, f"recipe.precision={precision}"]):
            id, record = run.id, Record(runs_dir / run.id)
            about = {
                "network": run.varies["model"],
                "iterations": run.config.recipe.iterations,
                "precision": precision,
                "seed": run.config.seed,
                "id": id,
            }
            if record.status == "finished" or record.get("diverged"):
                where = record["provenance"]
                ran = {"device": where["device"], "run_git": where["git"]["sha"]} | record.rows()[-1]
            else:
                ran = kept.get(id) or tables.get(id) or {}  # a run may have been made on two machines
            if ran:
                yield _typed(ran | about)


def _tables(folder: Path) -> dict[str, Row]:
    """What a sweep's tables hold of each run that has ended: its row, and its last epoch's."""
    if not (folder / "runs.csv").exists():
        return {}
    with (folder / "runs.csv").open(newline="") as file:
        ended = [row for row in csv.DictReader(file) if row["status"] == "finished" or row["diverged"] == "true"]
    with (folder / "curves.csv").open(newline="") as file:
        last = {row["id"]: row for row in csv.DictReader(file)}  # in the order of epochs
    return {row["id"]: last[row["id"]] | {"device": row["device"], "run_git": row["git"]} for row in ended}


def _compared(runs: Sequence[Row]) -> Iterator[Row]:
    """Of each network of which both precisions have three seeds at least."""
    for network in dict.fromkeys(run["network"] for run in runs):
        own = [run for run in runs if run["network"] == network]
        for error in ERRORS:
            samples = {kind: [run[error] for run in own if run["precision"] == kind] for kind in PRECISIONS}
            if min(map(len, samples.values())) >= SEEDS:
                yield {"network": network, "iterations": own[0]["iterations"], "error": error} | _row(samples)


def _row(samples: dict[str, list[float]]) -> Row:
    contrast = {"bf16": 1.0, "fp32": -1.0}
    estimate = welch(contrast, samples)
    interval, tested = estimate.interval(0.95), estimate.interval(0.90)  # two one-sided tests at 5 %
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


if __name__ == "__main__":
    main()
