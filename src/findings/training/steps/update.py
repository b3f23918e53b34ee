"""SGD's update by the one kernel that torch's optimiser calls, without what the optimiser does around it."""

import torch
from torch import Tensor


class Update:
    """``optimizer``'s step, bit for bit; its momentum stays in the optimiser's state, where checkpoints look for it.

    One call of the optimiser asks again which of its tensors lie where, and whether somebody differentiates or
    profiles it, which small networks notice.
    """

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        (self.group,) = optimizer.param_groups
        self.parameters: list[Tensor] = self.group["params"]
        self.momenta: list[Tensor] = []
        if self.group["momentum"]:
            for parameter in self.parameters:  # from zero, the first step leaves there what the optimiser's does
                state = optimizer.state[parameter]
                if state.get("momentum_buffer") is None:
                    state["momentum_buffer"] = torch.zeros_like(parameter)
                self.momenta.append(state["momentum_buffer"])

    def forget_gradients(self) -> None:
        for parameter in self.parameters:
            parameter.grad = None

    def make(self) -> None:
        group, gradients = self.group, list[Tensor]()
        for parameter in self.parameters:
            assert parameter.grad is not None, "a parameter took no part in the loss"
            gradients.append(parameter.grad)
        torch._fused_sgd_(
            self.parameters,
            gradients,
            self.momenta,
            weight_decay=group["weight_decay"],
            momentum=group["momentum"],
            lr=group["lr"],
            dampening=0.0,
            nesterov=group["nesterov"],
            maximize=False,
            is_first_step=False,
        )
