"""The test images at other sizes than the network was trained on."""

from functools import partial

import torch.nn.functional as F
from torch import Tensor

from findings.training.probes import END, Number
from findings.training.probes.changed import compared
from findings.training.probes.moment import Moment


class Sizes:
    """``evaluation.sizes``: test error and agreement for each size; of one that the network refuses, why it does."""

    name = "size"
    at = (END,)

    def __init__(self, pixels: list[int]) -> None:
        self.pixels = pixels

    def measure(self, moment: Moment) -> list[Number]:
        changes = {pixels: [partial(resized, size=pixels)] for pixels in self.pixels}
        return [number for pixels, change in changes.items() for number in compared(moment, str(pixels), change)]


def resized(images: Tensor, size: int) -> Tensor:
    """(N, C, H, W) -> (N, C, size, size), bilinear and antialiased."""
    return F.interpolate(images, size=(size, size), mode="bilinear", antialias=True)
