"""Plans and records as the planner and the training leave them, with made-up but lifelike numbers."""

import csv
import json
import math
import random
from pathlib import Path
from typing import Any

from findings.judging.recorded import METRIC_COLUMNS

FINGERPRINT = "sha256:aaaa"
SMALL = {"plain20": (4.0, 9.0), "plain56": (9.0, 13.0), "resnet20": (3.0, 8.4), "resnet56": (1.5, 7.2)}
NINE = SMALL | {
    "plain32": (5.2, 9.9),
    "plain44": (7.0, 11.4),
    "resnet32": (2.2, 7.7),
    "resnet44": (1.8, 7.4),
    "resnet110": (0.9, 6.7),
}


def arm_id(model: str, iterations: int = 900) -> str:
    return f"{model}-digits-quick-{iterations:012d}"


def arm(model: str, seeds: list[int], iterations: int = 900, **more: Any) -> dict[str, Any]:
    depth = int("".join(filter(str.isdigit, model)))
    config = {
        "model.depth": depth,
        "model.shortcut": None if model.startswith("plain") else "pad",
        "data.name": "digits",
        "data.validation": 0,
        "recipe.iterations": iterations,
        "recipe.batch_size": 128,
        "recipe.precision": "fp32",
    }
    return {
        "arm": arm_id(model, iterations),
        "name": model,
        "axes": {"model": model},
        "seeds": seeds,
        "config": config | more,
        "parameters": {20: 269_722, 56: 853_018}.get(depth, 15_000 * depth),
        "multiply_adds": 2_200_000 * depth,
        "data_label": "Digits (8x8)",
        "classes": 10,
        "streams": 2,
    }


def write_plan(results: Path, arms: list[dict[str, Any]], scale: str = "quick", check: str = "") -> Path:
    folder = results / scale / (f"depth-degradation.{check}" if check else "depth-degradation")
    folder.mkdir(parents=True, exist_ok=True)
    plan = {
        "finding": "depth-degradation",
        **({"check": check} if check else {}),
        "scale": scale,
        "command": f"findings run {scale}/depth-degradation",
        "label": "Digits, a few minutes on a laptop.",
        "arms": arms,
    }
    (folder / "plan.json").write_text(json.dumps(plan))
    return folder


def write_record(
    runs: Path, model: str, seed: int, rows: list[dict[str, Any]], iterations: int = 900, **more: Any
) -> Path:
    """``more`` replaces top-level fields of the record; ``fingerprint=`` and ``precision=`` go where they belong."""
    folder = runs / f"{arm_id(model, iterations)}-s{seed}"
    folder.mkdir(parents=True, exist_ok=True)
    data = {"name": "digits", "label": "Digits", "fingerprint": more.pop("fingerprint", FINGERPRINT)}
    provenance = {
        "git": {"sha": "0" * 40, "dirty": False},
        "packages": {"torch": "2.9.0"},
        "data": data,
        "device": "A processor",
        "hosts": ["a"],
        "threads": 1,
        "precision": more.pop("precision", "fp32"),
    }
    record = {
        "id": folder.name,
        "arm": arm_id(model, iterations),
        "name": model,
        "scale": "quick",
        "seed": seed,
        "status": "finished",
        "reason": None,
        "diverged": False,
        "iterations": iterations,
        "wall_seconds": 12.3456789,
        "provenance": provenance,
    }
    (folder / "record.json").write_text(json.dumps(record | more))
    with (folder / "metrics.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, METRIC_COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return folder


def row(epoch: int, iteration: int, train: float, test: float) -> dict[str, Any]:
    return {
        "epoch": epoch,
        "iteration": iteration,
        "train_loss": train / 30,
        "train_error": train,
        "test_loss": test / 30,
        "test_error": test,
        "test_images": 10_000,
        "lr": 0.1,
        "seconds": 1 / 3,
    }


def curve(model: str, seed: int, points: int = 20, iterations: int = 900) -> list[dict[str, Any]]:
    """Errors that fall in the shape of a training with two learning-rate drops."""
    train, test = NINE.get(model, (62.0, 63.0))
    noise = random.Random(f"{model}{seed}")
    shift, rows = noise.gauss(0, 0.25), []
    for k in range(1, points + 1):
        at = k / points
        stage = 1.0 if at < 0.5 else 0.25 if at < 0.75 else 0.0
        fall = 65 * math.exp(-14 * at)
        jitter = noise.gauss(0, 1.2 if stage == 1 else 0.12)
        rows.append(
            row(
                k,
                round(iterations * at),
                min(90, max(0.01, train + shift + fall + stage * 8 + jitter * 0.3)),
                min(90, test + shift + fall + stage * 7 + abs(jitter) * (4 if stage == 1 else 1)),
            )
        )
    return rows


def write_study(root: Path, models: Any = tuple(SMALL), seeds: int = 3, points: int = 20) -> tuple[Path, Path]:
    """A whole study that has ended; returns its results_dir and runs_dir."""
    write_plan(root / "results", [arm(model, list(range(seeds))) for model in models])
    for model in models:
        for seed in range(seeds):
            write_record(root / "runs", model, seed, curve(model, seed, points))
    return root / "results", root / "runs"
