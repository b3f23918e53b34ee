"""Random numbers that are pure functions of what they are for: no state, nothing to save, nothing to replay.

Everything random in a run comes from here. A number is decided by the run's arm, its seed, and:

    initialisation   nothing more: the weights before the first step, as the network's class draws them
    order            the epoch, whose permutation of the training images it is
    crop, flip       the epoch and the image, whatever batch it comes in
    step             the iteration: dropout's masks and whatever else the network draws in training
    evaluation       the iteration: what a network draws in evaluation mode, if it does

The arm is in all of them. So seed 0 is no set of weights and batches that networks share: seed 0 of an arm is one draw
of that arm, as independent of another arm's seed 0 as of its own seed 1, and that is what Welch's interval supposes of
the runs that it compares. How a run is evaluated is left out of the arm here: probed, it has the numbers that it has
unprobed. Runs of one arm and seed are the same, wherever they are trained. Which images are set aside
for validation (``split.py``) is decided once for all runs: a data set is no part of what varies.

``config.identity.STREAMS`` counts the versions of this page; it is part of every run's id.
"""

import hashlib
from dataclasses import dataclass
from typing import Literal, Self

import torch

from findings.config.identity import Run, arm_of

Purpose = Literal["initialisation", "order", "crop", "flip", "step", "evaluation"]


@dataclass(frozen=True)
class Randomness:
    """The streams of one run; ``arm`` is its id without the seed, had it the usual evaluation."""

    arm: str
    seed: int

    @classmethod
    def of(cls, run: Run) -> Self:
        """Of a config alone: ``Randomness.of(identify(config))``."""
        decides = {key: value for key, value in run.scientific.items() if not key.startswith("evaluation.")}
        arm = run.arm if len(decides) == len(run.scientific) else arm_of(decides, run.streams)
        return cls(arm, run.config.seed)

    def number(self, purpose: Purpose, *parts: int) -> int:
        """63 bits for a purpose and what it depends on, e.g. ``number("order", epoch)``."""
        text = "/".join(map(str, (self.arm, self.seed, purpose, *parts)))
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1

    def generator(self, purpose: Purpose, *parts: int) -> torch.Generator:
        """Always on the CPU, so that every device sees the same numbers."""
        return torch.Generator().manual_seed(self.number(purpose, *parts))

    def seed_torch(self, purpose: Purpose, *parts: int, device: torch.device) -> None:
        """Let torch's own generators, the CPU's and that of ``device``, begin there.

        As torch.manual_seed, which also writes down for each kind of device that is not there who has called it.
        """
        number = self.number(purpose, *parts)
        torch.default_generator.manual_seed(number)
        if device.type == "cuda":
            index = torch.cuda.current_device() if device.index is None else device.index
            torch.cuda.default_generators[index].manual_seed(number)
