"""What a plan would take on a device: seconds of each run, hours in all, and when the last of its runs ends."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from findings.config.schema import Config, Remeasure
from findings.cost.throughput import FORWARD, Device
from findings.data.stream import batches_per_epoch
from findings.errors import InputError
from findings.planning.plan import PlannedRun


@dataclass(frozen=True)
class Predicted:
    """One run: ``seconds`` on the clock, and whether what that was predicted from was measured or assumed."""

    seconds: float
    basis: str
    because: str


@dataclass(frozen=True)
class Prediction:
    """A plan on so many ``devices``. Hours of a CPU are core-hours.

    ``side_by_side`` runs share a device: an hour of one of them is that part of an hour of the device.
    """

    device: Device
    devices: int
    side_by_side: int
    runs: list[Predicted]  # as planned
    evaluations_left_out: bool  # of some run: how many images there are is not known

    @property
    def hours(self) -> float:
        """GPU-hours, or core-hours."""
        return sum(run.seconds for run in self.runs) / 3600 / self.side_by_side * (self.device.cores or 1)

    @property
    def wall_seconds(self) -> float:
        """A run is not split, and the longest of those left starts wherever one ends first."""
        ends = [0.0] * (self.devices * self.side_by_side)
        for seconds in sorted((run.seconds for run in self.runs), reverse=True):
            heapq.heapreplace(ends, ends[0] + seconds)
        return max(ends)


def predict(runs: Sequence[PlannedRun], device: Device, devices: int = 1) -> Prediction:
    """Training and evaluation of ``runs`` on so many ``devices``; starting, decoding and checkpoints are left out.

    Runs share a device only where that was measured for all of them, and there are enough to fill every device.
    Raises InputError where nothing is known of the device in a run's precision, or a run is trained on several devices.
    """
    for run in runs:
        _refuse_several_devices(run.config)
    tables = {name: device.throughput(name) for name in dict.fromkeys(run.config.recipe.precision.name for run in runs)}
    packings = {table.packing for table in tables.values()}
    packing = packings.pop() if len(packings) == 1 else None
    if packing and len(runs) < devices * packing.runs:
        packing = None
    slower = packing.runs / packing.speed_up if packing else 1.0
    predicted = []
    for run in runs:
        table, recipe = tables[run.config.recipe.precision.name], run.config.recipe
        seconds = recipe.iterations * table.prices.step(run.complexity, recipe.batch_size)
        at_once = run.config.trainer.evaluation_batch_size
        seconds += FORWARD * table.prices.step(run.complexity, at_once) * (evaluated(run) or 0.0) / at_once
        predicted.append(Predicted(slower * seconds, table.basis, table.because))
    unknown = any(evaluated(run) is None for run in runs)
    return Prediction(device, devices, packing.runs if packing else 1, predicted, unknown)


def _refuse_several_devices(config: Config) -> None:
    """What they gain was not measured."""
    devices, nodes = config.trainer.devices, config.trainer.nodes
    if devices * nodes > 1:
        raise InputError(
            "--device",
            f"predicts runs on one device each, not on trainer.devices={devices} x trainer.nodes={nodes}; "
            "allowed: 1 x 1, or leave --device out",
        )


def evaluated(run: PlannedRun) -> float | None:
    """Images that a run is evaluated on, each as often as it is: forward passes of its usual size.

    None where the data set's numbers of images are not given.
    """
    data, evaluation = run.config.data, run.config.evaluation
    if data.train_images is None or data.test_images is None:
        return None
    rows = _rows(run.config, data.train_images)
    training = data.train_images - data.validation
    remeasured = rows if evaluation.remeasure_training is Remeasure.every else 1
    images = rows * (data.test_images + data.validation) + remeasured * training
    # probes: each move in four directions, each size that the network takes
    passes = sum(4.0 if pixels else 1.0 for pixels in evaluation.shifts)
    if not run.sizes_refused:
        passes += sum((pixels / data.pixels) ** 2 for pixels in evaluation.sizes)
    return images + passes * data.test_images


def _rows(config: Config, train_images: int) -> int:
    """Evaluated epochs: every so many, and the last."""
    recipe, every = config.recipe, config.evaluation.evaluate_every
    images = train_images - config.data.validation
    steps_per_epoch = batches_per_epoch(images, recipe.batch_size, drop_last=recipe.drop_last)
    epochs = -(-recipe.iterations // steps_per_epoch)
    return epochs // every + (epochs % every != 0)
