"""findings submit SWEEP --cluster NAME [--dry-run] [--pack K] [--max-parallel M] [--check] [--json] [override ...]"""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from findings.cli.arguments import add_sweep
from findings.errors import InputError

if TYPE_CHECKING:
    from findings.config.schema import Config
    from findings.engines.slurm.profile import Profile
    from findings.engines.slurm.submission import Submission
    from findings.planning.plan import PlannedRun
    from findings.planning.request import Request


def run(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    add_sweep(parser)
    parser.add_argument("--cluster", required=True, metavar="NAME", help="a profile: conf/cluster/NAME.yaml, or a file")
    parser.add_argument("--dry-run", action="store_true", help="print the script, and submit nothing")
    parser.add_argument(
        "--pack", type=_count, metavar="K", help="runs side by side in a task (default: one for each of its devices)"
    )
    parser.add_argument("--max-parallel", type=_count, metavar="M", help="tasks at a time (default: the profile's)")
    parser.add_argument(
        "--agent", metavar="SWEEP_ID", help="runs that this W&B sweep hands out: `wandb sweep` names it"
    )
    parser.add_argument("--check", action="store_true", help="submit nothing but a short job that tries a node")
    parser.add_argument("--json", action="store_true", help="print the job as JSON, and all else on stderr")
    given = parser.parse_intermixed_args(arguments)
    from findings.engines.slurm import handover
    from findings.engines.slurm import profile as profiles
    from findings.planning.plan import longest_first
    from findings.planning.request import request

    of_cluster = [text for text in given.overrides if text.startswith("cluster.")]
    profile = profiles.read(given.cluster, of_cluster)
    if given.pack is None:
        given.pack = profile.task_devices or 1
    if given.pack > 1 and profile.processes > 1:
        raise InputError(
            "--pack", f"a run has {profile.processes} processes of its own on {given.cluster}: leave it out"
        )
    of_runs = [text for text in given.overrides if text not in of_cluster]
    if given.agent:
        _check_agent(given.cluster, profile, of_runs, given.pack)
    asked = request(given.sweep, of_runs)
    if asked.note:
        print(asked.note, file=sys.stderr if given.dry_run or given.json else sys.stdout)
    asked.refuse_unfinished_starts()
    asked.refuse_other_data()
    planned = longest_first(asked.runs)
    if given.dry_run:
        return _show(given, planned, profile)
    handover.refuse_elsewhere()
    if given.check:
        return _check_node(planned, profile, given.pack)
    runs_dir = Path(planned[0].config.runs_dir)
    with handover.one_at_a_time(runs_dir):
        handover.settle(runs_dir, certain=True)
        return _submit(given, asked, planned, profile)


def _show(given: argparse.Namespace, planned: "Sequence[PlannedRun]", profile: "Profile") -> int:
    """The script. Nothing is written, and SLURM need not be here."""
    from findings.engines.slurm.script import render
    from findings.engines.slurm.standing import standing

    ready = _for_cluster(standing(planned, ask=False).missing, profile, given.pack)
    if ready:
        print(render(_prepared(given, ready, profile), profile, given.max_parallel), end="")
    else:
        print("nothing to submit")
    return 0


def _check_node(planned: "Sequence[PlannedRun]", profile: "Profile", pack: int) -> int:
    """Try on a node what the first of the runs needs; show a table."""
    from findings.config.frozen import freeze
    from findings.engines.slurm import check, script, submission
    from findings.system import terminal
    from findings.training.command import FAILED

    (run,) = _for_cluster(planned[:1], profile, pack)
    runs_dir = Path(run.config.runs_dir)
    runs_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=runs_dir, prefix=check.FOLDER, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        submission.copy_code(folder / "code")
        (folder / "config.yaml").write_text(freeze(run))
        (folder / check.SCRIPT).write_text(script.render_check(profile))
        gpus = profile.shared_devices if profile.gres else 0
        wanted = {"gpus": gpus, "internet": profile.internet, "runs_dir": str(runs_dir)}
        (folder / check.WANTED).write_text(json.dumps(wanted))
        found = check.send(folder, print)
    from rich.table import Table

    table = Table("on a node", "", "what was seen")
    for one in found:
        table.add_row(one.what, "yes" if one.well else "[red]no[/red]", one.seen)
    terminal.console().print(table)
    return 0 if all(one.well for one in found) else FAILED


def _submit(given: argparse.Namespace, asked: "Request", planned: "Sequence[PlannedRun]", profile: "Profile") -> int:
    from findings.engines.slurm import handover, queue, submission
    from findings.engines.slurm.script import render
    from findings.engines.slurm.standing import standing

    say = partial(print, file=sys.stderr if given.json else sys.stdout)
    stands = standing(planned, ask=True)
    ready = _for_cluster(stands.missing, profile, given.pack)
    say(f"{len(planned)} runs planned: {stands}")
    elsewhere = [run for run in stands.queued if stands.under[run.id].sweep != given.sweep]
    for other in {stands.under[run.id].directory: stands.under[run.id] for run in elsewhere}.values():
        of_it = sum(stands.under[run.id] is other for run in elsewhere)
        say(f"{of_it} of those in the queue are job {other.job}'s, of {other.sweep}")
    for task in stands.held:
        why = queue.release(task)
        name = f"{task.job}_{task.index}, which a node could not start and SLURM holds"
        say(f"cannot release {name}: {why}" if why else f"released {name}")
    if not ready:
        asked.freeze([])
        say("nothing to submit")
        if given.json:
            print(json.dumps({"job": None, "runs": []}))
        return 0
    made = _prepared(given, ready, profile, elsewhere)
    script = render(made, profile, given.max_parallel)
    _refuse_other_devices(ready, profile)
    asked.freeze([] if given.agent else ready)
    try:
        submission.lay_down(made, script)
    except OSError:  # a full disk: half of it is worth nothing
        shutil.rmtree(made.directory, ignore_errors=True)
        raise
    made = handover.hand_over(made, internet=profile.internet)
    runs = f"runs of W&B's sweep {given.agent}" if given.agent else f"{len(ready)} runs"
    say(f"submitted as job {made.job}: {runs} in {made.tasks} tasks; {_shown(made.directory)}")
    if not given.agent:
        say(f"`findings status {given.sweep}` shows how far they are")
    if given.json:
        told = {"job": made.job, "cluster": made.cluster, "tasks": made.tasks, "runs": made.runs}
        print(json.dumps(told | {"directory": str(made.directory)}))
    return 0


def _prepared(
    given: argparse.Namespace,
    ready: "Sequence[PlannedRun]",
    profile: "Profile",
    elsewhere: "Sequence[PlannedRun]" = (),
) -> "Submission":
    from findings.engines.slurm import queue, submission

    return submission.prepare(
        given.sweep,
        ready,
        pack=given.pack,
        most=min(queue.max_array_size(profile.cluster), (profile.max_tasks or sys.maxsize - 1) + 1),
        processes=profile.processes,
        agent=given.agent,
        cluster=profile.cluster,
        elsewhere=elsewhere,
    )


def _check_agent(cluster: str, profile: "Profile", overrides: Sequence[str], pack: int) -> None:
    if not profile.internet:
        raise InputError(
            "--agent", f"an agent asks W&B for every run, and {cluster}'s nodes do not reach it (internet: false)"
        )
    if pack > 1 or profile.processes > 1:
        raise InputError("--agent", "an agent trains one run at a time, in one process")
    if overrides:
        raise InputError(
            "--agent", f"the runs are those of W&B's sweep, which knows nothing of {overrides[0]}; allowed: cluster.*"
        )


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise InputError("findings submit", f"'{text}' is no number above 0")
    return int(text)


def _for_cluster(runs: "Sequence[PlannedRun]", profile: "Profile", pack: int) -> "list[PlannedRun]":
    """The runs as they are frozen: with absolute paths, for the profile's devices, and nothing to fetch."""
    from findings.config.checks import check
    from findings.engines.slurm.profile import check_grace

    for seconds in {run.config.trainer.chunk_seconds for run in runs}:
        check_grace(profile, seconds)
    made = [replace(run, config=_config(run.config, profile, pack)) for run in runs]
    for run in made:
        try:
            check(run.config)
        except InputError as error:  # a batch, say, that so many devices cannot share
            raise InputError(run.id, str(error)) from None
    return made


def _refuse_other_devices(runs: "Sequence[PlannedRun]", profile: "Profile") -> None:
    from findings.config.frozen import thaw
    from findings.records.record import Record

    for run in runs:
        record = Record(run.directory)
        if not record.has_begun:
            continue
        trainer = thaw(record.config).config.trainer
        if trainer.devices * trainer.nodes != profile.processes:
            raise InputError(
                run.id,
                f"has begun on {trainer.nodes} x {trainer.devices} devices and goes on with as many; "
                f"the profile has {profile.nodes} x {profile.devices}",
            )


def _config(config: "Config", profile: "Profile", pack: int) -> "Config":
    from findings.data.cache import directory
    from findings.data.roots import root

    trainer = config.trainer
    accelerator = "cuda" if profile.gres else "cpu"
    return replace(
        config,
        runs_dir=str(Path(config.runs_dir).resolve()),
        results_dir=str(Path(config.results_dir).resolve()),
        data=replace(
            config.data,
            root=str(root(config.data).resolve()),  # jobs start in the submission's folder
            cache=str(directory(config.data.cache).resolve()),
            download=False,
        ),
        trainer=replace(
            trainer,
            devices=profile.devices,
            nodes=profile.nodes,
            accelerator=accelerator if trainer.accelerator == "auto" else trainer.accelerator,
            threads=trainer.threads or max(1, profile.task_cpus // pack),
            compiled=bool(trainer.compiled),
        ),
        tracking=config.tracking
        if profile.internet or config.tracking.mode == "none"
        else replace(config.tracking, mode="offline"),
    )


def _shown(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
