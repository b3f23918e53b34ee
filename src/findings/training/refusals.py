"""What no run is begun or gone on with: other random streams, processes or data than it has."""

from findings.config.identity import STREAMS, Run
from findings.config.schema import Config
from findings.data.dataset import Dataset
from findings.errors import InputError
from findings.nets.lone import refuse_lone_values
from findings.records.record import Record
from findings.training.processes import World


def refuse_earlier_streams(run: Run) -> None:
    """A run that was begun before the random streams changed cannot go on: its next batches would be another run's."""
    if run.streams != STREAMS:
        raise InputError(
            str(run.directory / "config.yaml"),
            "was begun by an earlier version of findings, whose random streams are gone; `findings run` and `findings "
            "train` plan it anew, under another id, and this directory can still be read",
        )


def refuse_other_world(config: Config, world: World) -> None:
    """A process for each device; and a run that has begun goes on with as many devices, since they change sums."""
    refuse_other_size(config, world.size)


def refuse_other_runs(run: Run, world: World) -> None:
    """What was started together is to train one run, not each its own, in silence, as if it were the first one's."""
    with world.working(InputError):
        ids = world.gathered(run.id)
        other = next((id for id in ids if id != ids[0]), None)
        if other is not None:
            raise InputError(
                "findings train", f"its {world.size} processes were given different runs: {ids[0]} and {other}"
            )


def refuse_other_size(config: Config, size: int) -> None:
    """The same by what the environment says, before processes wait for each other: WORLD_SIZE may be a left-over."""
    devices, nodes = config.trainer.devices, config.trainer.nodes
    if devices * nodes != size:
        raise InputError(
            "trainer.devices",
            f"{devices} x trainer.nodes={nodes} needs {devices * nodes} processes of `findings train` for this run, "
            f"started by srun or torchrun; there {'is 1' if size == 1 else f'are {size}, by RANK and WORLD_SIZE'}",
        )


def refuse_other_data(record: Record, dataset: Dataset) -> None:
    """A data set's name is in the run's id, and stands for these images."""
    recorded = record.get("provenance", {}).get("data", {}).get("fingerprint")
    if recorded and recorded != dataset.fingerprint:
        raise InputError(
            "data.name",
            f"two data sets are called '{dataset.name}': {record.directory.name} was trained on {recorded[:12]}..., "
            f"data.root now holds {dataset.fingerprint[:12]}...; give one of them another name",
        )


def refuse_small_batch(config: Config, images: int) -> None:
    """Refuse an epoch of ``images`` whose last batch has fewer images than there are devices, where each needs one.

    Or one that leaves nothing to normalise by. Groups of batch norm need nobody else, nor do networks without it: then
    a device may sit a batch out.
    """
    refuse_lone_values(config, images)
    if config.recipe.batch_norm_group is not None or not config.model.get("batch_norm", True):
        return
    recipe, devices = config.recipe, config.trainer.devices * config.trainer.nodes
    last = images % recipe.batch_size
    if 0 < last < devices and (not recipe.drop_last or images < recipe.batch_size):
        raise InputError(
            "trainer.devices",
            f"the last of an epoch's {images} images make a batch of {last}, too few for batch norm across {devices} "
            f"devices; allowed: at most {last}, or recipe.drop_last=true, or a recipe.batch_norm_group",
        )
