"""findings run SWEEP [--jobs N] [--time-limit 9m] [--retry-failed] [override ...]"""

import argparse
import contextlib
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from findings.cli.arguments import add_sweep, jobs, seconds
from findings.system import terminal
from findings.system.terminal import say
from findings.training.command import FAILED, INTERRUPTED, REFUSED

if TYPE_CHECKING:
    from findings.planning.plan import Planner


def run(parser: argparse.ArgumentParser, arguments: Sequence[str], planner: "Planner | None" = None) -> int:
    started = time.monotonic()
    add_sweep(parser)
    parser.add_argument(
        "--jobs", type=jobs, metavar="N", help="runs side by side (default: auto, measured where it pays)"
    )
    parser.add_argument(
        "--time-limit",
        type=seconds,
        metavar="TIME",
        help="stop in time, resumable (exit code 75 if runs are left): 90s, 9m, 1.5h",
    )
    parser.add_argument("--retry-failed", action="store_true", help="try runs again that failed")
    given = parser.parse_intermixed_args(arguments)
    from findings.engines.processes import prepare

    prepare()

    from findings.cost.autotune import apply, choose
    from findings.cost.emulation import warning
    from findings.engines.devices import gpus
    from findings.engines.local.display import Display
    from findings.engines.local.pool import run_locally
    from findings.engines.mps import shared_gpus
    from findings.planning.plan import longest_first
    from findings.planning.request import request

    console = terminal.console()
    until = None if given.time_limit is None else started + given.time_limit
    with _leaving():
        asked = request(given.sweep, given.overrides, planner=planner)
        for line in (asked.note, warning(asked.runs)):
            if line:
                say(console, line)
        asked.refuse_unfinished_starts()
        asked.refuse_other_data()
        choice = choose(
            asked.runs, given.jobs, lambda line: console.print(line, highlight=False, soft_wrap=True), until
        )
        planned = longest_first(asked.freeze(apply(asked.runs, choice)))
    with Display(planned, console) as display, shared_gpus(choice.jobs, len(gpus())):
        result = run_locally(planned, jobs=choice.jobs, display=display, retry_failed=given.retry_failed, until=until)
    done, failed = result.of("finished", "skipped"), result.of("failed", "refused")
    line = f"{len(done)} of {len(planned)} runs finished"
    if len(done) + len(failed) < len(planned):
        line += "; the same command goes on with the others"
    console.print(line, highlight=False, soft_wrap=True)
    for run_id in failed:
        say(console, f"failed: {run_id}: {result.reasons.get(run_id, '')}")
    if failed:
        console.print("tracebacks are in runs/<run>/record.json; --retry-failed tries again", soft_wrap=True)
    if result.of("refused"):
        return REFUSED
    left = len(done) + len(failed) < len(planned)  # a signal, the time limit or a full disk came first
    return INTERRUPTED if result.signalled or left else FAILED if failed else 0


@contextlib.contextmanager
def _leaving() -> Iterator[None]:
    """End at a signal as training does, while there are no workers yet that could write checkpoints."""

    def leave(number: int, _: FrameType | None) -> NoReturn:
        print(f"findings: received {signal.Signals(number).name}; the same command goes on", file=sys.stderr)
        raise SystemExit(INTERRUPTED)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGUSR1)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
