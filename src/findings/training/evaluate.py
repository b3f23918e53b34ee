"""What weights from elsewhere make of the test images, by the evaluation that every run has."""

from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F

from findings.config.identity import Run
from findings.data import load
from findings.data.stream import place
from findings.nets.weight_files import fitted, read
from findings.training.assembly import DTYPES, new_learner, ready
from findings.training.metrics import ErrorAndLoss

TOP = 5


@dataclass(frozen=True)
class Evaluated:
    """Errors in percent, mean cross-entropy in nats, over that many test images."""

    error: float
    top5_error: float | None  # of data with more than ten classes
    loss: float
    images: int
    layout: str  # whose names the weights had


def evaluate(run: Run, weights: Path) -> Evaluated:
    """The test error of ``run``'s network with the weights in a file, normalised as its recipe normalises.

    Raises InputError for a file that does not fit the network, or holds more than tensors.
    """
    config = run.config
    device = ready(config)
    learner = new_learner(config, *place(load(config.data), run, device, DTYPES[config.recipe.precision]))
    state, layout = fitted(learner.network, read(weights), str(weights))
    learner.network.load_state_dict(state)
    network = learner.network.to(device).eval()
    split, measured, beyond = learner.splits["test"], ErrorAndLoss().to(device), 0
    with torch.no_grad(), torch.autocast(device.type, torch.bfloat16, enabled=config.recipe.precision.name == "bf16"):
        for images, labels in split.batches(config.trainer.evaluation_batch_size):
            logits = network(images).float()
            measured.update(logits, labels, F.cross_entropy(logits, labels))
            best = logits.topk(min(TOP, logits.shape[1])).indices
            beyond += int((best != labels[:, None]).all(1).sum())
    error, loss, seen = measured.compute()
    return Evaluated(error, 100 * beyond / seen if config.data.classes > 10 else None, loss, seen, layout)
