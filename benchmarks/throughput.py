"""python -m benchmarks.throughput [--write]     the prices of a training step, fitted to what was recorded

Reads results/benchmarks/step.csv, small.csv and packing.csv, and results/<scale>/<finding>/cost.csv: steps that are not
compiled, of which a network's last row is taken, or the median of its rounds. The CPU is the one that step.csv has the
newest rows of, if they are enough for a fit, with all its cores; GPUs are told by their names. --write puts the table
where `findings plan --device` reads it.
"""

import argparse
import csv
import json
import math
import re
import statistics
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from scipy.optimize import nnls

from findings.config.compose import Composer
from findings.config.identity import Run, identify
from findings.config.schema import Config
from findings.cost import throughput
from findings.cost.throughput import Prices
from findings.nets.complexity import Complexity
from findings.planning.plan import count

RESULTS = Path("results")
TABLE = Path("src", "findings", "cost", "throughput", throughput.MEASURED)
BENCHMARKS = {"step": "cifar10", "small": "quick"}  # and the scale of their networks
EACH_MACHINES_OWN = "quick"  # a scale whose results are not committed
EXECUTIONS = ("fast", "captured")  # how steps are made where nobody asks for another way; compiled ones say so
GPUS = ("NVIDIA", "Tesla", "AMD Instinct")  # how their drivers begin a GPU's name, known to us or not
LEAST = 5  # networks: three prices are fitted, and left_out leaves one out
WORTH = 1.05  # times as fast, or runs are not put side by side
HEADER = """\
# Prices of a training step, in seconds, fitted by `python -m benchmarks.throughput --write` to the records named here.
# measured and fitted are images/s. within: the part of a measured step by which the fit misses it, at most; left_out:
# the same of fits that have not seen the network.
"""


@dataclass(frozen=True)
class Row:
    """One network's pace on one device."""

    record: str  # the file
    device: str
    threads: int | None  # None: of no account
    network: str
    precision: str
    batch_size: int
    pace: float  # images/s
    complexity: Complexity

    @property
    def seconds(self) -> float:
        """Of a step."""
        return self.batch_size / self.pace


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.throughput",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--write", action="store_true", help=f"write {TABLE}")
    given = parser.parse_args(arguments)
    text = table(RESULTS)
    if given.write:
        TABLE.write_text(text)
    print(text, end="")


def table(results: Path) -> str:
    """measured.yaml, from the records in ``results``."""
    rows, gpus = measured(results), throughput.names_of_gpus()
    devices: dict[str, Any] = {}
    for name, part in gpus.items():
        of_gpu = [row for row in rows if re.search(rf"\b{part}\b", row.device)]  # a GH200 is no H200
        if precisions := _fits(of_gpu, results):
            devices[name] = {"machine": of_gpu[-1].device, "precisions": precisions}
    steps = _read(results / "benchmarks" / "step.csv")
    on_cpus = [row for row in steps if not row["machine"].startswith(GPUS)]
    for newest in sorted(on_cpus, key=lambda row: row["date"], reverse=True):
        machine, cores = newest["machine"], int(newest["cores"])
        of_cpu = [row for row in rows if row.device == machine and row.threads in (cores, None)]
        if precisions := _fits(of_cpu, results):
            devices["cpu"] = {"machine": machine, "cores": cores, "precisions": precisions}
            break
    return HEADER + yaml.dump(devices, Dumper=_Dumper, sort_keys=False, width=200)


def measured(results: Path) -> list[Row]:
    """A row for each network, precision, device and number of threads in each record."""
    last: dict[tuple[str, ...], Row] = {}
    for name, scale in BENCHMARKS.items():
        path = results / "benchmarks" / f"{name}.csv"
        for row in _read(path):
            if row.get("compiled", "no") == "no":
                key = (name, row["machine"], row["threads"], row["network"], row["precision"])
                pace = float(row["ours" if name == "step" else "images_per_second"])
                made = _row(_name(path, results), row["machine"], scale, row["network"], pace, row)
                last[key] = replace(made, threads=None) if name == "small" else made  # one of them starts the layers
    rows = list(last.values())
    for path in sorted(results.glob("*/*/cost.csv")):
        scale = path.parts[-3]
        rounds: dict[tuple[str, ...], list[dict[str, str]]] = {}
        planned = _networks(path.with_name("plan.json"))
        for row in _read(path) if scale != EACH_MACHINES_OWN else ():
            # a network measured under overrides may be another than the scale has of that name
            run = _known(scale, row["model"], row["precision"])[1]
            own = row["arm"] == run.arm or _same_network(planned.get(row["arm"]), run)
            if row["execution"] in EXECUTIONS and own:
                rounds.setdefault((row["device"], row["threads"], row["arm"]), []).append(row)
        for same in rounds.values():
            pace = statistics.median(float(row["images_per_second"]) for row in same)
            rows.append(_row(_name(path, results), same[0]["device"], scale, same[0]["model"], pace, same[0]))
    return rows


def _networks(plan: Path) -> dict[str, dict[str, Any]]:
    """The network of each planned arm, in any recipe and of any version: {arm: {"model.depth": 20, ...}}."""
    arms = json.loads(plan.read_text())["arms"] if plan.exists() else []
    return {arm["arm"]: {k: v for k, v in arm["config"].items() if k.startswith("model.")} for arm in arms}


def _same_network(planned: dict[str, Any] | None, run: Run) -> bool:
    """Plans made before a network got a hyperparameter lack it."""
    return planned is not None and all(run.scientific.get(key) == value for key, value in planned.items())


def _row(record: str, device: str, scale: str, model: str, pace: float, row: dict[str, str]) -> Row:
    config, identity = _known(scale, model, row["precision"])
    threads, size = int(row["threads"]), int(row["batch_size"])
    return Row(record, device, threads, identity.name, row["precision"], size, pace, count(config))


@cache
def _composer() -> Composer:
    return Composer()


@cache
def _known(scale: str, model: str, precision: str) -> tuple[Config, Run]:
    config = _composer().compose([f"scale={scale}", f"model={model}", f"recipe.precision={precision}"]).config
    return config, identify(config)


def _fits(rows: Sequence[Row], results: Path) -> dict[str, Any]:
    """{precision: its fit}, of those in which enough networks were measured."""
    fits = {}
    for precision in sorted({row.precision for row in rows}):
        of_precision = [row for row in rows if row.precision == precision]
        if len({row.network for row in of_precision}) >= LEAST:
            fits[precision] = _fit(of_precision) | _packing(results, rows[0].device, precision)
    return fits


def _fit(rows: Sequence[Row]) -> dict[str, Any]:
    prices = fit(rows)
    unseen = {name: fit([row for row in rows if row.network != name]) for name in {row.network for row in rows}}
    return {
        **{
            f"seconds_{name}": price
            for name, price in zip(("per_layer", "per_value", "per_multiply_add"), astuple(prices), strict=True)
        },
        "within": _upwards(max(_miss(prices, row) for row in rows)),
        "left_out": _upwards(max(_miss(unseen[row.network], row) for row in rows)),
        "rows": [
            _Line(
                record=row.record,
                network=row.network,
                measured=round(row.pace),
                fitted=round(row.batch_size / prices.step(row.complexity, row.batch_size)),
            )
            for row in rows
        ],
    }


def fit(rows: Sequence[Row]) -> Prices:
    """Prices, none below 0, whose relative errors have the least sum of squares: small networks weigh like large."""
    units = Prices(1, 0, 0), Prices(0, 1, 0), Prices(0, 0, 1)
    parts = np.array([[unit.step(row.complexity, row.batch_size) / row.seconds for unit in units] for row in rows])
    scale = parts.max(axis=0)  # they differ by ten orders of magnitude
    found, _ = nnls(parts / scale, np.ones(len(rows)))
    return Prices(*(float(f"{price:.4g}") for price in found / scale))


def _miss(prices: Prices, row: Row) -> float:
    return abs(prices.step(row.complexity, row.batch_size) / row.seconds - 1)


def _upwards(part: float) -> float:
    return math.ceil(100 * part) / 100


def _packing(results: Path, machine: str, precision: str) -> dict[str, Any]:
    """What several runs side by side gained last; where several networks were tried, of the one that gains least."""
    path = results / "benchmarks" / "packing.csv"
    rows = [row for row in _read(path) if (row["machine"], row["precision"]) == (machine, precision)]
    last = {row["network"]: row["date"] for row in rows}
    best: dict[str, tuple[float, int]] = {}
    for row in rows:
        if row["date"] == last[row["network"]] and int(row["workers"]) > 1:
            found = float(row["speed_up"]), int(row["workers"])
            best[row["network"]] = max(found, best.get(row["network"], found))
    if not best or min(best.values())[0] < WORTH:
        return {}
    (speed_up, runs), network = min((found, network) for network, found in best.items())
    return {"packing": _Line(runs=runs, speed_up=round(speed_up, 2), network=network, record=_name(path, results))}


def _read(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _name(path: Path, results: Path) -> str:
    return f"results/{path.relative_to(results).as_posix()}"


class _Line(dict):
    """A mapping that is written on one line."""


class _Dumper(yaml.SafeDumper):
    pass


_Dumper.add_representer(
    _Line, lambda dumper, line: dumper.represent_mapping("tag:yaml.org,2002:map", line, flow_style=True)
)


if __name__ == "__main__":
    main()
