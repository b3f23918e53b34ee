"""The real command, in a process of its own or in the test's, on a sweep that takes seconds."""

import contextlib
import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from findings.cli.main import main
from findings.records.record import TIMING

PARAMETERS: dict[str, Any] = {
    "scale": "quick",
    "model": "resnet20",
    "model.depth": 8,
    "model.width": 4,
    "tracking": "none",
    "recipe.batch_size": 128,
    "recipe.drop_last": False,
    "recipe.iterations": 240,
    "recipe.milestones": [120, 180],
    "recipe.lr": 0.1,
    "recipe.warmup_iterations": 0,
    "recipe.precision": "fp32",
    "evaluation.evaluate_every": 1,
    "evaluation.remeasure_training": "last",
    "trainer.accelerator": "cpu",
    "trainer.threads": 1,
    "trainer.chunk_seconds": 0.02,
    "trainer.checkpoint_every": 0,
}


def write_sweep(directory: Path, name: str, *, seeds: int, **changes: Any) -> str:
    """Write sweeps/quick/<name>.yaml under ``directory`` and return what the command calls it."""
    merged = PARAMETERS | {key.replace("__", "."): value for key, value in changes.items()}
    axes = {key: {"value": value} for key, value in merged.items()} | {"seed": {"values": list(range(seeds))}}
    path = directory / "sweeps" / "quick" / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    command = ["${env}", "findings", "train", "${args_no_hyphens}"]
    path.write_text(yaml.safe_dump({"program": "findings", "method": "grid", "parameters": axes, "command": command}))
    return f"quick/{name}"


class Findings:
    """One ``findings ...`` in a session of its own, so that all of it can be killed at once."""

    def __init__(self, directory: Path, *arguments: str, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "findings.cli", *arguments],
            cwd=directory,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def wait(self, code: int | None = None) -> str:
        """Its output; checks how it ended."""
        output, _ = self.process.communicate(timeout=120)
        assert code is None or self.process.returncode == code, f"exit code {self.process.returncode}\n{output}"
        return output

    def kill_all(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()


def here(directory: Path, *arguments: str, code: int = 0) -> str:
    """What ``findings ...`` says in the test's own process, where imports are paid for; checks how it ended.

    Workers are forked from the server that other tests have started. For what is killed, there is ``Findings``.
    """
    output = io.StringIO()
    with contextlib.chdir(directory), contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        ended = main([*arguments])
    assert ended == code, f"exit code {ended}\n{output.getvalue()}"
    return output.getvalue()


def records(directory: Path) -> dict[str, dict[str, Any]]:
    """{run id: record.json}."""
    found = sorted(directory.glob("runs/*/record.json"))
    return {path.parent.name: json.loads(path.read_text()) for path in found}


def all_numbers(directory: Path) -> dict[str, list[dict[str, str]]]:
    """{run id: metrics.csv without what differs when a run is repeated}."""
    found = {}
    for path in sorted(directory.glob("runs/*/metrics.csv")):
        with path.open(newline="") as file:
            found[path.parent.name] = [
                {k: v for k, v in row.items() if k not in TIMING} for row in csv.DictReader(file)
            ]
    return found


def workers(directory: Path) -> list[int]:
    """The processes that hold a run."""
    found = []
    for path in directory.glob("runs/*/lease.json"):
        try:
            pid = json.loads(path.read_text())["pid"]
            os.kill(pid, 0)
        except (OSError, ValueError):
            continue
        found.append(pid)
    return found


def until(what: Callable[[], Any], seconds: float = 60) -> Any:
    """Wait for ``what()`` to be true and return it."""
    deadline = time.monotonic() + seconds
    while not (value := what()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)
    return value


def training(directory: Path, rows: int = 1) -> Callable[[], bool]:
    """Whether some run that is not finished has so many rows."""

    def check() -> bool:
        going = [name for name, record in records(directory).items() if record["status"] == "running"]
        written = [len(all_numbers(directory).get(name, [])) for name in going]
        return any(number >= rows for number in written)

    return check
