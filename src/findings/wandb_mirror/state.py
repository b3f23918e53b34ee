"""In which W&B run a record is mirrored, and how much of it W&B is known to have.

That is the W&B run of the run's own id, unless a W&B agent started the run: an agent imposes an id that the server
chose. The record keeps it, so that whoever resumes the run goes on in the same W&B run.
"""

import json
import os
from pathlib import Path
from typing import Any

import yaml

from findings.records.record import Record
from findings.system.files import read_steadily, write_atomically
from findings.wandb_mirror.server import host


def settle(record: Record, run_id: str) -> None:
    """Decide once, when the record is first mirrored, which W&B run it is: ``record["wandb"]``."""
    imposed = take_imposed()
    if record.get("wandb") is None:
        begun = (record.directory / "wandb").exists()  # before records noted it
        record.update(wandb=imposed if imposed and not begun else {"id": run_id})


def take_imposed() -> dict[str, Any] | None:
    """What a W&B agent imposes on the run that it has started this process for; None without an agent.

    {id, sweep, project, entity, parameters}. It is taken out of the environment: the client would ignore what we tell
    it, and whatever else this process trains or starts is no run of the agent's.
    """
    if not os.environ.get("WANDB_SWEEP_ID") or not os.environ.get("WANDB_RUN_ID"):
        return None
    sweep, run = os.environ.pop("WANDB_SWEEP_ID"), os.environ.pop("WANDB_RUN_ID")
    return {
        "id": run,
        "sweep": sweep,
        "project": os.environ.get("WANDB_PROJECT"),  # null: the server knows the sweep's
        "entity": os.environ.get("WANDB_ENTITY"),
        "parameters": _parameters(os.environ.pop("WANDB_SWEEP_PARAM_PATH", None)),
    }


def _parameters(path: str | None) -> dict[str, Any]:
    """The sweep's parameters of this run. W&B's grid looks for them in a run's config, to hand out none twice."""
    try:
        told = yaml.safe_load(Path(path).read_text()) if path else {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}
    return {key: node["value"] for key, node in (told or {}).items() if isinstance(node, dict) and "value" in node}


def is_mirrored(record: Record) -> bool:
    """Whether the run was ever to be seen in W&B: not with tracking=none."""
    return record.get("wandb") is not None or (record.directory / "wandb").exists()


def state(record: Record, rows: list[dict[str, str]]) -> dict[str, Any]:
    """What W&B has once ``rows`` are sent. Two equal states have nothing to send between them."""
    return {
        "server": host(),
        "id": (record.get("wandb") or {"id": record.directory.name})["id"],
        "iteration": int(rows[-1]["iteration"]) if rows else 0,
        "epochs": len(rows),
        "status": record.status,
        "findings": record.get("findings", []),
    }


def sent(record: Record) -> dict[str, Any]:
    """The state that W&B is known to have; empty where it is not known to have anything."""
    try:
        return dict(json.loads(read_steadily(_note(record))))
    except (OSError, ValueError):
        return {}


def note_sent(record: Record, state: dict[str, Any]) -> None:
    _note(record).parent.mkdir(exist_ok=True)
    write_atomically(_note(record), json.dumps(state, indent=1) + "\n")


def _note(record: Record) -> Path:
    return record.directory / "wandb" / "sent.json"
