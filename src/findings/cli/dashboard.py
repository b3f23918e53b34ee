"""findings dashboard [SCALE | SWEEP] [--live [--port N] | --wandb [--dry-run]] [--open] [override ...]"""

import argparse
import contextlib
import getpass
import json
import os
import socket
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from findings.cli.arguments import folders
from findings.cli.report import planned_scales
from findings.errors import InputError
from findings.system import terminal
from findings.training.command import FAILED

if TYPE_CHECKING:
    from rich.console import Console


def run(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    parser.add_argument("what", metavar="SCALE", nargs="?", help="a scale, or one of its sweeps: scale/finding")
    parser.add_argument(
        "overrides",
        metavar="override",
        nargs="*",
        help="results_dir=DIR, runs_dir=DIR; with --wandb also tracking.entity=, tracking.project=",
    )
    parser.add_argument(
        "--live", action="store_true", help="serve it to this machine; new rows appear as they are made"
    )
    parser.add_argument("--port", type=_port, default=0, metavar="N", help="of --live (default: any that is free)")
    parser.add_argument("--open", action="store_true", help="in the browser")
    parser.add_argument("--wandb", action="store_true", help="make or change its workspaces and reports in W&B")
    parser.add_argument("--dry-run", action="store_true", help="of --wandb: print what would be sent, as JSON")
    given = parser.parse_intermixed_args(arguments)
    what, overrides = given.what, given.overrides
    if what and "=" in what:
        what, overrides = None, [what, *overrides]
    project: dict[str, str] = {}
    if given.wandb:
        project, overrides = _project(overrides)
    elif given.dry_run:
        raise InputError("--dry-run", "is of --wandb")
    if given.wandb and given.live:
        raise InputError("--wandb", "sends what there is, and --live goes on: use one of them")
    where = folders(overrides, "results_dir", "runs_dir")
    scale, sweep = _chosen(what, where["results_dir"])
    anchor = f"#sweep={sweep}" if sweep else ""
    console = terminal.console()
    if given.wandb:
        return _to_wandb(scale, sweep, where, project, given.dry_run, given.open)
    if given.live:
        return _serve(console, scale, where, given.port, anchor, given.open)
    from findings.report.build import build

    page = build(scale, where["results_dir"], where["runs_dir"]).page
    address = page.resolve().as_uri() + anchor
    console.print(str(page) if not anchor else address, highlight=False, soft_wrap=True)
    if given.open:
        webbrowser.open(address)
    return 0


def _chosen(what: str | None, results_dir: Path) -> tuple[str, str]:
    """The scale, and the sweep where one is named."""
    scales = planned_scales(results_dir)
    if what is None:
        if len(scales) > 1:
            raise InputError("findings dashboard", "which scale? Name one", scales)
        return scales[0], ""
    scale, _, sweep = what.partition("/")
    if scale not in scales:
        raise InputError(f"'{scale}'", f"nothing of that scale has been planned in {results_dir}", scales, scale)
    sweeps = sorted(path.parent.name for path in (results_dir / scale).glob("*/plan.json"))
    if sweep and sweep not in sweeps:
        raise InputError(f"'{sweep}'", f"no such sweep has been planned at {scale}", sweeps, sweep)
    return scale, sweep


def _serve(console: "Console", scale: str, where: dict[str, Path], port: int, anchor: str, opened: bool) -> int:
    from findings.report.build import chapters
    from findings.report.dashboard.file import html, sweeps_of
    from findings.report.dashboard.live import LOCAL, Server, Watched

    made = chapters(scale, where["results_dir"], where["runs_dir"])
    planned = [(name, one.plan, where["results_dir"] / scale / name) for name, _, one in sweeps_of(made)]
    try:
        server = Server(
            Watched(planned, where["runs_dir"]),
            lambda live: html(scale, made, live),
            lambda: _said([run for _, plan, _ in planned for run in plan.runs], where["runs_dir"]),
            port,
        )
    except OSError as error:
        raise InputError("--port", f"{port} cannot be had: {error.strerror}") from error
    address = server.address + anchor
    console.print(f"{address}\n^C ends it", highlight=False, soft_wrap=True)
    if "SSH_CONNECTION" in os.environ:  # the browser is on another machine
        tunnel = f"ssh -L {server.server_port}:{LOCAL}:{server.server_port} {getpass.getuser()}@{socket.getfqdn()}"
        console.print(f"from your own machine: {tunnel}", highlight=False, soft_wrap=True)
    if opened:
        webbrowser.open(address)
    with contextlib.suppress(KeyboardInterrupt), server:
        server.serve_forever()
    return 0


def _project(overrides: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """W&B's entity and project, from tracking's overrides, and the overrides that are left."""
    found, others = {"entity": "", "project": "findings"}, []
    for override in overrides:
        key, _, value = override.partition("=")
        name = key.removeprefix("tracking.")
        if name == key:
            others.append(override)
        elif name not in found:
            raise InputError(f"'{override}'", "no such override of --wandb", [f"tracking.{one}" for one in found], key)
        elif not value:
            raise InputError(f"'{override}'", "is given no name")
        else:
            found[name] = value
    return found, others


def _to_wandb(scale: str, sweep: str, where: dict[str, Path], project: dict[str, str], dry: bool, opened: bool) -> int:
    """A workspace and a report for each finding of the scale, or for the one that is named."""
    import importlib.util

    from findings.report.build import chapters
    from findings.wandb_mirror.server import has_key, host

    if importlib.util.find_spec("wandb_workspaces") is None:
        raise InputError("--wandb", "needs W&B's package for it: pip install 'findings[views]'")
    if not dry and not has_key():
        raise InputError("W&B", f"no key for {host()} is found: `wandb login`, or set WANDB_API_KEY")
    made = chapters(scale, where["results_dir"], where["runs_dir"])
    named = [one for one in made if sweep in ("", one.folder)]
    if not named:  # a check has no views of its own: they are in its finding's
        named = [one for one in made if one.finding.name == sweep.partition(".")[0]]
    from findings.wandb_mirror.views.keep import send, would_send

    if dry:
        told = {one.evidence.plan.name: would_send(one, **project) for one in named}
        print(json.dumps(told, indent=2, ensure_ascii=False))
        return 0
    import wandb

    try:
        os.environ.setdefault("WANDB_SILENT", "true")
        entity = project["entity"] or wandb.Api().default_entity
        if not entity:
            raise InputError("--wandb", "W&B names no entity of yours: say which, tracking.entity=NAME")
        for one in named:
            views = send(one, where["results_dir"] / scale / one.folder, entity, project["project"])
            terminal.say(terminal.console(), f"{one.evidence.plan.name}\n  {views.workspace}\n  {views.report}")
            if opened:
                webbrowser.open(views.workspace)
    except InputError:
        raise
    except Exception as error:  # the client's own kinds, and those of whatever it is made of
        terminal.say(terminal.console(), f"W&B took no view: {type(error).__name__}: {' '.join(str(error).split())}")
        return FAILED
    return 0


def _said(runs: Sequence[str], runs_dir: Path) -> str:
    """How many runs are where, and how long those under way may take; SLURM is asked twice a minute at most."""
    from findings.engines.slurm.state import states
    from findings.engines.slurm.submission import submissions

    found = states(runs, runs_dir, submissions(runs_dir), age=30)
    order = ("running", "starting", "queued", "suspended", "interrupted", "failed", "lost")
    tally = [f"{count} {name}" for name in order if (count := sum(one.state == name for one in found))]
    left = [one.left for one in found if one.state == "running" and one.left]
    return ", ".join([*tally, *([f"about {max(left) / 60:.0f} min for those in training"] if left else [])])


def _port(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise InputError("--port", f"'{text}' is no number from 1 to 65535")
    return int(text)
