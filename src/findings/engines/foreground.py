"""One run in this process, in sight of whoever started it: a bar on a terminal, a plain line now and then in a log."""

import os
from collections.abc import Sequence

from rich.progress import Progress

from findings.config.identity import Run
from findings.errors import InputError
from findings.records.lease import Leased
from findings.records.library import RecordedRun
from findings.records.record import Record
from findings.system import terminal
from findings.system.processes import cores
from findings.system.terminal import Quiet, say
from findings.training.processes import launched, launchers_size
from findings.training.refusals import refuse_other_size
from findings.training.signals import Stop
from findings.training.train import Outcome, train
from findings.wandb_mirror.mirror import mirror


def train_here(run: Run, *, retry_failed: bool) -> Outcome:
    """Start, resume or skip ``run`` on all cores, mirrored; with others, where srun or torchrun has started several.

    Raises InputError, and Leased if another process trains the run.
    """
    if run.config.trainer.threads is None:
        run = run.with_trainer(threads=max(1, cores() // int(os.environ.get("LOCAL_WORLD_SIZE", "1"))))
    refuse_other_size(run.config, launchers_size())  # before it waits for the others: a shell may be another launcher's
    world = launched()
    console, quiet = terminal.console(quiet=not world.leads), Quiet()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bars:
        bar = bars.add_task(run.id, total=run.config.recipe.iterations)

        def progress(iteration: int, iterations: int, latest: str) -> None:
            bars.update(bar, completed=iteration)
            if not console.is_terminal and quiet.is_over():
                quiet.begin()
                say(console, f"iteration {iteration:,} of {iterations:,} {latest}")

        outcome = train(run, stop=Stop(), progress=progress, observer=mirror, retry_failed=retry_failed, world=world)
    console.quiet = not (world.leads or world.parted)
    say(console, f"{outcome.status}{f': {outcome.reason}' if outcome.reason else ''}: {run.directory}")
    return outcome


def trained(overrides: Sequence[str], *, retry_failed: bool) -> RecordedRun:
    """The record of the run of these overrides, once it is trained.

    Raises InputError for bad overrides and for a run in training elsewhere, RuntimeError where training failed,
    KeyboardInterrupt where it was stopped.
    """
    from findings.config.compose import Composer, parse  # Hydra, which a frozen run does without
    from findings.planning.plan import count

    for override in parse(overrides):
        if override.is_sweep_override():
            raise InputError(override.key_or_group, "a comma list is several runs: train them one by one")
    run = Composer().compose(overrides)
    count(run.config)  # a network that cannot be built leaves nothing behind
    try:
        outcome = train_here(run, retry_failed=retry_failed)
    except Leased as holder:
        raise InputError(run.id, str(holder)) from None
    if outcome.status == "interrupted":  # returned as if it were whole, it would be drawn so by a notebook's next cell
        raise KeyboardInterrupt(f"{run.id}: {outcome.reason}; the same call goes on from its checkpoint")
    record = Record(run.directory)
    if outcome.status == "failed":
        reason = record.get("reason") or outcome.reason
        raise RuntimeError(f"{run.id} failed: {reason}; retry_failed=True tries again")
    return RecordedRun(record)
