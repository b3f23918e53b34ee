"""findings plan SWEEP [override ...]"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from findings.commands.arguments import add_sweep

if TYPE_CHECKING:
    from findings.plan import PlannedRun, Planner
    from findings.sweeps import Sweep

# overrides that say where and how, not what: with these the plan is the sweep's own
SILENT = ("trainer", "tracking", "runs_dir", "results_dir", "data.root", "data.mirror", "data.cache", "data.download")
AXES = ("model", "seed")  # more or fewer of a sweep's own runs; its protocol stays
SHOWN = 60  # runs; of longer plans the first are shown


def run(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    add_sweep(parser)
    parser.add_argument("--all", action="store_true", help=f"show every run, not the first {SHOWN}")
    given = parser.parse_intermixed_args(arguments)
    runs = plan(given.sweep, given.overrides)
    from rich.console import Console
    from rich.table import Table

    varying = [key for key in _axes(runs) if len({run.varies.get(key) for run in runs}) > 1]
    console = Console()
    if not console.is_terminal:
        console = Console(width=200)  # in a log or a pipe, whole ids are worth more than a narrow table
    table = Table("run", *varying, title=f"{len(runs)} runs", title_justify="left")
    for column in ("parameters", "multiply-adds", "iterations"):
        table.add_column(column, justify="right")
    for planned in runs if given.all else runs[:SHOWN]:
        table.add_row(
            planned.identity.id,
            *(planned.varies.get(key, "") for key in varying),
            f"{planned.complexity.parameters:,}",
            f"{planned.complexity.multiply_adds:,}",
            f"{planned.config.recipe.iterations:,}",
        )
    console.print(table)
    if len(runs) > SHOWN and not given.all:
        console.print(f"... and {len(runs) - SHOWN} more (--all shows them)")
    work = sum(planned.work for planned in runs)
    console.print(f"{len(runs)} runs, {work:.3g} multiply-adds of training")
    return 0


def plan(
    name: str,
    overrides: Sequence[str],
    wanted: "Callable[[Sweep], bool]" = lambda _: True,
    planner: "Planner | None" = None,
) -> "list[PlannedRun]":
    """Plan a sweep, or all sweeps of a scale, and write each one's plan.json. A run of two findings is planned once.

    A ``planner`` composes and builds nothing twice. Of a scale's sweeps those that are not ``wanted`` are left out,
    unless none is. Reports judge protocols as their sweeps state them: a plan with another protocol leaves plan.json
    alone.
    """
    from findings.plan import Planner, write_plan
    from findings.sweeps import find

    planner, sweeps = planner or Planner(), find(name)
    if len(sweeps) > 1:
        sweeps = [sweep for sweep in sweeps if wanted(sweep)] or sweeps
    plans = [planner.plan(sweep, overrides) for sweep in sweeps]
    merged: dict[str, PlannedRun] = {}
    for runs in plans:
        for planned in runs:
            known = merged.get(planned.identity.id, planned)
            findings = sorted({*known.config.findings, *planned.config.findings})
            merged[planned.identity.id] = replace(known, config=replace(known.config, findings=findings))
    changed = changes(overrides)
    if set(changed) <= set(AXES):
        for sweep, runs in zip(sweeps, plans, strict=True):
            write_plan(sweep, runs, planner, overridden=bool(changed))
    else:
        print(f"note: with {', '.join(changed)} changed, these runs are recorded, but are none of the finding's own")
    return list(merged.values())


def _axes(runs: "list[PlannedRun]") -> list[str]:
    return list(dict.fromkeys(key for run in runs for key in run.varies))


def changes(overrides: Sequence[str]) -> list[str]:
    """The keys that are overridden and change what is trained."""
    keys = [override.partition("=")[0] for override in overrides]
    return [key for key in keys if key not in SILENT and key.partition(".")[0] not in SILENT]
