"""Freeze a plan: every config is on disk before the first run starts, so that an edit of conf/ changes none of them."""

import contextlib
from collections.abc import Sequence

from findings.config.frozen import freeze, thaw
from findings.config.identity import refuse_other
from findings.planning.plan import PlannedRun
from findings.records.lease import Leased, lease
from findings.records.record import Record


def freeze_plan(runs: Sequence[PlannedRun]) -> list[PlannedRun]:
    """Write runs/<run id>/config.yaml for each run, and a record that says it is planned; returns the runs as frozen.

    What changes its rounding a run keeps; where it finds its data, how it is tracked and, until it has begun, its
    devices may change. Raises InputError where the directory holds another run's config.
    """
    return [_freeze(run) for run in runs]


def _freeze(run: PlannedRun) -> PlannedRun:
    record = Record(run.directory)
    if record.config.exists() and record.config.read_text() != freeze(run):
        frozen = thaw(record.config)
        refuse_other(frozen, run)
        run = run.rounded_as(frozen, begun=record.has_begun)
    if record.status == "finished":
        return run
    with contextlib.suppress(Leased), lease(record.directory):  # what is in training elsewhere is frozen already
        record = Record(record.directory)
        record.write_config(freeze(run))
        if not record.path.exists():
            record.update(
                id=run.id,
                arm=run.arm,
                name=run.name,
                scale=run.config.scale,
                findings=run.config.findings,
                seed=run.config.seed,
                status="planned",
                iterations=run.config.recipe.iterations,
            )
    return run
