"""The test images' logits, from all devices, in the images' order; and what the record keeps of them."""

import numpy as np
import torch
from torch import Tensor

from findings.data.parts import part
from findings.records.predictions import Predictions
from findings.training.processes import World


def in_order(own: list[Tensor], images: int, batch_size: int, world: World) -> Tensor:
    """Everybody's logits (N, classes), by image, from this device's (n, classes) of its part of every batch.

    With several devices all have to call it: batches are those of ``Split.batches``.
    """
    if world.size == 1:
        return torch.cat(own)
    theirs = [list(logits) for logits in world.gathered([logits.cpu() for logits in own])]  # tensors by rank
    device = own[0].device if own else torch.device("cpu")
    pieces = []
    for first in range(0, images, batch_size * world.size):
        size = min(batch_size * world.size, images - first)
        for rank in range(world.size):
            start, stop = part(size, rank, world.size, None)
            if stop > start:  # who had none of a batch has put out nothing
                pieces.append(theirs[rank].pop(0))
    return torch.cat(pieces).to(device)


def kept(logits: Tensor, labels: Tensor) -> Predictions:  # (N, classes), (N,)
    """As the record holds them: the class is that of the logits before they are rounded to half precision."""
    kind: type[np.integer] = np.uint8 if logits.shape[1] <= 256 else np.int16
    classes, truth = (numbers.cpu().numpy().astype(kind) for numbers in (logits.argmax(1), labels))
    largest = float(np.finfo(np.float16).max)
    return Predictions(classes, logits.clamp(-largest, largest).half().cpu().numpy(), truth)
