"""Normalisation, random crops and flips, batch-wise on the training device."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from findings.config.schema import Normalisation, Padding
from findings.data.randomness import Randomness


@dataclass(frozen=True)
class Statistics:
    """What :func:`normalise` subtracts and divides by, of pixels in [0, 1]."""

    mean: Tensor  # (C, H, W) or (C, 1, 1)
    std: Tensor  # (C, 1, 1)

    @classmethod
    def of(cls, images: np.ndarray, kind: Normalisation) -> "Statistics":
        """Measure ``images``, uint8 (N, C, H, W): the training images without those set aside for validation."""
        channels = images.shape[1]
        mean = torch.zeros(channels, 1, 1)
        std = torch.ones(channels, 1, 1)
        if kind is Normalisation.per_pixel_mean:
            mean = torch.from_numpy(images.mean(0, dtype=np.float64) / 255).float()
        elif kind is Normalisation.channel_mean_std:
            # the std of all pixels of a channel; the mean of per-image stds (0.2023 for CIFAR-10) is a wrong number
            mean = torch.from_numpy(images.mean((0, 2, 3), dtype=np.float64) / 255).float().view(-1, 1, 1)
            squares = np.array([np.square(images[:, c], dtype=np.float64).mean() for c in range(channels)]) / 255**2
            variance = torch.from_numpy(squares).view(-1, 1, 1) - mean.double() ** 2
            # a channel that is all but constant (std below a quarter of a grey level) is not blown up to noise or nan
            std = torch.where(variance > 1e-6, variance, 1.0).sqrt().float()
        return cls(mean, std)

    def to(self, device: torch.device, dtype: torch.dtype) -> "Statistics":
        return Statistics(self.mean.to(device, dtype), self.std.to(device, dtype))


def normalise(images: Tensor, statistics: Statistics) -> Tensor:
    """uint8 (N, C, H, W) in 0..255 -> floating point, same shape."""
    return (images.to(statistics.mean.dtype) / 255 - statistics.mean) / statistics.std


def shifted(images: Tensor, down: int, right: int) -> Tensor:
    """Normalised ``images`` (N, C, H, W) moved by whole pixels, zeros where nothing comes in: as a crop sees them."""
    height, width = images.shape[-2:]
    padded = F.pad(images, (max(right, 0), max(-right, 0), max(down, 0), max(-down, 0)))
    top, left = max(-down, 0), max(-right, 0)
    return padded[..., top : top + height, left : left + width]


@dataclass(frozen=True)
class Augmentation:
    """One epoch's crops and flips for every training image: pure functions of (arm, seed, epoch, image index)."""

    rows: Tensor  # (N,) first row of the crop in the padded image
    columns: Tensor  # (N,)
    flipped: Tensor  # (N,) bool

    @classmethod
    def draw(cls, images: int, randomness: Randomness, *, epoch: int, padding: int, flip: bool) -> "Augmentation":
        offsets = torch.randint(2 * padding + 1, (2, images), generator=randomness.generator("crop", epoch))
        flipped = torch.rand(images, generator=randomness.generator("flip", epoch)) < (0.5 if flip else 0.0)
        return cls(offsets[0], offsets[1], flipped)

    def to(self, device: torch.device) -> "Augmentation":
        return Augmentation(self.rows.to(device), self.columns.to(device), self.flipped.to(device))

    def apply(self, images: Tensor, index: Tensor, padding: int, mode: Padding) -> Tensor:
        """Crop and flip normalised ``images`` (B, C, H, W), which are the training images ``index`` (B,)."""
        batch, _, height, width = images.shape
        if padding:
            images = F.pad(images, (padding,) * 4, mode="constant" if mode is Padding.zero else "reflect")
            # a view of every crop there is; picking one for each image copies whole rows, not pixel by pixel
            crops = images.unfold(2, height, 1).unfold(3, width, 1)  # (B, C, 2p + 1, 2p + 1, H, W)
            images = crops[torch.arange(batch, device=images.device), :, self.rows[index], self.columns[index]]
        return torch.where(self.flipped[index, None, None, None], images.flip(3), images)
