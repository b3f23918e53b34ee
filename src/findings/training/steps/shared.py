"""Steps of several devices: each takes its part of a batch, and all make the same update."""

import torch
from torch import Tensor, nn

from findings.config.schema import Config
from findings.data.parts import groups
from findings.data.stream import Stream
from findings.nets.norm import GroupedBatchNorm2d
from findings.nets.synced import PartOfDropout
from findings.training.metrics import ErrorAndLoss
from findings.training.processes import World
from findings.training.schedule import LearningRate
from findings.training.steps.fast import Fast


class Shared(Fast):
    """Fast steps whose gradients are those of the whole batch's mean loss, and whose counters are of all its images.

    Small networks wait for each exchange, not for its bytes: gradients, running statistics of batch norm over groups,
    the loss and the wrong answers are one tensor, which is added up once in a step. Steps are not captured as a
    graph: NCCL's part in one is hard to stop when another device fails.
    """

    kind = "shared"

    def __init__(
        self,
        network: nn.Module,
        stream: Stream,
        optimizer: torch.optim.Optimizer,
        config: Config,
        learning_rate: LearningRate,
        world: World,
    ) -> None:
        super().__init__(network, stream, optimizer, config, learning_rate)
        self.stream, self.world = stream, world
        self.dropouts = [layer for layer in network.modules() if isinstance(layer, PartOfDropout)]
        norms = [layer for layer in network.modules() if isinstance(layer, GroupedBatchNorm2d) and layer.training]
        self.group = norms[0].group if norms else 1  # of account where there are statistics
        self.statistics = [s for norm in norms for s in (norm.running_mean, norm.running_var) if s is not None]
        first = self.update.parameters[0]
        tensors = [*self.update.parameters, *self.statistics, first.new_zeros(2)]
        self.exchanged = first.new_zeros(sum(tensor.numel() for tensor in tensors))
        views, offset = [], 0
        for tensor in tensors:  # each in its own layout, as the fused update wants gradients
            views.append(self.exchanged.as_strided(tensor.size(), tensor.stride(), offset))
            offset += tensor.numel()
        self.counters = views.pop()  # (2,): the loss, the wrong answers
        self.gradients, self.averages = views[: len(self.update.parameters)], views[len(self.update.parameters) :]

    def run(self, epoch: int, start: int, stop: int, seen: ErrorAndLoss) -> None:
        self.batches.prepare(epoch)
        images = 0
        for position in range(start, stop):
            self.set_rate(epoch * self.steps_per_epoch + position)
            images += self.take_part(position, seen)
        seen.images += images

    def take_part(self, position: int, seen: ErrorAndLoss) -> int:
        """One update; adds the wrong answers and the sum of the losses to the counters. The number of images."""
        whole, own = self.stream.batch_at(position), self.stream.places(position)
        total, size = whole.stop - whole.start, own.stop - own.start
        for layer in self.dropouts:
            layer.start, layer.whole = own.start - whole.start, total
        if size:
            self.find(self.batches.at(position), size, total)
        else:  # of an epoch's last, small batch
            self.exchanged.zero_()
        with torch.no_grad():
            self.world.add_up(self.exchanged)
            for parameter, gradient in zip(self.update.parameters, self.gradients, strict=True):
                parameter.grad = gradient
            if self.statistics:
                torch._foreach_copy_(self.statistics, self.averages)
            self.update.make()
            seen.loss += self.counters[0].double() * total
            seen.wrong += self.counters[1].to(torch.int64)
        return total

    def find(self, batch: tuple[Tensor, Tensor], size: int, total: int) -> None:
        """Lay out what this device adds: of a batch of ``total`` images the part that its ``size`` contribute."""
        self.update.forget_gradients()
        trained, reported, mistakes = self.forward(*batch)
        (trained * (size / total)).backward()
        with torch.no_grad():
            found = [parameter.grad for parameter in self.update.parameters if parameter.grad is not None]
            torch._foreach_copy_(self.gradients, found)  # raises if a parameter took no part in the loss
            if self.statistics:
                share = groups(size, self.group) / groups(total, self.group)
                torch._foreach_copy_(self.averages, torch._foreach_mul(self.statistics, share))
            self.counters[0], self.counters[1] = reported.detach() * (size / total), mistakes
