"""findings pull ENTITY/PROJECT [SCALE | SWEEP] [runs_dir=DIR] [results_dir=DIR]"""

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from findings.cli.arguments import folders
from findings.errors import InputError
from findings.system import terminal
from findings.training.command import FAILED

if TYPE_CHECKING:
    from findings.wandb_mirror.pull import Project


def run(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    parser.add_argument("project", metavar="ENTITY/PROJECT", help="W&B's names of it, as in the project's address")
    parser.add_argument("what", metavar="SWEEP", nargs="?", help="a scale, or scale/finding (default: all runs)")
    parser.add_argument("overrides", metavar="override", nargs="*", help="runs_dir=DIR, results_dir=DIR")
    given = parser.parse_intermixed_args(arguments)
    what, overrides = given.what or "", given.overrides
    if "=" in what:
        what, overrides = "", [what, *overrides]
    where = folders(overrides, "runs_dir", "results_dir")
    if not re.fullmatch(r"[^/\s]+/[^/\s]+", given.project):
        raise InputError(f"'{given.project}'", "names no project of W&B: it is ENTITY/PROJECT")
    from findings.wandb_mirror.server import has_key, host

    if not has_key():
        raise InputError("W&B", f"no key for {host()} is found: `wandb login`, or set WANDB_API_KEY")
    from findings.wandb_mirror.pull import Project

    try:
        project = Project(given.project)
        names, runs = project.records(), project.runs()
    except Exception as error:  # the client's own kinds, and those of whatever it is made of
        terminal.say(terminal.console(), f"W&B does not answer for {given.project}: {_said(error)}")
        return FAILED
    if not names:
        raise InputError(given.project, f"holds no record of a run that has ended ({runs} runs)")
    return _pull(project, names, runs, what, where)


def _pull(project: "Project", names: Sequence[str], runs: int, what: str, where: dict[str, Path]) -> int:
    """All records that are wanted, a line each; one that cannot be brought costs no other."""
    from rich.progress import track

    console = terminal.console()
    scale, _, sweep = what.partition("/")
    found, brought, failed = 0, 0, 0

    def wanted(of: str, findings: list[str]) -> bool:
        return scale in ("", of) and (not sweep or sweep in findings)

    for name in track(names, "W&B", console=console, transient=True, disable=not console.is_terminal):
        try:
            carried = project.pull(name, where["runs_dir"], where["results_dir"], wanted)
        except InputError as error:
            failed += 1
            terminal.say(console, f"not brought: {error}")
            continue
        except Exception as error:  # the client's own kinds, and those of whatever it is made of
            failed += 1
            terminal.say(console, f"not brought: {name}: {_said(error)}")
            continue
        if carried is not None:
            found, brought = found + 1, brought + carried.taken
            terminal.say(console, f"{'brought' if carried.taken else 'left'}: {carried.id} ({carried.why})")
    if not found and not failed:
        raise InputError(f"'{what}'", f"of {len(names)} records in {project.path} none is of it")
    terminal.say(console, f"{brought} of {len(names)} records brought")
    if runs > len(names):
        without = f"{runs - len(names)} of the project's {runs} runs have no record there"
        terminal.say(console, f"{without}: not ended, or `findings sync` where they lie sends it")
    return FAILED if failed else 0


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
