"""Batch normalisation whose group of images is part of the recipe."""

import torch
from torch import Tensor, nn


class GroupedBatchNorm2d(nn.BatchNorm2d):
    """Batch norm over consecutive groups of ``group`` images; running statistics are averaged over the groups.

    So one device with groups of 64 trains like two devices with 64 images each. A batch that ``group`` does not divide
    ends with a smaller group. In evaluation mode it is plain batch norm (Ioffe & Szegedy 2015).
    """

    def __init__(self, channels: int, group: int) -> None:
        super().__init__(channels)
        self.group = group

    def forward(self, x: Tensor) -> Tensor:  # (N, C, H, W) -> (N, C, H, W)
        if not self.training or len(x) <= self.group:
            return super().forward(x)
        assert self.running_mean is not None and self.running_var is not None and self.num_batches_tracked is not None
        before = self.running_mean.clone(), self.running_var.clone()
        means, variances, outputs = [], [], []
        for group in x.split(self.group):
            self.running_mean.copy_(before[0])
            self.running_var.copy_(before[1])
            outputs.append(super().forward(group))
            means.append(self.running_mean.clone())
            variances.append(self.running_var.clone())
        self.running_mean.copy_(torch.stack(means).mean(0))
        self.running_var.copy_(torch.stack(variances).mean(0))
        self.num_batches_tracked -= len(outputs) - 1  # the groups are one step
        return torch.cat(outputs)


def normalise(channels: int, *, batch_norm: bool, group: int | None) -> nn.Module:
    """Batch norm over the whole batch, over groups of ``group`` images, or nothing."""
    if not batch_norm:
        return nn.Identity()
    return nn.BatchNorm2d(channels) if group is None else GroupedBatchNorm2d(channels, group)
