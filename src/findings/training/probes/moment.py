"""What a probe is shown: a run between two of its steps."""

import copy
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cached_property
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from findings.config.schema import Config
from findings.data.parts import WHOLE
from findings.data.stream import Split
from findings.nets import weights
from findings.nets.synced import on_one_device

if TYPE_CHECKING:
    from findings.training.learner import Learner  # which asks when to pause for probes


class Moment:
    """A run after ``iteration`` steps. All devices of a run are shown the same, each on its own.

    ``heed`` is called between batches, equally often on all devices, and may raise: the run is asked to stop.
    ``logits`` (N, classes) are those of all test images, at the end only.
    """

    def __init__(self, learner: "Learner", heed: Callable[[], None], logits: Tensor | None = None) -> None:
        self._learner, self.heed, self.logits = learner, heed, logits
        self.iteration = learner.done
        self.config: Config = learner.config
        self.device: torch.device = learner.device
        self.test: Split = learner.splits["test"]

    @cached_property
    def network(self) -> nn.Module:
        """A copy, in evaluation mode; its batch norm sees the batch that it is given and asks no other device."""
        return on_one_device(copy.deepcopy(self._learner.network)).eval()

    def network_in_training(self) -> nn.Module:
        """The copy as steps have it: in training mode, save what is frozen."""
        return weights.train(self.network, frozen=self.config.init_from.freeze is not None)

    def seed_step(self) -> None:
        """Let the network draw what it draws in the step to come."""
        torch.manual_seed(self._learner.stream.randomness.number("step", self.iteration))

    def autocast(self) -> AbstractContextManager[None]:
        """In which the recipe's precision holds."""
        return self._learner.trainer.precision_plugin.val_step_context()  # type: ignore[no-any-return]

    def next_batch(self) -> tuple[Tensor, Tensor]:
        """The whole batch of the step to come, as that step sees it: (B, C, H, W), (B,)."""
        stream = copy.copy(self._learner.stream)
        stream.share = WHOLE
        with self.autocast():  # as steps do: flips are drawn in torch's default type, which is the precision's here
            return stream.batch(*divmod(self.iteration, stream.steps_per_epoch))

    def test_images(self, count: int) -> tuple[Tensor, Tensor]:
        """The first ``count`` test images, normalised, (count, C, H, W), and their labels (count,)."""
        return next(self.test.batches(min(count, len(self.test))))

    @torch.no_grad()
    def predictions(self, change: Callable[[Tensor], Tensor]) -> Tensor:
        """The class of every test image (N,) after a ``change`` of the normalised images (N, C, H, W)."""
        predicted = []
        for images, _ in self.test.batches(self.config.trainer.evaluation_batch_size):
            with self.autocast():
                predicted.append(self.network(change(images)).argmax(1))
            self.heed()
        return torch.cat(predicted)

    @property
    def milliseconds_per_step(self) -> float | None:
        """Mean over this epoch's steps so far; None before the first."""
        steps = self.iteration % self._learner.stream.steps_per_epoch or self._learner.stream.steps_per_epoch
        return 1000 * self._learner.seconds / steps if self._learner.seconds else None
