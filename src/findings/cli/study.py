"""findings study SCALE [--jobs N] [--seconds S] [override ...]"""

import argparse
from collections.abc import Sequence

from findings.cli.arguments import add_sweep
from findings.errors import InputError
from findings.training.command import BY_HAND, FAILED

FOLDERS = ("runs_dir", "results_dir")


def run(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    """What run, measure and report do one after the other, with one start-up; ends early where one cannot go on."""
    add_sweep(parser)
    parser.add_argument("--jobs", default="auto", metavar="N", help="as of `findings run` (default: auto)")
    parser.add_argument("--seconds", default="0.2", metavar="S", help="as of `findings measure` (default: 0.2)")
    given = parser.parse_intermixed_args(arguments)
    from findings.cli import measure, report
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
    prepare(*measure.PRELOADED)  # for all that follows: the server of processes is started once
    from findings.planning.plan import Planner

    planner = Planner()
    code = train.run(_parser("run"), [given.sweep, "--jobs", given.jobs, *given.overrides], planner)
    if code not in (0, FAILED):  # a run that failed is in the report; what was interrupted goes on another time
        return code
    unmeasured = measure.run(_parser("measure"), [given.sweep, "--seconds", given.seconds, *given.overrides], planner)
    if unmeasured == BY_HAND:
        return unmeasured
    folders = [override for override in given.overrides if override.partition("=")[0] in FOLDERS]
    report.run(_parser("report"), [scale, *folders])
    return max(code, unmeasured)


def _parser(action: str) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(f"findings {action}")
