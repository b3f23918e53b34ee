"""What each layer puts out."""

import torch
from torch import Tensor, nn

from findings.errors import InputError
from findings.training.probes import END, Number
from findings.training.probes.layers import ACTIVATIONS, WEIGHTED, watching
from findings.training.probes.moment import Moment


class Activations:
    """Mean, standard deviation and percentage of zeros of every layer's output, over its maps, positions and images.

    Layers are convolutions, linear layers and activation modules, each at every call (``relu``, ``relu:2``, ...), in
    the order of the calls; on the first ``images`` test images, in evaluation mode. An activation that is a function
    and no module is seen by nobody: residual blocks here rectify so, and their convolutions' outputs are seen before.
    """

    name = "activations"

    def __init__(self, at: list[int] = [END], images: int = 250) -> None:  # noqa: B006 (a schema's default)
        if images < 1:
            raise InputError("images", f"{images} is below 1")
        self.at, self.images = at, images

    def measure(self, moment: Moment) -> list[Number]:
        numbers: list[Number] = []
        calls: dict[str, int] = {}

        def see(name: str, module: nn.Module, output: Tensor) -> None:
            if not isinstance(module, WEIGHTED + ACTIVATIONS):
                return
            calls[name] = calls.get(name, 0) + 1
            key = name if calls[name] == 1 else f"{name}:{calls[name]}"
            values = output.double()  # at once: what comes next may write over it
            numbers.append(Number(key, "mean", float(values.mean())))
            numbers.append(Number(key, "std", float(values.std(correction=0))))
            numbers.append(Number(key, "zeros", 100 * float((values == 0).double().mean())))

        with torch.no_grad(), moment.autocast(), watching(moment.network, see):
            moment.network(moment.test_images(self.images)[0])
        return numbers
