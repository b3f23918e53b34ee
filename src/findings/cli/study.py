"""findings study SCALE [--jobs N] [--seconds S] [--time-limit 25m] [--export DIR] [override ...]"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

from findings.cli.arguments import add_sweep, seconds
from findings.errors import InputError
from findings.training.command import BY_HAND, FAILED

FOLDERS = ("runs_dir", "results_dir")
MEASURING = 0.9  # of a time limit: where training took more of it, costs are measured another time


def run(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    """What run, measure and report do one after the other, with one start-up; ends early where one cannot go on."""
    started = time.monotonic()
    add_sweep(parser)
    parser.add_argument("--jobs", default="auto", metavar="N", help="as of `findings run` (default: auto)")
    parser.add_argument("--seconds", default="0.2", metavar="S", help="as of `findings measure` (default: 0.2)")
    parser.add_argument(
        "--time-limit",
        type=seconds,
        metavar="TIME",
        help="stop training in time, resumable, and report: 90s, 25m, 1.5h",
    )
    parser.add_argument(
        "--export", type=Path, metavar="DIR", help="pack the records after training, as `findings export`"
    )
    given = parser.parse_intermixed_args(arguments)
    from findings.cli import export, measure, report
    from findings.cli import run as train
    from findings.engines.processes import prepare
    from findings.planning.request import AXES, changes
    from findings.planning.sweeps import find

    scale = find(given.sweep)[0].scale
    other = [key for key in changes(given.overrides) if key not in AXES]
    if other:
        raise InputError(
            other[0], "a study is of its sweeps' own protocol, which this changes; `findings run` trains with it"
        )
    if given.export and given.export.exists() and not (given.export.is_dir() and not any(given.export.iterdir())):
        raise InputError(str(given.export), "is no empty folder; name a new one")  # at the end it would be too late
    prepare(*measure.PRELOADED)  # for all that follows: the server of processes is started once
    from findings.planning.plan import Planner

    planner = Planner()
    left = None if given.time_limit is None else max(1.0, given.time_limit - (time.monotonic() - started))
    limit = [] if left is None else ["--time-limit", f"{left:.0f}s"]
    code = train.run(_parser("run"), [given.sweep, "--jobs", given.jobs, *limit, *given.overrides], planner)
    # less a second, as the limit that is passed on is a whole number of them
    out_of_time = given.time_limit is not None and time.monotonic() - started > given.time_limit - 1
    if code not in (0, FAILED) and not out_of_time:  # failed runs are in the report; an interrupted one ends it
        return code
    folders = [override for override in given.overrides if override.partition("=")[0] in FOLDERS]
    if given.export:  # before anything that takes its time
        export.run(_parser("export"), [str(given.export), *(one for one in folders if one.startswith("runs_dir="))])
    unmeasured = 0
    if given.time_limit is not None and time.monotonic() - started > MEASURING * given.time_limit:
        print("no time is left to measure costs; `findings measure` does")
    else:
        asked = [given.sweep, "--seconds", given.seconds, *given.overrides]
        unmeasured = measure.run(_parser("measure"), asked, planner)
    if unmeasured == BY_HAND:
        return unmeasured
    report.run(_parser("report"), [scale, *folders])
    return max(code, unmeasured)


def _parser(action: str) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(f"findings {action}")
