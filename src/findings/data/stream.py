"""The training images as a continuing stream of permutations, and the splits to evaluate on, on the training device."""

from collections.abc import Iterator

import torch
from torch import Tensor

from findings.config.identity import Run
from findings.config.schema import RecipeConfig
from findings.data.augment import Augmentation, Statistics, normalise
from findings.data.dataset import Dataset
from findings.data.parts import WHOLE, Share, part
from findings.data.randomness import Randomness
from findings.data.split import split_validation


def batches_per_epoch(images: int, batch_size: int, *, drop_last: bool) -> int:
    """Batches of one permutation; at least one, even where a batch is larger than the data."""
    return max(1, images // batch_size) if drop_last else -(-images // batch_size)


class Stream:
    """Batches by (epoch, position): what a batch holds depends on the arm, the seed and these two alone.

    Where several devices train together, each has all images, and gets its part of every batch.
    """

    def __init__(
        self,
        images: Tensor,
        labels: Tensor,
        statistics: Statistics,
        recipe: RecipeConfig,
        randomness: Randomness,
        share: Share = WHOLE,
    ) -> None:
        self.images, self.labels = images, labels  # uint8 (N, C, H, W), int64 (N,)
        self.statistics, self.recipe, self.randomness, self.share = statistics, recipe, randomness, share
        self.steps_per_epoch = batches_per_epoch(len(images), self.recipe.batch_size, drop_last=self.recipe.drop_last)
        self.prepared: object | None = None  # what batches.py makes of it, kept with it
        self._epoch = -1
        self._order: Tensor
        self._augmentation: Augmentation

    def batch_at(self, position: int) -> slice:
        """Where the batch lies in the epoch's permutation."""
        size = self.recipe.batch_size
        return slice(position * size, min((position + 1) * size, len(self.images)))

    def places(self, position: int) -> slice:
        """Where this device's part of it does."""
        whole = self.batch_at(position)
        if self.share.size == 1:
            return whole
        start, stop = part(whole.stop - whole.start, self.share.rank, self.share.size, self.recipe.batch_norm_group)
        return slice(whole.start + start, whole.start + stop)

    def batch(self, epoch: int, position: int) -> tuple[Tensor, Tensor]:
        """The images (B, C, H, W), augmented, and labels (B,) of step ``position`` of ``epoch``."""
        if epoch != self._epoch:
            self._prepare(epoch)
        recipe, index = self.recipe, self._order[self.places(position)]
        images = normalise(self.images[index], self.statistics)
        if recipe.crop_padding or recipe.flip:
            images = self._augmentation.apply(images, index, recipe.crop_padding, recipe.padding)
        return images.contiguous(), self.labels[index]

    def _prepare(self, epoch: int) -> None:
        total, device = len(self.images), self.images.device
        self._order = torch.randperm(total, generator=self.randomness.generator("order", epoch)).to(device)
        self._augmentation = Augmentation.draw(
            total, self.randomness, epoch=epoch, padding=self.recipe.crop_padding, flip=self.recipe.flip
        ).to(device)
        self._epoch = epoch


class Split:
    """Images to evaluate on, in order, unaugmented."""

    def __init__(self, images: Tensor, labels: Tensor, statistics: Statistics) -> None:
        self.images, self.labels, self.statistics = images, labels, statistics

    def __len__(self) -> int:
        return len(self.images)

    def batches(self, size: int, share: Share = WHOLE) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches of ``size``, or this device's parts of batches of ``size`` for each: as many for all, some empty."""
        for first in range(0, len(self), size * share.size):
            start, stop = part(min(size * share.size, len(self) - first), share.rank, share.size, None)
            images = normalise(self.images[first + start : first + stop], self.statistics)
            yield images.contiguous(memory_format=torch.channels_last), self.labels[first + start : first + stop]


def place(
    dataset: Dataset, run: Run, device: torch.device, dtype: torch.dtype, share: Share = WHOLE
) -> tuple[Stream, dict[str, Split]]:
    """Put a data set on ``device``: the training stream, and the splits train, validation (if any) and test.

    Who has a config only, gives ``identify(config)``.
    """
    config = run.config
    chosen, aside = split_validation(dataset.train_labels, config.data.validation)
    training_images = dataset.train_images[chosen] if len(aside) else dataset.train_images
    statistics = Statistics.of(training_images, config.recipe.normalisation).to(device, dtype)

    def split(images: object, labels: object) -> tuple[Tensor, Tensor]:
        return torch.as_tensor(images).to(device), torch.as_tensor(labels).to(device)

    train = split(training_images, dataset.train_labels[chosen])
    splits = {
        "train": Split(*train, statistics),
        "test": Split(*split(dataset.test_images, dataset.test_labels), statistics),
    }
    if len(aside):
        splits["validation"] = Split(*split(dataset.train_images[aside], dataset.train_labels[aside]), statistics)
    return Stream(*train, statistics, config.recipe, Randomness.of(run), share), splits
