"""findings curves SWEEP [--metric NAME] [--x AXIS] [--log] [--arms A,B] [results_dir=DIR] [runs_dir=DIR]"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from findings.cli.arguments import folders
from findings.errors import InputError
from findings.system import terminal

if TYPE_CHECKING:
    from findings.judging.evidence import Evidence


def run(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    from findings.judging.recorded import METRIC_COLUMNS
    from findings.report.terminal_curves import AXES, Chart, lines_of

    parser.add_argument("sweep", metavar="SWEEP", help="scale/finding, planned here")
    parser.add_argument("overrides", metavar="override", nargs="*", help="results_dir=DIR, runs_dir=DIR")
    parser.add_argument("--metric", default="test_error", metavar="NAME", help="a column of metrics.csv")
    parser.add_argument("--x", default=AXES[0], metavar="AXIS", help=f"{', '.join(AXES)} (default: {AXES[0]})")
    parser.add_argument("--log", action="store_true", help="a logarithmic axis; zeros lie on its bottom")
    parser.add_argument("--arms", default="", metavar="A,B", help="these alone")
    given = parser.parse_intermixed_args(arguments)
    where = folders(given.overrides, "results_dir", "runs_dir")
    _one_of("--metric", given.metric, METRIC_COLUMNS)
    _one_of("--x", given.x, AXES)
    evidence = _evidence(given.sweep, where)
    arms = [name for name in given.arms.split(",") if name]
    for name in arms:
        _one_of("--arms", name, [arm.label for arm in evidence.plan.arms])
    lines = lines_of(evidence, given.metric, given.x, arms)
    terminal.console().print(Chart(lines, given.metric, given.x, log=given.log))
    return 0


def _evidence(sweep: str, where: dict[str, Path]) -> "Evidence":
    """The tables and the records as they are; nothing is written."""
    from findings import studies
    from findings.judging.evidence import read_plan
    from findings.judging.merge import as_it_stands

    known = {f"{path.parts[-3]}/{path.parts[-2]}": path for path in where["results_dir"].glob("*/*/plan.json")}
    if sweep not in known:
        raise InputError(f"'{sweep}'", f"has not been planned in {where['results_dir']}", sorted(known), sweep)
    plan = read_plan(known[sweep])
    finding = studies.findings().get(plan.finding)
    labelled = plan.labelled(finding.labels if finding else {})
    return as_it_stands(labelled, known[sweep].parent, where["runs_dir"])


def _one_of(option: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise InputError(option, f"'{value}' is none", allowed, value)
