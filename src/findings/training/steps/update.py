"""An optimiser's update; SGD's by the one kernel that it calls, without what the optimiser does around it."""

import torch
from torch import Tensor


class Update:
    """``optimizer``'s own step. Its state stays where checkpoints look for it."""

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        self.optimizer, self.groups = optimizer, optimizer.param_groups
        self.parameters: list[Tensor] = [parameter for group in self.groups for parameter in group["params"]]

    def set_rate(self, rate: float | Tensor) -> None:
        for group in self.groups:
            group["lr"] = rate

    def forget_gradients(self) -> None:
        for parameter in self.parameters:
            parameter.grad = None

    def make(self) -> None:
        self.optimizer.step()

    @property
    def capturable(self) -> bool:
        """Whether a CUDA graph may hold it: it asks the host for nothing, the learning rate included."""
        return all(group.get("capturable", False) for group in self.groups)


class FusedSGD(Update):
    """SGD's step, bit for bit.

    One call of the optimiser asks again which of its tensors lie where, and whether somebody differentiates or
    profiles it, which small networks notice.
    """

    capturable = True

    def __init__(self, optimizer: torch.optim.SGD) -> None:
        super().__init__(optimizer)
        self.momenta: list[list[Tensor]] = []
        for group in self.groups:
            # from zero, the first step leaves there what the optimiser's does
            states = [optimizer.state[parameter] for parameter in group["params"]] if group["momentum"] else []
            for parameter, state in zip(group["params"], states, strict=bool(states)):
                if state.get("momentum_buffer") is None:
                    state["momentum_buffer"] = torch.zeros_like(parameter)
            self.momenta.append([state["momentum_buffer"] for state in states])

    def make(self) -> None:
        for group, momenta in zip(self.groups, self.momenta, strict=True):
            gradients = list[Tensor]()
            for parameter in group["params"]:
                assert parameter.grad is not None, "a parameter took no part in the loss"
                gradients.append(parameter.grad)
            torch._fused_sgd_(
                group["params"],
                gradients,
                momenta,
                weight_decay=group["weight_decay"],
                momentum=group["momentum"],
                lr=group["lr"],
                dampening=0.0,
                nesterov=group["nesterov"],
                maximize=False,
                is_first_step=False,
            )


def update_for(optimizer: torch.optim.Optimizer) -> Update:
    """The fastest way to ``optimizer``'s step."""
    if type(optimizer) is torch.optim.SGD and not any(g["dampening"] or g["maximize"] for g in optimizer.param_groups):
        return FusedSGD(optimizer)
    return Update(optimizer)
