"""findings measure SWEEP [--rounds N] [--seconds S] [override ...]"""

import argparse
import sys
import time
from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING

from findings.cli.arguments import add_sweep
from findings.errors import InputError
from findings.system import terminal
from findings.training.command import BY_HAND, FAILED

if TYPE_CHECKING:
    from rich.console import Console

    from findings.cost.measure.rounds import Measured, Network
    from findings.planning.plan import Planner
    from findings.planning.sweeps import Sweep

PRELOADED = (
    "findings.cost.measure.steps",
)  # what every measuring process would import anew, their server imports for all


def run(parser: argparse.ArgumentParser, arguments: Sequence[str], planner: "Planner | None" = None) -> int:
    add_sweep(parser)
    parser.add_argument("--rounds", type=_rounds, default=5, metavar="N", help="times each is measured (default: 5)")
    parser.add_argument(
        "--seconds", type=_seconds, default=1.0, metavar="S", help="of steps, each time, after warming up (default: 1)"
    )
    given = parser.parse_intermixed_args(arguments)
    try:
        measurable = _plan(given.sweep, given.overrides, planner)
        console = terminal.console()
        done, failures = _measure(measurable, given.rounds, given.seconds, console)
    except KeyboardInterrupt:
        print("findings: interrupted; no table is written", file=sys.stderr)
        return BY_HAND
    from findings.cost.measure.table import tables, write
    from findings.planning.request import changes

    if done:
        _show(measurable, done, console)
    changed = [key for key in changes(given.overrides) if key != "seed"]
    if changed:
        left = ", ".join(str(path) for path in tables(measurable))
        terminal.say(
            console, f"note: with {', '.join(changed)} changed, these are not the finding's own; {left} is left alone"
        )
    else:
        for path in write(done):
            terminal.say(console, f"written to {path}")
    for line in failures:
        terminal.say(console, line)
    return FAILED if failures else 0


def _plan(sweep: str, overrides: Sequence[str], planner: "Planner | None") -> "list[Network]":
    from findings.engines.processes import prepare

    prepare(*PRELOADED)
    from findings.cost.measure.rounds import networks
    from findings.planning.plan import share_threads
    from findings.planning.request import request

    asked = request(sweep, overrides, _about_cost, planner)
    for one in asked.sweeps:
        if one.check:
            own = f"{one.scale}/{one.finding}"
            raise InputError(one.name, "is a check, whose costs no claim is about", [own], own)
    asked.refuse_other_data()
    return networks(share_threads(asked.runs, 1))


def _about_cost(sweep: "Sweep") -> bool:
    """Whether a claim waits for the costs of this sweep's networks."""
    from findings.studies import findings

    finding = findings().get(sweep.finding)
    return finding is None or (not sweep.check and any(claim.kind == "measured" for claim in finding.claims))


def _rounds(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise InputError("--rounds", f"'{text}' is no number above 0")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise InputError("--seconds", f"'{text}' is no number above 0")
    return seconds


def _measure(
    networks: "Sequence[Network]", rounds: int, seconds: float, console: "Console"
) -> "tuple[list[Measured], list[str]]":
    """What was measured, and a line for each network that could not be."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from findings.cost.measure.measurement import Failure
    from findings.cost.measure.rounds import measured

    done, failures, round = [], [], 0
    began, quiet = time.monotonic(), terminal.Quiet()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # drawn between measurements only: nothing else of ours runs during one
    bar = Progress(*columns, console=console, disable=not console.is_terminal, transient=True, auto_refresh=False)
    total = rounds * len(networks)
    with bar:
        task = bar.add_task(f"{len(networks)} networks, {rounds} rounds", total=total)
        bar.refresh()
        for count, one in enumerate(measured(networks, rounds, seconds), 1):
            if isinstance(one.result, Failure):
                failures.append(f"failed: {one.network.label}: {one.result.problem}")
                total -= rounds - one.round  # it is not tried again
            else:
                done.append(one)
            bar.update(task, completed=count, total=total, refresh=True)
            now = time.monotonic()
            if not console.is_terminal and (one.round != round or quiet.is_over()):
                round = one.round
                quiet.begin()
                left = f", about {(now - began) / (count - 1) * (total - count):.0f} s left" if count > 1 else ""
                terminal.say(console, f"[{count}/{total}] round {round} of {rounds}{left}")
            if count == 1:
                began = now  # the first one waits for the server of the processes
    return done, failures


def _show(networks: "Sequence[Network]", done: "Sequence[Measured]", console: "Console") -> None:
    from rich.table import Table

    from findings.cost.measure.measurement import Measurement
    from findings.cost.measure.table import share_of_others, spread
    from findings.judging.measured import SUSPICIOUS
    from findings.system.processes import cores

    table = Table("network")
    for column in ("ms per step", "images/s", "peak MiB"):
        table.add_column(column, justify="right")
    results: list[Measurement] = []
    for network in networks:
        own = [one.result for one in done if one.network is network and isinstance(one.result, Measurement)]
        results += own
        if own:
            table.add_row(
                network.label,
                spread([result.milliseconds_per_step for result in own]),
                spread([result.images_per_second for result in own]),
                f"{median([result.peak_memory_mib for result in own]):,.1f}",
            )
    console.print(table)
    facts = {(one.network.config.recipe.precision.name, one.network.config.recipe.batch_size) for one in done}
    for device, kind, threads in sorted({(result.device, result.accelerator, result.threads) for result in results}):
        for precision, batch in sorted(facts):
            terminal.say(
                console, f"{device} ({kind}), {precision}, {threads} thread{'s'[: threads != 1]}, batches of {batch}"
            )
    share = share_of_others(results, cores())
    if share > SUSPICIOUS:
        terminal.say(
            console,
            f"warning: the machine was not ours alone: others had {100 * share:.0f} % of its cores' time meanwhile; "
            "these figures are not to be trusted",
        )
