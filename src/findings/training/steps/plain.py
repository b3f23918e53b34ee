"""A training step as the recipe says it: nothing prepared, nothing fused. What the faster ways are compared with."""

import torch
from torch import nn

from findings.config.schema import Config
from findings.data.stream import Stream
from findings.training.metrics import ErrorAndLoss
from findings.training.schedule import learning_rate
from findings.training.steps.loss import cross_entropy


class Plain:
    """One step after the other, each told its images, its learning rate and the seed of what the network draws."""

    execution = "plain"

    def __init__(self, network: nn.Module, stream: Stream, optimizer: torch.optim.Optimizer, config: Config) -> None:
        self.network, self.stream, self.optimizer, self.config = network, stream, optimizer, config

    def run(self, epoch: int, start: int, stop: int, seen: ErrorAndLoss) -> None:
        for position in range(start, stop):
            iteration = epoch * self.stream.steps_per_epoch + position
            for group in self.optimizer.param_groups:
                group["lr"] = learning_rate(self.config.recipe, iteration)
            images, labels = self.stream.batch(epoch, position)
            self.stream.randomness.seed_torch("step", iteration, device=images.device)
            logits = self.network(images)
            loss = cross_entropy(logits, labels)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            seen.update(logits, labels, loss)
