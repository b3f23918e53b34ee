"""How large the gradient is that reaches each layer."""

import torch

from findings.training.probes import END, Number
from findings.training.probes.layers import weighted
from findings.training.probes.moment import Moment


class GradientNorms:
    """Of each convolution's and linear layer's weight: the gradient of the loss that is trained, without weight decay.

    It is the gradient of the step that comes next: on its batch, in training mode, with its dropout, its smoothed
    labels and its auxiliary heads; frozen layers have none. After the last step that is the step that would come next.
    ``gradient_norm`` is the L2 norm, ``gradient_mean_absolute`` the mean of the absolute values, which layers of
    different sizes are compared by (He et al. 2015, section 4.1, on whether plain networks' gradients vanish).
    """

    name = "gradient_norms"

    def __init__(self, at: list[int] = [END]) -> None:  # noqa: B006 (a schema's default, never changed)
        self.at = at

    def measure(self, moment: Moment) -> list[Number]:
        from findings.training.steps.loss import Loss  # plans check arguments, and should not wait for torchmetrics

        network, loss = moment.network_in_training(), Loss(moment.config.recipe)
        layers = weighted(network)
        images, labels = moment.next_batch()
        moment.seed_step()
        with torch.enable_grad(), moment.autocast():
            trained, _, _ = loss(network(images), labels)
        weights = {name: layer.weight for name, layer in layers.items() if layer.weight.requires_grad}
        gradients = torch.autograd.grad(trained, list(weights.values()), allow_unused=True)
        found = dict(zip(weights, gradients, strict=True))
        numbers = []
        for name in layers:
            gradient = found.get(name)
            if gradient is None:
                reason = "takes no part in the loss" if name in found else "is frozen"
                numbers.append(Number(name, "gradient_norm", None, reason))
                continue
            gradient = gradient.double()
            numbers.append(Number(name, "gradient_norm", float(gradient.norm())))
            numbers.append(Number(name, "gradient_mean_absolute", float(gradient.abs().mean())))
        return numbers
