"""The loss that is trained, and the one that is reported."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from findings.config.schema import RecipeConfig
from findings.nets.heads import parted


class Loss:
    """What ``recipe`` trains: cross-entropy with smoothed labels, and that of auxiliary heads with their weight.

    What is reported is neither: the mean cross-entropy of the main logits with the labels themselves, as it is measured
    on every split, so that training and test losses, and recipes, compare.
    """

    def __init__(self, recipe: RecipeConfig) -> None:
        self.smoothing, self.weight = recipe.label_smoothing, recipe.auxiliary_weight

    def __call__(self, scored: Any, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(what to descend, what to report, logits (N, classes)) of what a network returns; both losses in nats."""
        logits, auxiliary = parted(scored)
        if not self.smoothing and not auxiliary:
            loss = cross_entropy(logits, labels)
            return loss, loss, logits
        trained = cross_entropy(logits, labels, self.smoothing)
        for scores in auxiliary:
            trained = trained + self.weight * cross_entropy(scores, labels, self.smoothing)
        return trained, cross_entropy(logits.detach(), labels), logits


def cross_entropy(logits: Tensor, labels: Tensor, smoothing: float = 0.0) -> Tensor:  # (N, classes), (N,) -> ()
    """The mean over the batch, in nats; of bf16 logits computed in fp32."""
    wide = logits.float() if logits.dtype == torch.bfloat16 else logits
    return F.cross_entropy(wide, labels, label_smoothing=smoothing)
