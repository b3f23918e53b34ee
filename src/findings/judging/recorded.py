"""A run's record as the cells of the tables that results/ keeps."""

import csv
import itertools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from findings.errors import InputError
from findings.judging.evidence import read_json, short
from findings.records.probes import PROBE_COLUMNS, in_long_form

RUN_COLUMNS = (
    *("id", "arm", "model", "seed", "status", "reason", "diverged", "iteration", "iterations", "data", "fingerprint"),
    *("device", "precision", "threads", "torch", "git", "dirty", "wall_seconds"),
)
COUNTS = ("epoch", "iteration", "train_images", "test_images")  # whole numbers
METRIC_COLUMNS = (
    *("epoch", "iteration", "train_loss", "train_error", "remeasured_train_loss", "remeasured_train_error"),
    *("validation_loss", "validation_error", "test_loss", "test_error", "test_images"),
    *("lr", "seconds", "images_per_second", "peak_memory_mib", "train_images"),
)
RUN_PROBE_COLUMNS = ("id", "seed", "model", *PROBE_COLUMNS)
STARTED = ("running", "finished", "failed", "interrupted")

Cells = dict[str, str]


class Entry(NamedTuple):
    """What the tables hold of one run: its row of runs.csv, its rows of curves.csv and of probes.csv."""

    run: Cells
    curves: list[Cells]
    probes: list[Cells]


def read_record(path: Path, model: str) -> Entry | None:
    """A run's cells, or None for one that has nothing to show yet."""
    record = read_json(path)
    if not isinstance(record, dict):
        raise InputError(short(path), "is damaged: `findings run` sets it aside")
    metrics = path.with_name("metrics.csv")
    # The last row may be half written: the run may be going on, or the power may have gone.
    rows = (
        [row for row in read_csv(metrics) if None not in row and None not in row.values()] if metrics.exists() else []
    )
    # A failed run comes in without rows too: one that diverged at once must be seen, not dropped.
    if record.get("status") not in STARTED or (not rows and record["status"] != "failed"):
        return None
    if record["status"] == "finished" and (not rows or rows[-1].get("iteration") != str(record.get("iterations"))):
        raise InputError(short(metrics), "is cut short: `findings run` trains its run again")
    try:
        provenance = record["provenance"]
        data, git = provenance["data"], provenance.get("git") or {}
        values: dict[str, Any] = {
            "id": record["id"],
            "arm": record["arm"],
            "model": model,
            "seed": record["seed"],
            "status": record["status"],
            "reason": _without_folders(record.get("reason") or ""),
            "diverged": bool(record.get("diverged")),
            "iteration": int(rows[-1]["iteration"]) if rows else 0,  # a running record does not say
            "iterations": record["iterations"],
            "data": data["name"],
            "fingerprint": data["fingerprint"],
            "device": _in_turn(record, lambda made: made.get("device")),
            "precision": provenance.get("precision"),
            "threads": provenance.get("threads"),
            "torch": _in_turn(record, lambda made: (made.get("packages") or {}).get("torch")),
            "git": git.get("sha"),
            "dirty": git.get("dirty"),
            "wall_seconds": record.get("wall_seconds"),
        }
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(short(path), f"is not a record ({error!r})") from error
    cells = {column: _cell(values[column]) for column in RUN_COLUMNS}
    curves = []
    for row in rows:
        try:
            numbers = {column: _number(column, row.get(column) or "") for column in METRIC_COLUMNS}
        except ValueError as error:
            raise InputError(short(metrics), f"{error} in epoch {row.get('epoch')}") from error
        curves.append({"id": cells["id"], "seed": cells["seed"], "model": model} | numbers)
    return Entry(cells, curves, _read_probes(path.with_name("probes.csv"), cells))


def _read_probes(path: Path, run: Cells) -> list[Cells]:
    """Rows of probes.csv; none of a run that has not ended, or is not probed."""
    rows = []
    if not path.exists() or run["status"] != "finished":
        return []
    try:
        for row in in_long_form(read_csv(path), run["iterations"]):
            cells = {column: row[column] for column in PROBE_COLUMNS}
            numbers = {"iteration": str(int(row["iteration"])), "value": _number("value", row["value"])}
            rows.append({column: run[column] for column in ("id", "seed", "model")} | cells | numbers)
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise InputError(short(path), f"is no table of probes ({error!r})") from error
    return rows


def _in_turn(record: dict[str, Any], of: Callable[[dict[str, Any]], str | None]) -> str | None:
    """What it was trained by: where a run went on elsewhere, ``an H100 then a Xeon``."""
    made = [*record.get("earlier", []), record["provenance"]]
    values = [value for value in map(of, made) if value]
    return " then ".join(key for key, _ in itertools.groupby(values)) or None


def _without_folders(text: str) -> str:
    """On one line and without the folders of the machine it was written on."""
    return " ".join(re.sub(r"(?<![\w./])/(?:[^\s/'\":]+/)+", "", text).split())


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _number(column: str, text: str) -> str:
    """Six significant digits; written that way, a number reads and writes as itself."""
    if not text.strip():
        return ""
    return str(int(float(text))) if column in COUNTS else f"{float(text):.6g}"


def read_csv(path: Path) -> list[Cells]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))
