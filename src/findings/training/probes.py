"""Extra evaluations at the end of a run: the test images moved, or at another size, beside the plain ones.

They are part of the run and its record, so that a report needs no network.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from findings.data.augment import shifted
from findings.errors import InputError
from findings.training.learner import Learner

Change = Callable[[Tensor], Tensor]  # of normalised images (N, C, H, W)


def probe(learner: Learner, heed: Callable[[], None]) -> list[dict[str, Any]]:
    """A row for each of ``evaluation.shifts`` and ``evaluation.sizes``, with the columns of probes.csv.

    ``test_error`` is in percent; ``agreement`` is the percentage of test images that are predicted as they are
    unchanged. A shift is made up, down, left and right, and both are means over the four. A size that the network
    refuses has no error and says why. ``heed`` is called between batches and may raise.
    """
    evaluation = learner.config.evaluation
    changes: list[tuple[str, int, list[Change]]] = [("shift", pixels, shifts(pixels)) for pixels in evaluation.shifts]
    changes += [("size", pixels, [partial(resized, size=pixels)]) for pixels in evaluation.sizes]
    if not changes:
        return []
    labels = learner.splits["test"].labels
    plain = _predictions(learner, heed, lambda images: images)
    rows = []
    for name, value, each in changes:
        row: dict[str, Any] = {"probe": name, "value": value, "images": len(labels), "remark": ""}
        try:
            predicted = torch.stack([_predictions(learner, heed, change) for change in each])  # (directions, N)
        except InputError as refusal:
            rows.append(row | {"test_error": None, "agreement": None, "images": 0, "remark": str(refusal)})
            continue
        error, agreement = (predicted != labels).double().mean(), (predicted == plain).double().mean()
        rows.append(row | {"test_error": 100 * float(error), "agreement": 100 * float(agreement)})
    return rows


def shifts(pixels: int) -> list[Change]:
    """The four moves by that many pixels along an axis; by 0 there is one."""
    moves = [(pixels, 0), (-pixels, 0), (0, pixels), (0, -pixels)] if pixels else [(0, 0)]
    return [partial(shifted, down=down, right=right) for down, right in moves]


def resized(images: Tensor, size: int) -> Tensor:
    """(N, C, H, W) -> (N, C, size, size), bilinear and antialiased."""
    return F.interpolate(images, size=(size, size), mode="bilinear", antialias=True)


def _predictions(learner: Learner, heed: Callable[[], None], change: Change) -> Tensor:
    """The class of every test image (N,)."""
    return torch.cat([logits.argmax(1) for logits, _ in learner.scores(learner.splits["test"], heed, change)])
