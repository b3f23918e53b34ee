"""A training step as the recipe says it: nothing prepared, nothing fused. What the faster ways are compared with."""

import torch
from torch import nn

from findings.config.schema import Config
from findings.data.stream import Stream
from findings.training.metrics import ErrorAndLoss
from findings.training.schedule import LearningRate
from findings.training.steps.loss import Loss


class Plain:
    """One step after the other, each told its images, its learning rate and the seed of what the network draws."""

    execution = "plain"

    def __init__(
        self,
        network: nn.Module,
        stream: Stream,
        optimizer: torch.optim.Optimizer,
        config: Config,
        learning_rate: LearningRate,
    ) -> None:
        self.network, self.stream, self.optimizer, self.config = network, stream, optimizer, config
        self.learning_rate, self.loss = learning_rate, Loss(config.recipe)

    def run(self, epoch: int, start: int, stop: int, seen: ErrorAndLoss) -> None:
        for position in range(start, stop):
            iteration = epoch * self.stream.steps_per_epoch + position
            for group in self.optimizer.param_groups:
                group["lr"] = self.learning_rate.at(iteration)
            images, labels = self.stream.batch(epoch, position)
            self.stream.randomness.seed_torch("step", iteration, device=images.device)
            trained, reported, logits = self.loss(self.network(images), labels)
            self.optimizer.zero_grad()
            trained.backward()
            self.optimizer.step()
            seen.update(logits, labels, reported)
