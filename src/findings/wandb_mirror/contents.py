"""What W&B is sent of a run: its names and config, and of its record the rows that a checkpoint covers, and probes."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from findings.errors import InputError

if TYPE_CHECKING:
    from findings.config.identity import Run
    from findings.records.record import Record


MANY = 12


def arguments_of(run: "Run", record: "Record") -> dict[str, Any]:
    """What the client is told of the run; JSON, and ``sweep`` beside wandb.init's own."""
    config = run.config
    where: dict[str, Any] = {
        "id": run.id,
        "project": config.tracking.project,
        "entity": config.tracking.entity,
        "sweep": None,
        "parameters": {},
    } | record.get("wandb", {})
    return {
        "project": where["project"],
        "entity": where["entity"],
        "id": where["id"],
        "name": run.id,
        "group": group_of(run, record),
        "job_type": "train",
        "tags": [config.scale, *record.get("findings", [])],
        "config": run.scientific | {"seed": config.seed, "scale": config.scale, "name": run.name} | where["parameters"],
        "dir": str(record.directory),
        "sweep": where["sweep"],
    }


def group_of(run: "Run", record: "Record") -> str:
    """The arm, after the label that a finding which asked for the run gives it, where one does: groups are read by eye.

    A plan or a study that cannot be read costs the label, never the run.
    """
    from findings.judging.evidence import read_plan
    from findings.studies import findings

    try:
        for name, finding in findings().items():
            path = Path(run.config.results_dir, run.config.scale, name, "plan.json")
            if name not in record.get("findings", []) or not finding.labels or not path.exists():
                continue
            labels = {arm.id: arm.label for arm in read_plan(path).labelled(finding.labels).arms}
            if labels.get(run.arm) in finding.labels:
                return f"{labels[run.arm]} ({run.arm})"
    except (InputError, OSError):
        pass
    return run.arm


def covered(record: "Record") -> list[dict[str, str]]:
    """The rows that the last checkpoint covers."""
    return [row for row in record.rows() if int(row["iteration"]) <= record.get("iteration", 0)]


def summary_of(record: "Record") -> dict[str, float]:
    """What it was probed for: ``{"shift/1/test_error": 9.5, ...}``, each number at the last iteration that is covered.

    A number of more than MANY layers, weights or the like is a figure and no summary: it stays in the record.
    """
    rows = [row for row in record.probe_rows() if int(row["iteration"]) <= record.get("iteration", 0)]
    last = {(row["probe"], row["number"]): row["iteration"] for row in rows}  # iterations rise
    rows = [row for row in rows if row["value"] and row["iteration"] == last[row["probe"], row["number"]]]
    keys = Counter((row["probe"], row["number"]) for row in rows)
    return {
        "/".join(filter(None, (row["probe"], row["key"], row["number"]))): float(row["value"])
        for row in rows
        if keys[row["probe"], row["number"]] <= MANY
    }


def values_of(row: dict[str, Any]) -> dict[str, Any]:
    """What is logged of a row of metrics.csv: everything that was measured, under the columns' own names."""
    measured = {key: float(value) for key, value in row.items() if value not in (None, "")}
    return measured | {"epoch": int(row["epoch"]), "iteration": int(row["iteration"])}
