"""The first convolution's weights, for a figure."""

from itertools import product

from torch import nn

from findings.training.probes import END, Number
from findings.training.probes.layers import weighted
from findings.training.probes.moment import Moment


class FirstLayerFilters:
    """Every weight of the first convolution, so that its filters can be drawn from the committed tables alone.

    ``key`` is "filter,channel,row,column", from 0. A ResNet for CIFAR has 432 of them, a stem of 64 filters of 7 x 7
    has 9,408: as many rows of probes.csv, of every run.
    """

    name = "first_layer_filters"

    def __init__(self, at: list[int] = [END]) -> None:  # noqa: B006 (a schema's default, never changed)
        self.at = at

    def measure(self, moment: Moment) -> list[Number]:
        first = next((layer for layer in weighted(moment.network).values() if isinstance(layer, nn.Conv2d)), None)
        if first is None:
            return [Number("", "weight", None, "the network has no convolution")]
        weights = first.weight.detach().cpu()
        places = product(*map(range, weights.shape))
        return [Number(",".join(map(str, place)), "weight", float(weights[place])) for place in places]
