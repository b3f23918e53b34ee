"""The same steps in less time: batches by one gather, counters without their class, the network compiled if asked."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from findings.config.schema import Config
from findings.data.batches import batches_of
from findings.data.stream import Stream
from findings.nets.draws import draws
from findings.training.metrics import ErrorAndLoss
from findings.training.schedule import LearningRate
from findings.training.steps.loss import Loss
from findings.training.steps.update import update_for


def compiles(network: nn.Module, config: Config) -> bool:
    """Whether its steps go through torch.compile. A network that draws never does: compiled, it would draw others."""
    return bool(config.trainer.compiled) and config.trainer.fast and not draws(network, config)


class Fast:
    """Steps without a word to the host between them, on any device."""

    kind = "fast"

    def __init__(
        self,
        network: nn.Module,
        stream: Stream,
        optimizer: torch.optim.Optimizer,
        config: Config,
        learning_rate: LearningRate,
    ) -> None:
        self.network, self.update, self.config = network, update_for(optimizer), config
        self.learning_rate, self.loss = learning_rate, Loss(config.recipe)
        self.steps_per_epoch, self.batches = stream.steps_per_epoch, batches_of(stream)
        self.randomness = stream.randomness
        self.full = len(self.batches.starts)  # images of all batches but an epoch's last
        self.forward_full: Callable[[Tensor, Tensor], tuple[Tensor, Tensor, Tensor]] = self.forward
        self.execution = self.kind
        if compiles(network, config):
            self.execution += ", compiled"
            from torch._inductor import config as inductor

            # a worker trains many runs: without this the eighth network would silently be left as it is
            torch.compiler.reset()
            if hasattr(inductor, "deterministic"):  # or what is timed as fastest decides in which order sums are made
                inductor.deterministic = True
            # one shape only: an epoch's last, smaller batch is not worth a compilation
            self.forward_full = torch.compile(self.forward, dynamic=False)

    def run(self, epoch: int, start: int, stop: int, seen: ErrorAndLoss) -> None:
        self.batches.prepare(epoch)
        images = 0
        for position in range(start, stop):
            self.set_rate(epoch * self.steps_per_epoch + position)
            images += self.step(*self.batches.at(position), seen.wrong, seen.loss)
        seen.images += images

    def set_rate(self, iteration: int) -> None:
        self.update.set_rate(self.rate_at(iteration))
        self.randomness.seed_torch("step", iteration, device=self.batches.order.device)

    def rate_at(self, iteration: int) -> float:
        """The learning rate as the weights' type has it: a graph reads an fp32 number, and all steps are to agree."""
        return torch.tensor(self.learning_rate.at(iteration), dtype=self.batches.mean.dtype).item()

    def step(self, images: Tensor, labels: Tensor, wrong: Tensor, summed: Tensor) -> int:
        """One update; adds the wrong answers and the sum of the losses to the counters. The number of images."""
        size = len(labels)
        forward = self.forward_full if size == self.full else self.forward
        trained, reported, mistakes = forward(images, labels)
        self.update.forget_gradients()
        trained.backward()
        with torch.no_grad():
            self.update.make()
        wrong += mistakes
        summed += reported.detach().double() * size
        return size

    def forward(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(loss to descend, loss to report, wrong answers)."""
        trained, reported, logits = self.loss(self.network(images), labels)
        return trained, reported, (logits.detach().argmax(1) != labels).sum()
