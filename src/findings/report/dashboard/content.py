"""What the page shows, as plain values that the browser reads: sweeps, their arms, and the runs' rows."""

import itertools
import math
from collections.abc import Iterable, Sequence
from typing import Any

from findings.judging.evidence import Arm, Evidence, Plan, Run, differs
from findings.report.dashboard.columns import packed
from findings.report.figures.looks import look

ERRORS = ("train_error", "test_error", "validation_error", "remeasured_train_error")
LOSSES = ("train_loss", "test_loss", "validation_loss")
MOST_ROWS = 50_000  # of a page that has the losses, too: they are half of its bytes


def content(scale: str, sweeps: Sequence[tuple[str, str, Evidence]]) -> dict[str, Any]:
    """Of a page with these ``(name, title, evidence)``, in that order."""
    metrics = metrics_of(evidence for _, _, evidence in sweeps)
    return {"scale": scale, "sweeps": [_sweep(name, title, evidence, metrics) for name, title, evidence in sweeps]}


def metrics_of(evidence: Iterable[Evidence]) -> tuple[str, ...]:
    """Those that a page of so many rows has room for."""
    rows = sum(len(run.rows) for one in evidence for run in one.runs)
    return (*ERRORS, *(LOSSES if rows <= MOST_ROWS else ()))


def _sweep(name: str, title: str, evidence: Evidence, metrics: Iterable[str]) -> dict[str, Any]:
    arms, varying = evidence.plan.arms, varying_keys(evidence.plan)
    keys = sorted({key for arm in arms for key in arm.config})
    return {
        "name": name,
        "title": title,
        "command": evidence.plan.command,
        "data": sorted({arm.data_label for arm in arms}),
        "config": {key: arms[0].config[key] for key in keys if key not in varying} if arms else {},
        "varying": varying,
        "arms": [of_arm(arm, evidence, varying, metrics) for arm in arms],
    }


def varying_keys(plan: Plan) -> list[str]:
    """Of the configurations of its arms, those in which they differ."""
    return [key for key in sorted({key for arm in plan.arms for key in arm.config}) if differs(key, plan.arms)]


def of_arm(arm: Arm, evidence: Evidence, varying: Sequence[str], metrics: Iterable[str]) -> dict[str, Any]:
    """An arm of the page, with all that has been recorded of its runs."""
    runs = sorted((run for run in evidence.runs if run.arm == arm.id), key=lambda run: run.seed)
    seen = look(arm.label)
    grids: list[dict[str, Any]] = []
    made: dict[tuple[str, str, str], int] = {}  # by what the runs were trained, and where in the list of that
    return {
        "id": arm.id,
        "label": arm.label,
        "model": arm.model,
        "colour": seen.colour,
        "marker": seen.marker,
        "seeds": list(arm.seeds),
        "parameters": arm.counts.parameters,
        "multiply_adds": arm.counts.multiply_adds,
        "chance": arm.chance,
        "config": {key: arm.config.get(key) for key in varying},
        "runs": [_run(run, grids, made, metrics) for run in runs],
        "made": [dict(zip(("device", "precision", "torch"), one, strict=True)) for one in made],
        "grids": grids,  # epochs and iterations of the rows, which the seeds of an arm have in common
        "probes": _probes(runs),
    }


def _run(
    run: Run, grids: list[dict[str, Any]], made: dict[tuple[str, str, str], int], metrics: Iterable[str]
) -> dict[str, Any]:
    """One run; what it shares with others of its arm is added to ``grids`` and ``made`` where it is not there yet."""
    grid = {name: packed([row.get(name) for row in run.rows]) for name in ("epoch", "iteration")}
    if grid not in grids:
        grids.append(grid)
    measured = {name: [row.get(name) for row in run.rows] for name in metrics}
    return {
        "seed": run.seed,  # which with the arm makes its id
        "status": "diverged" if run.diverged else run.status,
        "iteration": run.iteration,
        "made": made.setdefault((run.device, run.precision, run.torch), len(made)),
        "seconds": round(run.wall_seconds, 1),
        "grid": grids.index(grid),
        # since the first step, to a tenth: an axis, no result
        "clock": packed([round(at, 1) for at in itertools.accumulate(row.get("seconds") or 0.0 for row in run.rows)]),
        "columns": {name: packed(values) for name, values in measured.items() if any(map(_is_number, values))},
    }


def _is_number(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _probes(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Mean over the seeds of every number probed at last, in the order of its keys: layers, shifts, sizes."""
    names = dict.fromkeys((one.probe, one.number) for run in runs for one in run.probes)
    found = []
    for probe, number in names:
        each = [run.probed(probe, number) for run in runs]
        keys = list(dict.fromkeys(key for values in each for key in values))
        means = [_mean([values.get(key) for values in each]) for key in keys]
        if len(keys) > 1:
            found.append({"probe": probe, "number": number, "keys": keys, "means": means})
    return found


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None and math.isfinite(value)]
    return float(f"{sum(known) / len(known):.6g}") if known else None
