"""Freeze a plan: every config is on disk before the first run starts, so that an edit of conf/ changes none of them.

What is planned is written here and nowhere else: each run's config.yaml, once, and plan.json for the report.
"""

import contextlib
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from findings.config.compose import brought_with
from findings.config.frozen import freeze, thaw
from findings.config.identity import refuse_other
from findings.config.schema import Config
from findings.judging import locks
from findings.judging.evidence import read_plan
from findings.planning.plan import PlannedRun, Planner, counts_of
from findings.planning.sweeps import Sweep
from findings.records import provenance
from findings.records.lease import Leased, lease
from findings.records.record import Record
from findings.studies import Finding, findings
from findings.system.files import write_if_changed
from findings.system.terminal import warn


def freeze_run(run: PlannedRun) -> PlannedRun:
    """Write runs/<run id>/config.yaml, and a record that says the run is planned; returns the run as frozen.

    What changes its rounding a run keeps; where it finds its data, how it is tracked and, until it has begun, its
    devices may change. What is in training elsewhere is left alone. Raises InputError where the directory holds another
    run's config.
    """
    record = Record(run.directory)
    if record.config.exists() and record.config.read_text() != freeze(run):
        frozen = thaw(record.config)
        refuse_other(frozen, run)
        run = run.rounded_as(frozen, begun=record.has_begun)
        if run.config.data.root is None:  # where it was found once, a job that waits in a queue still looks for it
            run = run.with_config(data=replace(run.config.data, root=frozen.config.data.root))
    if record.is_finished:
        return run
    with contextlib.suppress(Leased), lease(record.directory):  # what is in training elsewhere is frozen already
        record = Record(record.directory)
        record.write_config(freeze(run))
        if not record.path.exists():
            record.update(
                id=run.id,
                arm=run.arm,
                name=run.name,
                scale=run.config.scale,
                findings=run.config.findings,
                seed=run.config.seed,
                streams=run.streams,
                status="planned",
                iterations=run.config.recipe.iterations,
            )
    return run


def write_plan(sweep: Sweep, runs: Sequence[PlannedRun], planner: Planner, *, overridden: bool) -> Path:
    """Write the arms, and the networks not trained, to results/<scale>/<finding>/plan.json for the report.

    A check's is in a folder of its own beside that, <finding>.<check>.

    A plan whose arms are overridden adds its arms to those already there; any other sets the sweep's own.
    """
    folder = Path(runs[0].config.results_dir) / sweep.scale / sweep.folder
    path = folder / "plan.json"
    content = planned(sweep, runs, planner)
    arms = content["arms"]
    if overridden and path.exists():
        before = {arm["arm"]: arm for arm in _arms_of(path)}
        for arm in arms:
            known = before.get(arm["arm"], arm)
            before[arm["arm"]] = arm | {"seeds": sorted({*known["seeds"], *arm["seeds"]})}
        content["arms"] = list(before.values())
    write_if_changed(path, json.dumps(content, indent=1) + "\n")
    if sweep.finding in findings():
        _lock(findings()[sweep.finding], folder)
    return path


def _arms_of(path: Path) -> list[dict[str, Any]]:
    """Those of a plan that is there already; of a damaged one none, as a plan is made of its sweep again."""
    try:
        return list(json.loads(path.read_text())["arms"])
    except (ValueError, KeyError, TypeError):
        warn(f"{path} was damaged, and is made anew")
        return []


def planned(sweep: Sweep, runs: Sequence[PlannedRun], planner: Planner) -> dict[str, Any]:
    """What plan.json holds: the arms, the networks that are only counted, and the command that runs it again."""
    return {
        "finding": sweep.finding,
        **({"check": sweep.check} if sweep.check else {}),
        "scale": sweep.scale,
        "command": f"findings run {sweep.name}{_where(runs[0].config)}",
        "label": runs[0].config.about,
        "departures": list(dict.fromkeys(line for run in runs for line in run.config.recipe.departures)),
        "arms": _arms(runs),
        "counted": planner.untrained(findings()[sweep.finding].untrained if sweep.finding in findings() else ()),
    }


def _lock(finding: Finding, folder: Path) -> None:
    """What is claimed, and how it is tested, is fixed when the first run may begin."""
    plan = read_plan(folder / "plan.json").labelled(finding.labels)
    content = locks.content_of(finding.claims_at(plan), plan)
    locks.close(folder, content, date=date.today().isoformat(), commit=provenance.code()["sha"] or "")


def _where(config: Config) -> str:
    """The override without which the data would not be found, less this machine's folders."""
    return f" data.root={Path(config.data.root).name}" if config.data.root else ""


def _arms(runs: Sequence[PlannedRun]) -> list[dict[str, Any]]:
    arms: dict[str, dict[str, Any]] = {}
    for run in runs:
        arm = arms.setdefault(
            run.arm,
            {
                "arm": run.arm,
                "name": run.name,
                "axes": {key: value for key, value in run.varies.items() if key not in ("seed", "scale")},
                "seeds": [],
                "config": run.scientific,
                "brought": list(brought_with(run.config.recipe.name, run.name)),
                "classes": run.config.data.classes,
                "streams": run.streams,
                **counts_of(run.complexity),
                "sizes_refused": run.sizes_refused,
                "data_label": run.config.data.full_label,
            },
        )
        arm["seeds"].append(run.config.seed)
    return list(arms.values())
