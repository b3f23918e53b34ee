"""Batch norm of one image, where maps have shrunk to one pixel, has nothing to take a variance of."""

import torch

from findings.config.schema import Config
from findings.errors import InputError
from findings.nets.build import build


def refuse_lone_values(config: Config, images: int) -> None:
    """Refuse a run of so many training images whose last batch, or last group of it, would be such a one."""
    recipe = config.recipe
    last = images % recipe.batch_size
    batches = [min(images, recipe.batch_size), *([last] if last and not recipe.drop_last else [])]
    group = recipe.batch_norm_group or recipe.batch_size
    if not any(batch % group == 1 or group == 1 for batch in batches):
        return
    with torch.device("meta"):
        network = build(config).train()
        one = torch.zeros(1, config.data.channels, config.data.pixels, config.data.pixels)
    try:
        network(one)
    except ValueError as error:
        if "more than 1 value per channel" not in str(error):
            raise
        raise InputError(
            "recipe.batch_size",
            f"{recipe.batch_size} leaves one of {images:,} images for the last batch norm, whose maps are one pixel: "
            "there is nothing to normalise by; set another, or recipe.drop_last=true",
        ) from None
