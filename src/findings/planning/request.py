"""What a command is asked for: the sweeps of a name, with overrides, as runs; and whether they are the sweeps' own."""

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path

from findings.data import load
from findings.errors import InputError
from findings.planning.freezing import freeze_run, write_plan
from findings.planning.plan import PlannedRun, Planner
from findings.planning.sweeps import Sweep, find
from findings.records.record import Record
from findings.records.starts import source

# overrides that say where and how, not what: with these the plan is the sweep's own
SILENT = (
    *("trainer", "tracking", "runs_dir", "results_dir", "data.root", "data.mirror", "data.cache", "data.download"),
    *("data.train_images", "data.test_images"),
)
AXES = ("model", "seed")  # more or fewer of a sweep's own runs; its protocol stays


@dataclass(frozen=True)
class Request:
    """A plan, of which nothing is on disk until it is frozen. ``runs``: those of two findings are there once."""

    sweeps: list[Sweep]
    plans: list[list[PlannedRun]]  # of each sweep
    changed: list[str]  # keys that are overridden and change what is trained
    runs: list[PlannedRun]
    planner: Planner

    @property
    def note(self) -> str | None:
        """What a reader has to know of a protocol that is not the sweeps' own."""
        if set(self.changed) <= set(AXES):
            return None
        return (
            f"note: with {', '.join(self.changed)} changed, these runs are recorded, but are none of the finding's own"
        )

    def freeze(self, runs: Sequence[PlannedRun]) -> list[PlannedRun]:
        """Write the configs of ``runs``, all or some of this plan's as an engine is to train them, and each plan.json.

        Returns the runs as they are frozen. Reports judge protocols as their sweeps state them: a plan with another
        protocol leaves plan.json alone. Raises InputError where a run's directory holds another run's config.
        """
        frozen = [freeze_run(run) for run in runs]
        if self.note is None:
            for sweep, planned in zip(self.sweeps, self.plans, strict=True):
                write_plan(sweep, planned, self.planner, overridden=bool(self.changed))
        return frozen

    def refuse_unfinished_starts(self) -> None:
        """Runs that begin with another's weights come after it: raises InputError where that one is not finished."""
        for run in self.runs:
            if not Record(run.directory).has_begun:
                source(run)

    def refuse_other_data(self) -> None:
        """Load each data set once, before anything starts, and compare it with what runs of that name were trained on.

        Raises InputError naming a run of the same data's name and other images.
        """
        for config in {astuple(run.config.data): run.config for run in self.runs}.values():
            fingerprint = load(config.data).fingerprint
            for path in sorted(Path(config.runs_dir).glob("*/record.json")):
                data = Record(path.parent).get("provenance", {}).get("data", {})
                if data.get("name") == config.data.full_name and data.get("fingerprint") != fingerprint:
                    raise InputError(
                        "data.name",
                        f"two data sets are called '{config.data.full_name}': {path.parent.name} was trained on "
                        f"{data.get('fingerprint', '')[:12]}..., data.root={config.data.root} holds "
                        f"{fingerprint[:12]}...; give one of them another name",
                    )


def request(
    name: str,
    overrides: Sequence[str],
    wanted: Callable[[Sweep], bool] = lambda _: True,
    planner: Planner | None = None,
) -> Request:
    """Plan a sweep, or all sweeps of a scale; writes nothing. Raises InputError naming the run that is wrong.

    A ``planner`` composes and builds nothing twice. Of a scale's sweeps those that are not ``wanted`` are left out,
    unless none is.
    """
    planner, sweeps = planner or Planner(), find(name)
    if len(sweeps) > 1:
        sweeps = [sweep for sweep in sweeps if wanted(sweep)] or sweeps
    plans = [planner.plan(sweep, overrides) for sweep in sweeps]
    merged: dict[str, PlannedRun] = {}
    for runs in plans:
        for planned in runs:
            known = merged.get(planned.id, planned)
            findings = sorted({*known.config.findings, *planned.config.findings})
            merged[planned.id] = replace(known, config=replace(known.config, findings=findings))
    return Request(sweeps, plans, changes(overrides), list(merged.values()), planner)


def changes(overrides: Sequence[str]) -> list[str]:
    """The keys that are overridden and change what is trained."""
    keys = [override.partition("=")[0] for override in overrides]
    return [key for key in keys if key not in SILENT and key.partition(".")[0] not in SILENT]
