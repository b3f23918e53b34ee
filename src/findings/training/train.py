"""One run, from its config to its record. The same call starts, resumes or skips.

Where several devices train it, a process for each makes this call: rank 0 keeps the record, the others follow it.
"""

import contextlib
import gc
import traceback
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import torch

from findings.config.frozen import freeze, thaw
from findings.config.identity import Run
from findings.config.schema import DataConfig
from findings.data import load
from findings.data.dataset import Dataset
from findings.data.stream import place
from findings.errors import InputError
from findings.nets.build import build
from findings.nets.complexity import complexity
from findings.records import provenance
from findings.records.lease import Leased, lease
from findings.records.mending import mend
from findings.records.record import Record, now
from findings.system.files import NoRoom, needing_room
from findings.system.terminal import warn
from findings.training.assembly import DTYPES, accelerator, new_learner, new_trainer, quiet, ready
from findings.training.follower import Begin, Follower, Refused
from findings.training.journal import Diverged, Journal, Progress
from findings.training.learner import EpochChunks
from findings.training.needed import standing
from findings.training.observer import Observer, unobserved
from findings.training.processes import ALONE, Gone, World
from findings.training.refusals import (
    refuse_earlier_streams,
    refuse_other_data,
    refuse_other_runs,
    refuse_other_world,
    refuse_small_batch,
)
from findings.training.signals import Interrupted, Stop
from findings.training.start import beginning, take_weights
from findings.training.steps.fast import compiles


@dataclass(frozen=True)
class Outcome:
    """How one call ended: skipped, finished, interrupted or failed; and why, where that needs saying."""

    id: str
    status: str
    reason: str = ""
    waits: bool = False  # interrupted for want of room on a disk: so would be the next start


def train(
    run: Run,
    *,
    stop: Stop,
    progress: Progress,
    observer: Observer = unobserved,
    retry_failed: bool = False,
    world: World = ALONE,
) -> Outcome:
    """Start, resume or skip ``run``; with a ``world`` of several, all of it makes this call.

    ``observer`` watches it. Raises InputError for a config or data that are not those of the record, and Leased if
    another process trains the run. Any other error ends in the record, with its traceback, and in the outcome.
    """
    if world.parted:
        raise InputError("findings train", "after an error its processes have parted; start them again")
    with stop.listening():  # whoever is here first waits for the others
        refuse_other_runs(run, world)
        if not world.leads:
            return _follow(run, stop, world)
    try:
        with needing_room(run.directory):
            outcome = _lead(run, stop, progress, observer, retry_failed, world)
    except NoRoom as full:
        outcome = Outcome(run.id, "interrupted", str(full), waits=True)
    except InputError as error:
        _tell(world, Refused(error.where, str(error).removeprefix(f"{error.where}: ")))
        raise
    except Leased as holder:
        _tell(world, Refused(run.id, str(holder)))
        raise
    _tell(world, outcome)
    return outcome


def _tell(world: World, last: Outcome | Refused) -> None:
    """Rank 0's last word on a run, which stands whether or not the others are still there to hear it."""
    with contextlib.suppress(RuntimeError), world.working():
        world.told(last)


def _lead(run: Run, stop: Stop, progress: Progress, observer: Observer, retry_failed: bool, world: World) -> Outcome:
    with lease(run.directory) as held:
        record = Record(run.directory)
        for line in mend(record):
            warn(line)
        ended = standing(record, run, retry_failed=retry_failed)
        if record.config.exists():
            run = run.rounded_as(thaw(record.config), begun=record.has_begun)
        config = run.config
        if not ended:
            refuse_earlier_streams(run)
            refuse_other_world(config, world)
        dataset = _dataset(config.data)
        refuse_other_data(record, dataset)
        if ended:
            return Outcome(run.id, *ended)
        refuse_small_batch(config, len(dataset.train_images) - config.data.validation)
        if record.get("diverged"):
            record.forget_training()  # its checkpoint holds no numbers any more
        begins = None if record.checkpoint.exists() else beginning(run)
        opening = _opening(record, run, dataset, world) | ({"init_from": begins} if begins else {})
        if not record.has_begun:  # what is refused leaves no run behind
            record.write_config(freeze(run))
        record.update(**opening)
        try:
            with needing_room(run.directory), observer(run, record) as told:
                begin = Begin(run, record.checkpoint if record.checkpoint.exists() else None, dataset.fingerprint)
                with world.working():  # another process may be gone by now
                    world.told(begin)
                _fit(begin, dataset, Journal(record, held, stop, progress, told.log, world), stop, world)
        except (Interrupted, Gone) as interruption:
            return _end(record, run, "interrupted", str(interruption), asked=isinstance(interruption, Interrupted))
        except (KeyboardInterrupt, SystemExit):  # Lightning makes the latter of the former
            _end(record, run, "interrupted", "interrupted at once", asked=True)
            raise KeyboardInterrupt from None
        except Leased:
            raise  # the record is another process's by now
        except NoRoom as full:
            held.check()
            with contextlib.suppress(NoRoom):  # there may be none for this either
                record.update(status="interrupted", reason=str(full))
            raise
        except Diverged as divergence:
            return _end(record, run, "failed", str(divergence), diverged=True)
        except InputError as error:
            _end(record, run, "failed", str(error))
            raise
        except Exception as error:
            held.check()  # what another process has taken over it may have broken here
            text = traceback.format_exc()
            return _end(record, run, "failed", f"{type(error).__name__}: {error}", traceback=text)
        return _end(record, run, "finished", "")


def _follow(run: Run, stop: Stop, world: World) -> Outcome:
    """Do with the other ranks what rank 0 says, and end as it does."""
    try:
        with world.working():
            said: Any = world.told(None)
            if isinstance(said, Begin):
                with contextlib.suppress(Interrupted, Diverged):
                    _fit(said, _same_data(said), Follower(stop, world), stop, world)
                said = world.told(None)
    except (KeyboardInterrupt, SystemExit):
        raise KeyboardInterrupt from None
    except InputError:
        raise
    except Gone as interruption:
        return Outcome(run.id, "interrupted", str(interruption))
    except Exception as error:
        return Outcome(run.id, "failed", f"{type(error).__name__}: {error}")
    if isinstance(said, Refused):
        raise said.error()
    assert isinstance(said, Outcome)
    return said


def _same_data(begin: Begin) -> Dataset:
    """Every process reads the images itself, each from its own host's disk perhaps."""
    dataset = _dataset(begin.run.config.data)
    if dataset.fingerprint != begin.fingerprint:
        raise InputError("data.root", f"holds other images on {provenance.host()} than on the first process's host")
    return dataset


def _fit(begin: Begin, dataset: Dataset, journal: Journal, stop: Stop, world: World) -> None:
    with world.working(Interrupted, Diverged):
        _fit_here(begin, dataset, journal, stop, world)


def _fit_here(begin: Begin, dataset: Dataset, journal: Journal, stop: Stop, world: World) -> None:
    config = begin.run.config
    device = ready(config, world)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    learner = new_learner(
        config, *place(dataset, begin.run, device, DTYPES[config.recipe.precision], world.share), world
    )
    if begin.checkpoint is None:
        take_weights(learner.network, begin.run)
    with stop.listening(), quiet():
        trainer = new_trainer(config, device, journal, begin.run.directory)
        try:
            trainer.fit(learner, EpochChunks(learner), ckpt_path=begin.checkpoint, weights_only=True)
        finally:
            if device.type == "cuda":  # the trainer and its module hold each other: a worker's next run needs the room
                learner.stepper = None
                del trainer
                gc.collect()
                torch.cuda.empty_cache()


@lru_cache(maxsize=1)  # a worker trains many runs on the same data
def _load_once(fields: tuple[tuple[str, Any], ...]) -> Dataset:
    return load(DataConfig(**dict(fields)))


def _dataset(config: DataConfig) -> Dataset:
    return _load_once(tuple(asdict(config).items()))


def _opening(record: Record, run: Run, dataset: Dataset, world: World) -> dict[str, Any]:
    """What the record says when a run begins or goes on."""
    config = run.config
    with torch.device("meta"):
        network = build(config).eval()
        counted = complexity(network, channels=config.data.channels, size=config.data.pixels)
    return {
        "id": run.id,
        "arm": run.arm,
        "name": run.name,
        "scale": config.scale,
        "findings": sorted({*record.get("findings", []), *config.findings}),
        "seed": config.seed,
        "streams": run.streams,
        "status": "running",
        "reason": "",
        "traceback": "",
        "diverged": False,
        "iteration": record.get("iteration", 0),  # of the last checkpoint
        "iterations": config.recipe.iterations,
        "resumed_at": record.get("iteration", 0),
        "attempts": record.get("attempts", 0) + 1,
        "asked": False,  # to stop, and it did
        "preemptions": record.get("preemptions", 0) + _preempted(record),  # attempts that follow one which was asked
        "crashes": record.get("crashes", 0) + _crashed(record),  # and those that follow one which was not
        "started": record.get("started") or now(),
        "finished": None,
        "wall_seconds": record.get("wall_seconds", 0.0),  # of the training that the checkpoint holds
        "network": {"parameters": counted.parameters, "multiply_adds": counted.multiply_adds},
        "earlier": _earlier(record),
        "provenance": {
            "git": provenance.code(),
            "packages": provenance.packages(),
            "data": {
                "name": dataset.name,
                "label": config.data.full_label,
                "fingerprint": dataset.fingerprint,
                "train_images": len(dataset.train_images) - config.data.validation,
                "test_images": len(dataset.test_images),
            },
            "device": torch.cuda.get_device_name() if accelerator(config) == "cuda" else provenance.processor(),
            "job": provenance.job(),
            "restart": provenance.restart(),
            "hosts": sorted({*record.get("provenance", {}).get("hosts", []), *world.hosts}),
            "devices": world.size,
            "threads": config.trainer.threads,
            "fast": config.trainer.fast,
            "compiled": compiles(network, config),
            "precision": config.recipe.precision.name,
        },
    }


def _earlier(record: Record) -> list[dict[str, Any]]:
    """By what code, with what versions and on what devices earlier attempts trained, each once."""
    facts = {key: record.get("provenance", {}).get(key) for key in ("git", "packages", "device")}
    earlier: list[dict[str, Any]] = record.get("earlier", [])
    return earlier if not facts["git"] or facts in earlier else [*earlier, facts]


def _preempted(record: Record) -> bool:
    """Whether this attempt goes on with one that the same task of a cluster was asked to end: it was requeued since."""
    job = provenance.job()
    same = job is not None and record.get("provenance", {}).get("job") == job
    return same and record.status == "interrupted" and bool(record.get("asked", True))


def _crashed(record: Record) -> bool:
    """Whether the attempt before ended otherwise than by itself or when asked: killed, by an error, without a word."""
    ended = record.get("diverged") or (record.status == "interrupted" and record.get("asked", True))
    return record.has_begun and not ended


def _end(record: Record, run: Run, status: str, reason: str, **more: Any) -> Outcome:
    record.update(status=status, reason=reason, finished=now() if status in ("finished", "failed") else None, **more)
    return Outcome(run.id, status, reason)
