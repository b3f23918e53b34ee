"""--jobs auto: how many runs train side by side, on how many threads, compiled or not. Measured where it pays.

What is chosen changes rounding, so it is frozen with every run; a run that has its config already keeps it.
"""

import contextlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import torch

from findings.config.frozen import thaw
from findings.config.schema import Config
from findings.cost.measure.machine import Others
from findings.cost.measure.measurement import Failure
from findings.data.cache import directory
from findings.engines.devices import gpus
from findings.engines.local.pool import default_jobs
from findings.engines.mps import shared_gpus
from findings.judging.measured import SUSPICIOUS
from findings.planning.plan import PlannedRun, share_threads
from findings.records import provenance
from findings.records.record import Record
from findings.system.files import write_atomically
from findings.system.processes import cores

# multiply-adds, forward and backward: a quarter of an hour on two cores, ten minutes on a GPU
WORTH_MEASURING = {"cpu": 1e14, "cuda": 1e16}
WORTH_COMPILING = {"cpu": 5e13, "cuda": 2e15}  # of one network's runs; to compile takes a minute
SECONDS = 3.0  # of steps, each time
LISTEN = 0.5  # seconds
BETTER = 1.05  # times as fast, or it is not worth a change
MOST_PER_GPU = 16

PATIENCE = 300.0  # seconds for one measurement
SHARE_OF_LIMIT = 0.1  # of a time limit, at most, that is spent on measuring

Measure = Callable[[Config, int, float, Sequence[str], float], "float | Failure"]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Choice:
    """How many workers, and the names of the arms that are compiled."""

    jobs: int
    compiled: frozenset[str]


def pace(config: Config, workers: int, seconds: float, devices: Sequence[str], patience: float) -> float | Failure:
    """Images/s of so many workers side by side, as `findings run` has them; a Failure after ``patience`` seconds."""
    from findings.cost.measure import packing  # Lightning takes seconds to import

    with shared_gpus(workers, len(devices)):
        return packing.images_per_second(config, workers, seconds, devices, patience)


def choose(
    runs: Sequence[PlannedRun], jobs: int | None, say: Say, until: float | None = None, measure: Measure = pace
) -> Choice:
    """The fastest way here to train what is left of ``runs``; ``jobs`` is kept if it is given.

    ``say`` is told what is measured. The answers are kept in the user's cache directory, for this machine and torch.
    ``until`` is the time.monotonic() at which training has to end: little of what is left is spent on measuring.
    """
    left = [_as_begun(run) for run in runs if Record(run.directory).status != "finished"]
    usual = default_jobs(len(left) or len(runs))
    devices = [] if all(run.config.trainer.accelerator == "cpu" for run in left) else gpus()
    device = "cuda" if devices else "cpu"
    if device == "cpu" and any(run.config.trainer.accelerator == "cuda" for run in left):
        return Choice(jobs or usual, frozenset())  # training will say that there is none
    if sum(run.work for run in left) < WORTH_MEASURING[device]:
        return Choice(jobs or usual, frozenset())
    here = _Here(devices, say, measure, until)
    arms = _arms(left)
    if jobs is None:
        jobs = min(_jobs(list(arms.values()), usual, here), len(left))
    compiled = {
        arm
        for arm, same in arms.items()
        if _work(same) >= WORTH_COMPILING[device] and any(_is_open(run) for run in same) and _compiled(same, jobs, here)
    }
    return Choice(jobs, frozenset(compiled))


def apply(runs: Sequence[PlannedRun], choice: Choice) -> list[PlannedRun]:
    """The runs with their threads and compilation set, where their configs leave that open."""
    return [
        run.with_trainer(compiled=run.arm in choice.compiled and run.config.trainer.fast)
        if run.config.trainer.compiled is None
        else run
        for run in share_threads(runs, choice.jobs)
    ]


def _jobs(arms: Sequence[Sequence[PlannedRun]], usual: int, here: "_Here") -> int:
    """Tried on the network that takes most of the work: one worker, two, four, as long as it gets faster.

    So many of the network that takes most memory have to fit, too.
    """
    run, largest = max(arms, key=_work)[0], max((same[0] for same in arms), key=_memory)
    wanted = f"jobs beside {largest.arm}"
    known = here.known(run, wanted)
    if known is not None:
        return known
    best, fastest, workers = 0, 0.0, max(1, len(here.devices))
    most = len(here.devices) * MOST_PER_GPU or cores()
    here.say(f"measuring how many runs to train side by side, with {run.name}")
    while workers <= most:
        rate = here.rate(run, workers)
        if isinstance(rate, Failure):
            here.say(f"  {workers}: {rate.problem}")
            break
        here.say(f"  {workers}: {rate:,.0f} images/s in all")
        if rate < fastest / BETTER:
            break
        if rate > fastest * BETTER:
            best, fastest = workers, rate
        workers *= 2
    while here.devices and best > 1 and largest is not run and isinstance(here.rate(largest, best), Failure):
        best //= 2
        here.say(f"  {largest.name} needs more memory: {best}")
    if best:
        here.keep(run, wanted, best)
    return best or usual


def _compiled(same: Sequence[PlannedRun], jobs: int, here: "_Here") -> bool:
    run = next(run for run in same if _is_open(run))
    wanted = f"compiled beside {jobs}"
    known = here.known(run, wanted)
    if known is None:
        plain, compiled = (here.rate(run, 1, sharing=jobs, compiled=yes) for yes in (False, True))
        if isinstance(plain, Failure) or isinstance(compiled, Failure):
            problem = plain.problem if isinstance(plain, Failure) else cast(Failure, compiled).problem
            here.say(f"{run.name} is not compiled: {problem}")
            return False
        here.say(f"{run.name}: {plain:,.0f} images/s, compiled {compiled:,.0f}")
        known = int(compiled > plain * BETTER)
        here.keep(run, wanted, known)
    return bool(known)


def _arms(runs: Sequence[PlannedRun]) -> dict[str, list[PlannedRun]]:
    arms: dict[str, list[PlannedRun]] = {}
    for run in runs:
        arms.setdefault(run.arm, []).append(run)
    return arms


def _work(runs: Sequence[PlannedRun]) -> int:
    return sum(run.work for run in runs)


def _memory(run: PlannedRun) -> int:
    return run.complexity.activations * run.config.recipe.batch_size


def _as_begun(run: PlannedRun) -> PlannedRun:
    """A run that has its config already is trained as that says."""
    record = Record(run.directory)
    if not record.config.exists():
        return run
    return run.rounded_as(thaw(record.config), begun=record.has_begun)


def _is_open(run: PlannedRun) -> bool:
    """Whether it can still be chosen for this run."""
    trainer = run.config.trainer
    return trainer.compiled is None and trainer.fast and not Record(run.directory).config.exists()


class _Here:
    """This machine: measures, and remembers what was measured on these devices with this torch and as many cores."""

    def __init__(self, devices: Sequence[str], say: Say, measure: Measure, until: float | None) -> None:
        self.devices, self.say, self.measure = devices, say, measure
        now = time.monotonic()
        self.until = None if until is None else now + SHARE_OF_LIMIT * (until - now)
        name = f"{len(devices)} x {torch.cuda.get_device_name()}" if devices else provenance.processor()
        self.machine = f"{name}, {cores()} cores, torch {torch.__version__}"
        self.path = directory(None) / "choices.json"
        self.complete = True  # nothing was left out for want of time

    def rate(
        self, run: PlannedRun, workers: int, *, sharing: int | None = None, compiled: bool = False
    ) -> float | Failure:
        """Images/s of so many workers, each with the threads of one of ``sharing`` (default: of them)."""
        shared = share_threads([run], sharing or workers)[0]
        devices = self.devices if sharing is None else self.devices[:1]
        left = PATIENCE if self.until is None else min(PATIENCE, self.until - time.monotonic())
        if left <= 2 * SECONDS:
            self.complete = False
            return Failure("the time limit leaves none to measure it")
        rate = self.measure(
            shared.with_trainer(compiled=compiled and shared.config.trainer.fast).config,
            workers,
            SECONDS,
            devices,
            left,
        )
        self.complete &= not isinstance(rate, Failure) or left == PATIENCE
        return rate

    def known(self, run: PlannedRun, what: str) -> int | None:
        return self._all().get(self.machine, {}).get(_key(run, what))

    def keep(self, run: PlannedRun, what: str, value: int) -> None:
        """Remember it; not where others were at work beside the measurements."""
        if not self.complete or _busy():
            return
        known = self._all()  # another process may have added to it
        known.setdefault(self.machine, {})[_key(run, what)] = value
        with contextlib.suppress(OSError):  # measured again next time
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self.path, json.dumps(known, indent=1) + "\n")

    def _all(self) -> dict[str, dict[str, int]]:
        try:
            found: dict[str, dict[str, int]] = json.loads(self.path.read_text())
        except (OSError, ValueError):
            return {}
        return found


def _busy() -> bool:
    """Whether others keep this machine busy, now that nothing of ours does."""
    others = Others()
    time.sleep(LISTEN)
    return others.seconds() > SUSPICIOUS * LISTEN * cores()


def _key(run: PlannedRun, what: str) -> str:
    trainer = run.config.trainer
    return f"{run.arm} threads={trainer.threads} fast={trainer.fast} {what}"
