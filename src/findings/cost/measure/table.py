"""The measurements as rows: results/<scale>/<finding>/cost.csv."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from findings.cost.measure.measurement import Measurement
from findings.cost.measure.rounds import Measured, Network
from findings.records import provenance
from findings.system.files import write_atomically
from findings.system.processes import cores

COLUMNS = (
    "model",
    "arm",
    "round",
    "device",
    "accelerator",
    "precision",
    "threads",
    "execution",
    "batch_size",
    "steps",
    "milliseconds_per_step",
    "images_per_second",
    "peak_memory_mib",
    "others",
    "torch",
    "git",
    "dirty",
)


def row(measured: Measured) -> dict[str, Any]:
    network, result = measured.network, measured.result
    assert isinstance(result, Measurement)
    code = provenance.code()
    return {
        "model": network.model,
        "arm": network.arm,
        "round": measured.round,
        "device": result.device,
        "accelerator": result.accelerator,
        "precision": network.config.recipe.precision.name,
        "threads": result.threads,
        "execution": result.execution,
        "batch_size": network.config.recipe.batch_size,
        "steps": result.steps,
        "milliseconds_per_step": f"{result.milliseconds_per_step:.6g}",
        "images_per_second": f"{result.images_per_second:.6g}",
        "peak_memory_mib": f"{result.peak_memory_mib:.6g}",
        "others": f"{share_of_others([result], cores()):.6g}",
        "torch": provenance.packages()["torch"],
        "git": code["sha"],
        "dirty": "" if code["dirty"] is None else str(code["dirty"]).lower(),
    }


def write(done: Sequence[Measured]) -> list[Path]:
    """Write each finding's networks to its cost.csv, in the order in which they were measured."""
    paths = tables([measured.network for measured in done])
    for path, finding in paths.items():
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(row(measured) for measured in done if finding in measured.network.findings)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, text.getvalue())
    return list(paths)


def tables(networks: Sequence[Network]) -> dict[Path, str]:
    """{cost.csv: its finding}."""
    return {
        Path(network.config.results_dir) / network.config.scale / finding / "cost.csv": finding
        for network in networks
        for finding in network.findings
    }


def spread(values: Sequence[float]) -> str:
    """Their median, and the range they lie in."""
    middle = _figure(median(values))
    return f"{middle} ({_figure(min(values))}-{_figure(max(values))})" if len(values) > 1 else middle


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def share_of_others(done: Sequence[Measurement], cores: int) -> float:
    """The part of our cores' time, 0 to 1, that other processes had."""
    wall = sum(result.wall_seconds for result in done)
    return sum(result.others_seconds for result in done) / (wall * cores) if wall else 0.0
