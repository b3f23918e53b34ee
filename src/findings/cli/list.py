"""findings list [--wide] [--json]"""

import argparse
import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from findings.errors import InputError
from findings.records.record import Record
from findings.system import terminal

RESULTS, RUNS = Path("results"), Path("runs")


def run(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    parser.add_argument("--wide", action="store_true", help="every claim in a sentence")
    parser.add_argument("--json", action="store_true", help="findings, claims, verdicts and runs, for programs")
    given = parser.parse_args(arguments)
    known = _known()
    if given.json:
        terminal.say_json(known)
    elif given.wide:
        _show_claims(known)
    else:
        _show_scales(known)
    return 0


def _known() -> list[dict[str, Any]]:
    """Every finding: its claims with the last verdict at each scale, and of each scale the runs needed and done."""
    from math import prod

    from findings import studies
    from findings.planning import sweeps
    from findings.report import build as report

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
    found = []
    for finding in studies.findings().values():
        own = [sweep for sweep in known if sweep.finding == finding.name and not sweep.check]
        claims = [
            {
                "id": claim.id,
                "sentence": claim.cast({}).sentence,
                "kind": claim.kind,
                "verdicts": {one.scale: verdicts.get((one.scale, claim.id), "not run") for one in own},
            }
            for claim in finding.claims
        ]
        runs = {
            one.scale: {"done": _finished(one.scale, one.finding), "needed": prod(map(len, one.axes.values()))}
            for one in own
        }
        told = {"finding": finding.name, "title": finding.title, "source": finding.source}
        found.append(told | {"claims": claims, "runs": runs})
    return found


def _show_scales(known: list[dict[str, Any]]) -> None:
    """A line for each finding and scale: how many of its claims came out how."""
    from rich import box
    from rich.table import Table

    from findings.report.words import SYMBOLS

    legend = "  ".join(f"{symbol} {word}" for word, symbol in SYMBOLS.items()) + "  --wide names the claims"
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("finding", "scale"):
        table.add_column(heading, no_wrap=True)
    for heading in (*SYMBOLS.values(), "runs"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in known:
        for index, (scale, runs) in enumerate(one["runs"].items()):
            words = [claim["verdicts"][scale] for claim in one["claims"]]
            counts = (str(words.count(word) or "") for word in SYMBOLS)
            name = one["finding"] if index == 0 else ""
            table.add_row(name, scale, *counts, f"{runs['done']} of {runs['needed']}")
        table.add_section()
    console = terminal.console()
    console.print(table)
    console.print(legend, style="dim", highlight=False, soft_wrap=True)  # longer than the table is wide


def _show_claims(known: list[dict[str, Any]]) -> None:
    from rich.table import Table

    console = terminal.console()
    for one in known:
        console.print(f"\n[bold]{one['finding']}[/bold]: {one['title']}", highlight=False)
        console.print(f"  {one['source']}", highlight=False, style="dim")
        table = Table("claim", "kind", *one["runs"])
        for claim in one["claims"]:
            table.add_row(claim["sentence"], claim["kind"], *claim["verdicts"].values())
        table.add_section()
        counts = [f"{runs['done']} of {runs['needed']}" for runs in one["runs"].values()]
        table.add_row("runs done, of those needed", "", *counts)
        console.print(table)


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
    planned = [f"{arm['arm']}-s{seed}" for arm in arms for seed in arm["seeds"]]  # the tables may hold others, too
    return sum(run in finished or _is_finished(RUNS / run) for run in planned)


def _is_finished(run: Path) -> bool:
    return (run / "record.json").exists() and Record(run).is_finished
