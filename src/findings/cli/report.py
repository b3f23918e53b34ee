"""findings report [SCALE] [--wide] [--json]"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from findings.cli.arguments import folders
from findings.errors import InputError
from findings.system import terminal


def run(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    parser.add_argument("scale", metavar="SCALE", nargs="?", help="default: every scale that has been planned")
    parser.add_argument("overrides", metavar="override", nargs="*", help="results_dir=DIR, runs_dir=DIR")
    parser.add_argument("--wide", action="store_true", help="claims in whole sentences, and why they are judged so")
    parser.add_argument("--json", action="store_true", help="what verdicts.json holds, of each scale")
    given = parser.parse_intermixed_args(arguments)
    scale, overrides = given.scale, given.overrides
    if scale and "=" in scale:
        scale, overrides = None, [scale, *overrides]
    chosen_folders = folders(overrides, "results_dir", "runs_dir")

    from findings.report import build as report

    console = terminal.console()
    verdicts = {}
    for chosen in [scale] if scale else planned_scales(chosen_folders["results_dir"]):
        made = report.build(chosen, chosen_folders["results_dir"], chosen_folders["runs_dir"])
        verdicts[chosen] = [verdict.as_dict() for verdict in made.verdicts]
        if given.json:
            continue
        console.print(report.summary_table(made.verdicts, wide=given.wide))
        for path in (made.page, made.readme, *made.figures):
            console.print(str(path), highlight=False, soft_wrap=True)
    if given.json:
        terminal.say_json(verdicts)
    return 0


def planned_scales(results: Path) -> list[str]:
    scales = sorted({path.parent.parent.name for path in results.glob("*/*/plan.json")})
    if not scales:
        raise InputError(str(results), "nothing has been planned here yet: `findings run quick` does, and trains it")
    return scales
