"""Batch normalisation whose group of images is part of the recipe."""

import torch
import torch.nn.functional as F
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
        # nn.BatchNorm2d can be without them; ours never is
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        means, variances, outputs = [], [], []
        for group in x.split(self.group):
            # each group moves its own copy: autograd keeps the copies, and would refuse buffers that changed since
            mean, variance = self.running_mean.clone(), self.running_var.clone()
            outputs.append(F.batch_norm(group, mean, variance, self.weight, self.bias, True, self.momentum, self.eps))
            means.append(mean)
            variances.append(variance)
        self.running_mean.copy_(torch.stack(means).mean(0))
        self.running_var.copy_(torch.stack(variances).mean(0))
        self.num_batches_tracked += 1  # the groups are one step
        return torch.cat(outputs)


def normalise(channels: int, *, batch_norm: bool, group: int | None) -> nn.Module:
    """Batch norm over the whole batch, over groups of ``group`` images, or nothing."""
    if not batch_norm:
        return nn.Identity()
    return nn.BatchNorm2d(channels) if group is None else GroupedBatchNorm2d(channels, group)


class LocalResponseNorm(nn.Module):
    """Each value over (2 + 1e-4 times the sum of squares of five neighbouring channels) to the power of 0.75.

    Krizhevsky et al. 2012, section 3.3, whose alpha multiplies the sum; that of torch's layer multiplies the mean.
    """

    channels, k, alpha, beta = 5, 2.0, 1e-4, 0.75

    def forward(self, x: Tensor) -> Tensor:  # (N, C, H, W) -> (N, C, H, W)
        squares = (x * x).flatten(2).unsqueeze(1)  # (N, 1, C, H * W); zeros stand for what lies beyond the channels
        means = F.avg_pool2d(squares, (self.channels, 1), stride=1, padding=(self.channels // 2, 0))
        return x / (means.view(x.shape) * (self.channels * self.alpha) + self.k).pow(self.beta)
