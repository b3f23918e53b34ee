"""findings status [SWEEP] [--watch] [--exit-status] [--json] [runs_dir=DIR]"""

import argparse
import contextlib
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from findings.cli.arguments import folders
from findings.errors import InputError
from findings.records.record import ENDED
from findings.system import terminal
from findings.training.command import FAILED, INTERRUPTED

if TYPE_CHECKING:
    from rich.console import Console, Group

    from findings.engines.slurm.state import State, States

COLOURS = {"finished": "green", "running": "cyan", "failed": "red", "lost": "red", "interrupted": "yellow"}
SETTLED = ("finished", "failed", "lost", "interrupted")  # what has a task in the queue yet is none of these
SHOWN = 60  # runs; of more, those that are finished or queued are only counted
EVERY = 10.0  # seconds
ASKED_EVERY = 30.0  # seconds; each question troubles the whole cluster


def run(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    parser.add_argument(
        "sweep", nargs="*", metavar="SWEEP", help="a sweep that was begun here or submitted (default: all)"
    )
    parser.add_argument("--watch", action="store_true", help=f"again every {EVERY:.0f} s, until all runs have ended")
    parser.add_argument(
        "--exit-status",
        action="store_true",
        help="exit code 0 only if all runs are finished; 1 if one needs you: it failed, or no task will go on with "
        "it; otherwise 75: wait",
    )
    parser.add_argument("--json", action="store_true", help="a list of runs, for programs")
    given = parser.parse_intermixed_args(arguments)
    if given.json and given.watch:
        raise InputError("--json", "is said once, and --watch goes on: use one of them")
    runs_dir = folders([text for text in given.sweep if "=" in text], "runs_dir")["runs_dir"]
    sweeps = [text for text in given.sweep if "=" not in text]
    console = terminal.console()
    found = _states(runs_dir, sweeps)
    if given.json:
        terminal.say_json([asdict(state) for state in found])
    elif not given.watch:
        console.print(_shown(found))
    else:
        found = (_watch_live if console.is_terminal else _watch_plainly)(console, runs_dir, sweeps)
    return _exit_status(found) if given.exit_status else 0


def _exit_status(found: "States") -> int:
    left = {state.state for state in found} - {"finished"}
    settled = ENDED if found.silence else SETTLED
    return 0 if not left else FAILED if left.intersection(settled) else INTERRUPTED


def _states(runs_dir: Path, sweeps: Sequence[str]) -> "States":
    from findings.engines.slurm.handover import settle
    from findings.engines.slurm.state import states
    from findings.engines.slurm.submission import submissions

    with contextlib.suppress(InputError):  # another time
        settle(runs_dir, age=ASKED_EVERY)
    submitted, here = submissions(runs_dir), _by_sweep(runs_dir)
    known = sorted({*here, *(submission.sweep for submission in submitted)})
    for sweep in sweeps:
        if sweep not in known:
            raise InputError(sweep, f"was neither begun in {runs_dir} nor submitted from it", known, sweep)
    if not known:
        raise InputError(str(runs_dir), "holds no run: `findings run SWEEP` or `findings submit SWEEP` makes some")
    wanted = [submission for submission in submitted if not sweeps or submission.sweep in sweeps]
    asked = [run for submission in wanted for run in (*submission.runs, *submission.elsewhere)]
    begun = [run for sweep, runs in here.items() if not sweeps or sweep in sweeps for run in runs]
    runs = list(dict.fromkeys([*asked, *begun]))
    others = [one for one in submitted if one in wanted or not set(one.runs).isdisjoint(runs)]
    return states(runs, runs_dir, others, sweeps=sweeps, age=ASKED_EVERY)


def _by_sweep(runs_dir: Path) -> dict[str, list[str]]:
    """{sweep: the runs in ``runs_dir`` that its finding has asked for}, whoever trains them."""
    from findings.records.library import readable

    found: dict[str, list[str]] = {}
    for record in readable(runs_dir):
        for finding in record.get("findings", []):
            found.setdefault(f"{record.get('scale')}/{finding}", []).append(record.directory.name)
    return found


def _over(found: "States") -> bool:
    """A controller that is busy for a minute ends no watch of days."""
    return all(state.state in (ENDED if found.silence else SETTLED) for state in found)


def _watch_live(console: "Console", runs_dir: Path, sweeps: Sequence[str]) -> "States":
    from rich.live import Live

    with Live(console=console, auto_refresh=False) as live:
        while True:
            found = _states(runs_dir, sweeps)
            live.update(_shown(found), refresh=True)
            if _over(found):
                return found
            time.sleep(EVERY)


def _watch_plainly(console: "Console", runs_dir: Path, sweeps: Sequence[str]) -> "States":
    """A line where something has changed."""
    before = ""
    while True:
        found = _states(runs_dir, sweeps)
        line = _totals(found)
        if line != before:
            console.print(line, highlight=False, soft_wrap=True)
            before = line
        if _over(found):
            console.print(_shown(found))
            return found
        time.sleep(EVERY)


def _shown(found: "States") -> "Group":
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    rows = found if len(found) <= SHOWN else [state for state in found if state.state not in ("finished", "queued")]
    table = Table("run", "state")
    table.add_column("iteration", justify="right")
    table.add_column("left", justify="right")
    for column in ("where", "remark", "log"):
        table.add_column(column, overflow="fold")
    for state in rows[:SHOWN]:
        restarts = {"preempted": state.preemptions, "crashed": state.crashes}
        again = ", ".join(f"{what} {times}x" for what, times in restarts.items() if times)
        table.add_row(
            state.run,
            Text(f"{state.state}{f' ({again})' if again else ''}", style=COLOURS.get(state.state, "")),
            f"{state.iteration:,} of {state.iterations:,}" if state.iterations else "",
            _time(state.left) if state.left and state.state not in SETTLED else "",
            state.where,
            Text(state.reason),
            Text(_near(state.log) if state.log and state.state != "finished" else ""),
        )
    parts: list[Table | Text] = [table] if rows else []
    if len(rows) > SHOWN:
        parts.append(Text(f"... and {len(rows) - SHOWN} more"))
    if found.silence:
        parts.append(Text(f"{found.silence}: this is what the records say", style="yellow"))
    return Group(*parts, Text(_totals(found)))


def _totals(found: "Sequence[State]") -> str:
    counts = Counter(state.state for state in found)
    done, all_of_it = sum(state.iteration for state in found), sum(state.iterations for state in found)
    share = f", {100 * done / all_of_it:.0f} % of the iterations" if all_of_it else ""
    left = [state.left for state in found if state.left and state.state == "running"]
    last = f", those in training end in about {_time(max(left))}" if left else ""
    return f"{len(found)} runs: {', '.join(f'{count} {state}' for state, count in counts.most_common())}{share}{last}"


def _time(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))


def _near(path: Path) -> str:
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
