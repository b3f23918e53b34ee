"""Which images of a global batch a device takes."""

from findings.config.hyperparameters import resolve
from findings.config.schema import Config
from findings.errors import InputError


def part(images: int, rank: int, size: int, group: int | None) -> tuple[int, int]:
    """[start, stop) of a batch of ``images`` for device ``rank`` of ``size``: whole groups, in order, even parts.

    Groups of batch norm so lie where they lie on one device; the first devices take what is left over, and the last
    ones may have none of an epoch's last, smaller batch.
    """
    unit = group or 1
    units = -(-images // unit)
    start, stop = (min(images, unit * -(-units * index // size)) for index in (rank, rank + 1))
    return start, stop


def groups(images: int, group: int) -> int:
    """Groups of batch norm in so many images; the last one may be smaller."""
    return -(-images // group)


def refuse_small_batch(config: Config, images: int) -> None:
    """Refuse an epoch of ``images`` whose last batch has fewer images than there are devices, where each needs one.

    Groups of batch norm need nobody else, nor do networks without it: then a device may sit a batch out.
    """
    if config.recipe.batch_norm_group is not None or not resolve(config.model).get("batch_norm", True):
        return
    recipe, devices = config.recipe, config.trainer.devices * config.trainer.nodes
    last = images % recipe.batch_size
    if 0 < last < devices and (not recipe.drop_last or images < recipe.batch_size):
        raise InputError(
            "trainer.devices",
            f"the last of an epoch's {images} images make a batch of {last}, too few for batch norm across {devices} "
            f"devices; allowed: at most {last}, or recipe.drop_last=true, or a recipe.batch_norm_group",
        )
