"""The loss that is trained and reported."""

import torch
import torch.nn.functional as F
from torch import Tensor


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:  # (N, classes), (N,) -> ()
    """The mean over the batch, in nats; of bf16 logits computed in fp32."""
    return F.cross_entropy(logits.float() if logits.dtype == torch.bfloat16 else logits, labels)
