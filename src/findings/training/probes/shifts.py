"""The test images moved: how much a network's answer depends on where in the image something is."""

from functools import partial

from torch import Tensor

from findings.data.augment import shifted
from findings.training.probes import END, Number
from findings.training.probes.changed import Change, compared
from findings.training.probes.moment import Moment


class Shifts:
    """``evaluation.shifts``: test error and agreement for each distance, means over up, down, left and right."""

    name = "shift"
    at = (END,)

    def __init__(self, pixels: list[int]) -> None:
        self.pixels = pixels

    def measure(self, moment: Moment) -> list[Number]:
        return [number for pixels in self.pixels for number in compared(moment, str(pixels), moves(pixels))]


def moves(pixels: int) -> list[Change]:
    """The four moves by that many pixels along an axis; by 0 there is one."""
    each = [(pixels, 0), (-pixels, 0), (0, pixels), (0, -pixels)] if pixels else [(0, 0)]
    return [partial(_moved, down=down, right=right) for down, right in each]


def _moved(images: Tensor, down: int, right: int) -> Tensor:
    return shifted(images, down, right)
