"""Predictions of changed test images beside those of the images as they are."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from findings.errors import InputError
from findings.training.probes import Number
from findings.training.probes.moment import Moment

Change = Callable[[Tensor], Tensor]  # of normalised images (N, C, H, W)


def compared(moment: Moment, key: str, changes: Sequence[Change]) -> list[Number]:
    """Test error and agreement in percent, means over the ``changes``; without values where the network refuses one.

    Agreement is the percentage of test images that are predicted as they are unchanged.
    """
    assert moment.logits is not None
    try:
        predicted = torch.stack([moment.predictions(change) for change in changes])  # (changes, N)
    except InputError as refusal:
        return [Number(key, number, None, str(refusal)) for number in ("test_error", "agreement")]
    error = (predicted != moment.test.labels).double().mean()
    agreement = (predicted == moment.logits.argmax(1)).double().mean()
    return [Number(key, "test_error", 100 * float(error)), Number(key, "agreement", 100 * float(agreement))]
