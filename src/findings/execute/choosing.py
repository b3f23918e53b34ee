"""--jobs auto: how many runs train side by side, on how many threads, compiled or not. Measured where it pays.

What is chosen changes rounding, so it is frozen with every run; a run that has its config already keeps it.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from findings import provenance
from findings.config import Config
from findings.data.cache import directory
from findings.execute.local import default_jobs, gpus
from findings.execute.mps import shared_gpus
from findings.measure.failure import Failure
from findings.plan import PlannedRun, cores, share_threads
from findings.records import Record, write_atomically

# multiply-adds, forward and backward: a quarter of an hour on two cores, ten minutes on a GPU
WORTH_MEASURING = {"cpu": 1e14, "cuda": 1e16}
WORTH_COMPILING = {"cpu": 5e13, "cuda": 2e15}  # of one network's runs; to compile takes a minute
SECONDS = 3.0  # of steps, each time
BETTER = 1.05  # times as fast, or it is not worth a change
MOST_PER_GPU = 16

Measure = Callable[[Config, int, float, Sequence[str]], "float | Failure"]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Choice:
    """How many workers, and the names of the arms that are compiled."""

    jobs: int
    compiled: frozenset[str]


def _measure(config: Config, workers: int, seconds: float, devices: Sequence[str]) -> float | Failure:
    from findings.measure.packing import images_per_second  # Lightning takes seconds to import

    with shared_gpus(workers, len(devices)):
        return images_per_second(config, workers, seconds, devices)


def choose(runs: Sequence[PlannedRun], jobs: int | None, say: Say, measure: Measure = _measure) -> Choice:
    """The fastest way here to train what is left of ``runs``; ``jobs`` is kept if it is given.

    ``say`` is told what is measured. The answers are kept in the user's cache directory, for this machine and torch.
    """
    left = [run for run in runs if _record(run).status != "finished"]
    usual = default_jobs(len(left) or len(runs))
    device = "cuda" if gpus() else "cpu"
    if device == "cpu" and any(run.config.trainer.accelerator == "cuda" for run in runs):
        return Choice(jobs or usual, frozenset())  # training will say that there is none
    if sum(run.work for run in left) < WORTH_MEASURING[device]:
        return Choice(jobs or usual, frozenset())
    known = _Known(device)
    arms = _arms(left)
    if jobs is None:
        jobs = _jobs(max(arms.values(), key=_work), usual, device, known, say, measure)
        jobs = min(jobs, len(left))
    open_arms = {
        arm: same
        for arm, same in arms.items()
        if _work(same) >= WORTH_COMPILING[device] and any(_is_open(run) for run in same)
    }
    compiled = {arm for arm, same in open_arms.items() if _compiled(same[0], jobs, device, known, say, measure)}
    return Choice(jobs, frozenset(compiled))


def apply(runs: Sequence[PlannedRun], choice: Choice) -> list[PlannedRun]:
    """The runs with their threads and compilation set, where their configs leave that open."""
    return [
        replace(run, config=_with_compiled(run.config, run.identity.arm in choice.compiled))
        if run.config.trainer.compiled is None
        else run
        for run in share_threads(runs, choice.jobs)
    ]


def _jobs(same: Sequence[PlannedRun], usual: int, device: str, known: "_Known", say: Say, measure: Measure) -> int:
    """Tried on the network that takes most of the work: one worker, two, four, as long as it gets faster."""
    run, devices = same[0], gpus()
    key = f"{run.identity.arm} jobs"
    if key in known:
        return int(known[key])
    best, fastest, count = usual, 0.0, max(1, len(devices))
    most = len(devices) * MOST_PER_GPU or cores()
    say(f"measuring how many runs to train side by side, with {run.identity.name}")
    while count <= most:
        config = share_threads([run], count)[0].config
        rate = measure(_with_compiled(config, False), count, SECONDS, devices)
        if isinstance(rate, Failure):
            say(f"  {count}: {rate.problem}")
            break
        say(f"  {count}: {rate:,.0f} images/s in all")
        if rate < fastest / BETTER:
            break
        if rate > fastest * BETTER or not fastest:
            best, fastest = count, rate
        count *= 2
    known[key] = best
    return best


def _compiled(run: PlannedRun, jobs: int, device: str, known: "_Known", say: Say, measure: Measure) -> bool:
    key = f"{run.identity.arm} compiled"
    if key not in known:
        config, devices = share_threads([run], jobs)[0].config, gpus()[:1]
        rates = [measure(_with_compiled(config, yes), 1, SECONDS, devices) for yes in (False, True)]
        plain, compiled = rates
        if isinstance(plain, Failure) or isinstance(compiled, Failure):
            problem = next(rate.problem for rate in rates if isinstance(rate, Failure))
            say(f"{run.identity.name} is not compiled: {problem}")
            return False
        say(f"{run.identity.name}: {plain:,.0f} images/s, compiled {compiled:,.0f}")
        known[key] = compiled > plain * BETTER
    return bool(known[key])


def _with_compiled(config: Config, compiled: bool) -> Config:
    wanted = compiled and config.trainer.fast
    return replace(config, trainer=replace(config.trainer, compiled=wanted))


def _arms(runs: Sequence[PlannedRun]) -> dict[str, list[PlannedRun]]:
    arms: dict[str, list[PlannedRun]] = {}
    for run in runs:
        arms.setdefault(run.identity.arm, []).append(run)
    return arms


def _work(runs: Sequence[PlannedRun]) -> int:
    return sum(run.work for run in runs)


def _record(run: PlannedRun) -> Record:
    return Record(Path(run.config.runs_dir) / run.identity.id)


def _is_open(run: PlannedRun) -> bool:
    """Whether it can still be chosen for this run."""
    trainer = run.config.trainer
    return trainer.compiled is None and trainer.fast and not _record(run).config.exists()


class _Known:
    """What was measured before, on this device with this torch and as many cores."""

    def __init__(self, device: str) -> None:
        name = torch.cuda.get_device_name() if device == "cuda" else provenance.processor()
        self.machine = f"{name}, {cores()} cores, torch {torch.__version__}"
        self.path = directory(None) / "choices.json"
        try:
            self.all: dict[str, dict[str, int]] = json.loads(self.path.read_text())
        except (OSError, ValueError):
            self.all = {}
        self.here = self.all.setdefault(self.machine, {})

    def __contains__(self, key: str) -> bool:
        return key in self.here

    def __getitem__(self, key: str) -> int:
        return self.here[key]

    def __setitem__(self, key: str, value: int) -> None:
        self.here[key] = value
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self.path, json.dumps(self.all, indent=1) + "\n")
        except OSError:
            pass  # measured again next time
