"""What is added up over images."""

import torch
from torch import Tensor

from findings.training.lightning import Metric


class ErrorAndLoss(Metric):
    """Top-1 error in percent, mean cross-entropy in nats, and the number of images, over all images since reset."""

    full_state_update = False

    def __init__(self) -> None:
        super().__init__(sync_on_compute=False)  # the steps add up all devices' images
        for state, dtype in (("wrong", torch.int64), ("loss", torch.float64), ("images", torch.int64)):
            self.add_state(state, torch.zeros((), dtype=dtype), dist_reduce_fx="sum", persistent=True)
        self.wrong: Tensor
        self.loss: Tensor
        self.images: Tensor

    def update(self, logits: Tensor, labels: Tensor, loss: Tensor) -> None:  # (N, classes), (N,), () -> None
        self.wrong += (logits.detach().argmax(1) != labels).sum()
        self.loss += loss.detach().double() * len(labels)
        self.images += len(labels)

    def add(self, wrong: int, loss: float, images: int) -> None:
        """What was seen elsewhere: wrong answers, the sum of the losses, images."""
        self.wrong += wrong
        self.loss += loss
        self.images += images

    def sums(self) -> tuple[int, float, int]:
        """What :meth:`add` takes."""
        return int(self.wrong), float(self.loss), int(self.images)

    def compute(self) -> tuple[float, float, int]:
        """(error in percent, loss, images)."""
        images = int(self.images)
        return 100 * float(self.wrong) / images, float(self.loss) / images, images
