"""The stream's batches, bit for bit, by one gather each: an epoch is drawn at once, nothing waits for the host."""

import torch
import torch.nn.functional as F
from torch import Tensor

from findings.config.schema import Padding
from findings.data.augment import Augmentation
from findings.data.stream import Stream


class Batches:
    """What :meth:`Stream.batch` gives, from pixels that lie as the network reads them: channels last.

    A crop and a flip together are one of few maps from the output's pixels to the input's, so a batch of augmented
    images is a batch of normalised ones, read in another order. ``order`` and ``variants`` hold one epoch and stay
    where they are: a captured graph reads them at every replay.
    """

    def __init__(self, stream: Stream) -> None:
        self.stream, self.recipe = stream, stream.recipe
        total, channels, height, width = stream.images.shape
        device, dtype = stream.images.device, stream.statistics.mean.dtype
        self.shape = (height, width, channels)
        self.pixels = stream.images.permute(0, 2, 3, 1).reshape(total, -1, channels).contiguous()  # uint8 (N, H W, C)
        self.mean = stream.statistics.mean.expand(channels, height, width).permute(1, 2, 0).reshape(-1, channels)
        self.mean = self.mean.contiguous()  # (H W, C)
        self.std = stream.statistics.std.flatten()  # (C,)
        self.maps = _maps(height, width, self.recipe.crop_padding, self.recipe.padding).to(device)
        first = stream.places(0)
        size = first.stop - first.start
        # one pixel more than an image has: the zero that crops beyond the border read
        self.normalised = torch.zeros(size, height * width + 1, channels, device=device, dtype=dtype)
        self.starts = torch.arange(size, device=device)[:, None] * (height * width + 1)
        self.order = torch.zeros(total, dtype=torch.int64, device=device)
        self.variants = torch.zeros(total, dtype=torch.int64, device=device)
        self.epoch = -1

    def prepare(self, epoch: int) -> None:
        """Draw the epoch's permutation, crops and flips."""
        if epoch == self.epoch:
            return
        recipe, randomness, total = self.recipe, self.stream.randomness, len(self.order)
        order = torch.randperm(total, generator=randomness.generator("order", epoch))
        drawn = Augmentation.draw(total, randomness, epoch=epoch, padding=recipe.crop_padding, flip=recipe.flip)
        places = 2 * recipe.crop_padding + 1
        variants = (drawn.flipped * places + drawn.rows) * places + drawn.columns
        self.order.copy_(order)
        self.variants.copy_(variants[order])
        self.epoch = epoch

    def at(self, position: int) -> tuple[Tensor, Tensor]:
        """Images (B, C, H, W) and labels (B,) of step ``position`` of the epoch."""
        chosen = self.stream.places(position)
        return self.gather(self.order[chosen], self.variants[chosen])

    def at_device(self, position: Tensor) -> tuple[Tensor, Tensor]:
        """The same for a position, int64 (), that only the device knows. The batch has to be a full one."""
        places = position * len(self.starts) + torch.arange(len(self.starts), device=self.order.device)
        return self.gather(self.order.index_select(0, places), self.variants.index_select(0, places))

    def gather(self, index: Tensor, variants: Tensor) -> tuple[Tensor, Tensor]:  # (B,), (B,)
        size, (height, width, channels) = len(index), self.shape
        normalised = self.normalised[:size]
        pixels = self.pixels.index_select(0, index).to(normalised.dtype)
        torch.div((pixels / 255).sub_(self.mean), self.std, out=normalised[:, :-1])
        sources = self.maps.index_select(0, variants) + self.starts[:size]  # (B, H W)
        images = normalised.view(-1, channels).index_select(0, sources.view(-1)).view(size, height, width, channels)
        labels = self.stream.labels.index_select(0, index)
        return images.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last), labels


def batches_of(stream: Stream) -> Batches:
    """Those of ``stream``, which are made once, from a copy of its images in another layout, and kept with it."""
    if stream.prepared is None:
        stream.prepared = Batches(stream)
    assert isinstance(stream.prepared, Batches)
    return stream.prepared


def _maps(height: int, width: int, padding: int, mode: Padding) -> Tensor:
    """int64 (2 x crops, H W): for each flip and crop, which pixel of the image each pixel shows; H W is beyond it."""
    numbers = torch.arange(height * width, dtype=torch.float64).view(1, 1, height, width)  # pad() takes no integers
    if padding:
        around = (padding,) * 4
        numbers = (
            F.pad(numbers, around, value=height * width)
            if mode is Padding.zero
            else F.pad(numbers, around, mode="reflect")
        )
    crops = numbers[0, 0].unfold(0, height, 1).unfold(1, width, 1)  # (2p + 1, 2p + 1, H, W)
    both = torch.stack([crops, crops.flip(3)])
    return both.reshape(-1, height * width).to(torch.int64)
