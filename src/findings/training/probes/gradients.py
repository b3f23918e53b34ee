"""How large the gradient is that reaches each layer."""

import torch

from findings.training.probes import END, Number
from findings.training.probes.layers import weighted
from findings.training.probes.moment import Moment


class GradientNorms:
    """Of each convolution's and linear layer's weight: the gradient of the batch's mean loss, without weight decay.

    It is the gradient of the step that comes next: on its batch, in training mode, with its dropout. After the last
    step that is the step that would come next. ``gradient_norm`` is the L2 norm, ``gradient_mean_absolute`` the mean of
    the absolute values, which layers of different sizes are compared by (He et al. 2015, section 4.1, on whether plain
    networks' gradients vanish).
    """

    name = "gradient_norms"

    def __init__(self, at: list[int] = [END]) -> None:  # noqa: B006 (a schema's default, never changed)
        self.at = at

    def measure(self, moment: Moment) -> list[Number]:
        from findings.training.steps.loss import (
            cross_entropy,
        )  # plans check arguments, and should not wait for torchmetrics

        network, layers = moment.network.train(), weighted(moment.network)
        images, labels = moment.next_batch()
        moment.seed_step()
        with torch.enable_grad(), moment.autocast():
            loss = cross_entropy(network(images), labels)
        weights = [layer.weight for layer in layers.values()]
        found = torch.autograd.grad(loss, weights, allow_unused=True)
        numbers = []
        for name, gradient in zip(layers, found, strict=True):
            if gradient is None:
                numbers.append(Number(name, "gradient_norm", None, "takes no part in the loss"))
                continue
            gradient = gradient.double()
            numbers.append(Number(name, "gradient_norm", float(gradient.norm())))
            numbers.append(Number(name, "gradient_mean_absolute", float(gradient.abs().mean())))
        return numbers
