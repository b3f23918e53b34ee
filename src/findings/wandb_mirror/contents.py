"""What W&B is sent of a run: its names and config, and of its record the rows that a checkpoint covers, and probes."""

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from findings.errors import InputError

if TYPE_CHECKING:
    from findings.config.identity import Run
    from findings.records.record import Record


MANY = 12


def arguments_of(run: "Run", record: "Record") -> dict[str, Any]:
    """What the client is told of the run; JSON, and beside wandb.init's own ``sweep`` and ``judged``.

    ``judged``: {name: path} of the plans, locks and verdicts of the findings that asked for the run.
    """
    config = run.config
    where: dict[str, Any] = {
        "id": run.id,
        "project": config.tracking.project,
        "entity": config.tracking.entity,
        "sweep": None,
        "parameters": {},
    } | record.get("wandb", {})
    label, claims = _asked_by(run, record)
    named = {"seed": config.seed, "scale": config.scale, "name": run.name, "arm": run.arm}
    made = {f"trainer.{key}": value for key, value in asdict(config.trainer).items()} | _provenance(record)
    return {
        "project": where["project"],
        "entity": where["entity"],
        "id": where["id"],
        "name": f"{label or run.name} s{config.seed}",
        "group": group_of(run.arm, label),
        "job_type": "train",
        "notes": claims,
        "tags": [config.scale, *record.get("findings", [])],
        "config": run.scientific | named | made | where["parameters"],
        "dir": str(record.directory),
        "sweep": where["sweep"],
        "judged": _judged(run, record),
    }


def _judged(run: "Run", record: "Record") -> dict[str, str]:
    folder = Path(run.config.results_dir, run.config.scale).absolute()
    asking = record.get("findings", [])
    paths = {f"{name}/{file}": folder / name / file for name in asking for file in ("plan.json", "lock.json")}
    return {name: str(path) for name, path in (paths | {"verdicts.json": folder / "verdicts.json"}).items()}


def group_of(arm: str, label: str) -> str:
    """An arm's name in W&B, where a finding labels it and where none does."""
    return f"{label} ({arm})" if label else arm


def _provenance(record: "Record") -> dict[str, Any]:
    """By what code, on what and in how many attempts; what is not known yet is left out."""
    known = record.get("provenance", {})
    git = known.get("git") or {}
    found = {
        "commit": git.get("sha"),
        "commit_page": f"{git['page']}/commit/{git['sha']}" if git.get("page") and git.get("sha") else None,
        "dirty": git.get("dirty"),
        "device": known.get("device"),
        "job": known.get("job"),
        "attempts": record.get("attempts"),
    }
    return {key: value for key, value in found.items() if value is not None}


def _asked_by(run: "Run", record: "Record") -> tuple[str, str]:
    """What a finding that asked for the run calls its arm, if anything; and the claims about it, for the notes.

    A plan or a study that cannot be read costs the label and the notes, never the run.
    """
    from findings.judging.evidence import read_plan
    from findings.studies import findings

    named, about = "", []
    try:
        for name, finding in findings().items():
            path = Path(run.config.results_dir, run.config.scale, name, "plan.json")
            if name not in record.get("findings", []) or not path.exists():
                continue
            plan = read_plan(path).labelled(finding.labels)
            label = {arm.id: arm.label for arm in plan.arms}.get(run.arm, "")
            named = named or (label if label in finding.labels else "")
            ids = [
                claim.id
                for claim in finding.claims_at(plan)
                if any(arm.id == run.arm for term in (*claim.contrast, *claim.order) for arm in plan.chosen(term))
            ]
            about += [f"{name}: {', '.join(ids)}"] if ids else []
    except (InputError, OSError):
        pass
    return named, "; ".join(about)


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
    """What is logged of a row of metrics.csv: everything that was measured, under the columns' own names.

    W&B has the time when the row was written as its own ``_timestamp``, however much later it is sent.
    """
    measured = {key: float(value) for key, value in row.items() if value not in (None, "")}
    when = {"_timestamp": measured.pop("timestamp")} if "timestamp" in measured else {}
    return measured | when | {"epoch": int(row["epoch"]), "iteration": int(row["iteration"])}
