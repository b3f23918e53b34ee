"""findings submit SWEEP --cluster NAME [--dry-run] [--pack K] [--max-parallel M] [override ...]"""

import argparse
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from findings.cli.arguments import add_sweep
from findings.errors import InputError

if TYPE_CHECKING:
    from findings.config.schema import Config
    from findings.engines.slurm.profile import Profile
    from findings.planning.plan import PlannedRun


def run(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    add_sweep(parser)
    parser.add_argument("--cluster", required=True, metavar="NAME", help="a profile: conf/cluster/NAME.yaml, or a file")
    parser.add_argument("--dry-run", action="store_true", help="print the script, and submit nothing")
    parser.add_argument("--pack", type=_count, default=1, metavar="K", help="runs side by side in a task (default: 1)")
    parser.add_argument("--max-parallel", type=_count, metavar="M", help="tasks at a time (default: the profile's)")
    parser.add_argument(
        "--agent", metavar="SWEEP_ID", help="runs that this W&B sweep hands out: `wandb sweep` names it"
    )
    given = parser.parse_intermixed_args(arguments)
    from findings.engines.slurm import profile as profiles
    from findings.engines.slurm import queue, submission
    from findings.engines.slurm.script import render
    from findings.planning.plan import longest_first
    from findings.planning.request import request

    of_cluster = [text for text in given.overrides if text.startswith("cluster.")]
    profile = profiles.read(given.cluster, of_cluster)
    if given.pack > 1 and profile.processes > 1:
        raise InputError(
            "--pack", f"a run has {profile.processes} processes of its own on {given.cluster}: leave it out"
        )
    of_runs = [text for text in given.overrides if text not in of_cluster]
    if given.agent:
        _check_agent(given.cluster, profile, of_runs, given.pack)
    asked = request(given.sweep, of_runs)
    if asked.note:
        print(asked.note, file=sys.stderr if given.dry_run else sys.stdout)
    asked.refuse_unfinished_starts()
    asked.refuse_other_data()
    planned = longest_first(asked.runs)
    wanted, counts = _missing(planned, ask=not given.dry_run)
    ready = _for_cluster(wanted, profile, given.pack)
    if not given.dry_run:
        print(f"{len(planned)} runs planned: {', '.join(f'{count} {what}' for what, count in counts.items())}")
    if not ready:
        if not given.dry_run:
            asked.freeze([])
        print("nothing to submit")
        return 0
    made = submission.prepare(
        given.sweep,
        ready,
        pack=given.pack,
        most=queue.max_array_size(),
        processes=profile.processes,
        agent=given.agent,
    )
    script = render(made, profile, given.max_parallel)
    if given.dry_run:
        print(script, end="")
        return 0
    _refuse_other_devices(ready, profile)
    asked.freeze([] if given.agent else ready)
    submission.lay_down(made, script)
    try:
        job = submission.sbatch(made, internet=profile.internet)
    except InputError:
        shutil.rmtree(made.directory)
        raise
    replace(made, job=job).write()
    runs = f"runs of W&B's sweep {given.agent}" if given.agent else f"{len(ready)} runs"
    print(f"submitted as job {job}: {runs} in {made.tasks} tasks; {_shown(made.directory)}")
    if not given.agent:
        print(f"`findings status {given.sweep}` shows how far they are")
    return 0


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


def _missing(planned: "Sequence[PlannedRun]", *, ask: bool) -> "tuple[list[PlannedRun], dict[str, int]]":
    """The runs that are neither finished nor in a queue nor in training, and how many are what."""
    from findings.engines.slurm import queue
    from findings.engines.slurm.submission import submissions
    from findings.records.lease import leased
    from findings.records.record import Record

    runs_dir = Path(planned[0].config.runs_dir)
    tasks = queue.mine() if ask else []
    earlier = submissions(runs_dir)
    waiting = {
        id
        for submission in earlier
        for task in tasks
        if task.job == submission.job
        for id in submission.of_task(task.index)
        if submission.given_up(id) is None
    }
    groups: dict[str, list[PlannedRun]] = {"finished": [], "in the queue": [], "in training": [], "to submit": []}
    for run in planned:
        record = Record(runs_dir / run.id)
        if record.status == "finished":
            groups["finished"].append(run)
        elif run.id in waiting:
            groups["in the queue"].append(run)
        elif leased(record.directory):
            groups["in training"].append(run)
        else:
            groups["to submit"].append(run)
    return groups["to submit"], {name: len(runs) for name, runs in groups.items() if runs}


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
            threads=trainer.threads or max(1, profile.cpus // pack),
            compiled=bool(trainer.compiled),
        ),
        tracking=config.tracking
        if profile.internet or config.tracking.mode == "none"
        else replace(config.tracking, mode="offline"),
    )


def _shown(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
