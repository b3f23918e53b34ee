"""findings list"""

import argparse
import csv
import json
from collections.abc import Sequence
from pathlib import Path

from findings.errors import InputError
from findings.records.record import Record
from findings.system import terminal

RESULTS, RUNS = Path("results"), Path("runs")


def run(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    parser.parse_args(arguments)
    from math import prod

    from rich.table import Table

    from findings import studies
    from findings.planning import sweeps
    from findings.report import build as report

    console = terminal.console()
    verdicts = {
        (scale, verdict["id"]): verdict["verdict"]
        for scale, found in report.last_verdicts(RESULTS).items()
        for verdict in found
    }
    known = []
    for name in sweeps.names():
        try:
            known += sweeps.find(name)
        except InputError as error:  # of somebody's own: the others are shown all the same
            terminal.warn(str(error))
    for finding in studies.findings().values():
        scales = [sweep for sweep in known if sweep.finding == finding.name and not sweep.check]
        console.print(f"\n[bold]{finding.name}[/bold]: {finding.title}", highlight=False)
        console.print(f"  {finding.source}", highlight=False, style="dim")
        table = Table("claim", "kind", *(sweep.scale for sweep in scales))
        for claim in finding.claims:
            table.add_row(
                claim.cast({}).sentence, claim.kind, *(verdicts.get((s.scale, claim.id), "not run") for s in scales)
            )
        table.add_section()
        counts = [
            f"{_finished(sweep.scale, sweep.finding)} of {prod(map(len, sweep.axes.values()))}" for sweep in scales
        ]
        table.add_row("runs done, of those needed", "", *counts)
        console.print(table)
    return 0


def _finished(scale: str, finding: str) -> int:
    """Runs of the last plan that are finished, in the tables or in runs/."""
    folder = RESULTS / scale / finding
    try:
        arms = json.loads((folder / "plan.json").read_text())["arms"]
    except (OSError, ValueError, KeyError, TypeError):  # none yet, or a damaged one
        return 0
    finished = set()
    if (folder / "runs.csv").exists():
        with (folder / "runs.csv").open(newline="") as stream:
            finished = {row["id"] for row in csv.DictReader(stream) if row["status"] == "finished"}
    for run in (f"{arm['arm']}-s{seed}" for arm in arms for seed in arm["seeds"]):
        record = RUNS / run / "record.json"
        if run not in finished and record.exists() and Record(record.parent).is_finished:
            finished.add(run)
    return len(finished)
