"""Layers that see a whole batch while each device holds a part of it. On one device none of them is used."""

from typing import Any

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from findings.errors import InputError
from findings.nets.norm import GroupedBatchNorm2d

AXES = (0, 2, 3)


class SyncedBatchNorm2d(nn.BatchNorm2d):
    """Batch norm over the images of all devices, on any kind of device and in any precision; torch's is for CUDA only.

    Every device has to have an image at least.
    """

    def forward(self, x: Tensor) -> Tensor:  # (N, C, H, W) -> (N, C, H, W)
        if not self.training:
            return super().forward(x)
        # nn.BatchNorm2d can be without them; ours never is
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        normalised, mean, variance, total = _Normalise.apply(x, self.weight, self.bias, self.eps)
        with torch.no_grad():
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * (total / (total - 1)), self.momentum)
            self.num_batches_tracked += 1
        return normalised


class _Normalise(torch.autograd.Function):
    """(x, weight, bias, eps) -> (normalised, mean (C,), biased variance (C,), pixels of all devices (1,)).

    One exchange each way. Statistics of bf16 maps are computed in the weights' precision.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> tuple[Tensor, ...]:
        variance, mean = torch.var_mean(x.to(weight.dtype), AXES, correction=0)
        own = torch.cat([mean, variance, mean.new_full((1,), x.numel() // len(mean))])
        everybody = [torch.empty_like(own) for _ in range(dist.get_world_size())]
        dist.all_gather(everybody, own)
        means, variances, pixels = torch.stack(everybody).split([len(mean), len(mean), 1], 1)  # (devices, C or 1)
        total = pixels.sum(0)
        mean = (pixels * means).sum(0) / total
        # of the parts' squared distances from the common mean: the mean of squares would cancel in fp32
        variance = (pixels * (variances + (means - mean).square())).sum(0) / total
        ctx.save_for_backward(x, weight, mean, (variance + eps).rsqrt(), total)
        ctx.mark_non_differentiable(mean, variance, total)
        return F.batch_norm(x, mean, variance, weight, bias, False, 0.0, eps), mean, variance, total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, mean, inverse, total = ctx.saved_tensors
        gradient = gradients[0].to(weight.dtype)
        centred = x.to(weight.dtype) - mean.view(1, -1, 1, 1)
        sums = torch.stack([gradient.sum(AXES), (gradient * centred).sum(AXES)])  # (2, C)
        own_weight, own_bias = sums[1] * inverse, sums[0].clone()  # the step adds up the weights' gradients itself
        dist.all_reduce(sums)
        offset, slope = (sums / total).view(2, 1, -1, 1, 1)
        scale = (weight * inverse).view(1, -1, 1, 1)
        inputs = (gradient - offset - centred * (slope * inverse.square().view(1, -1, 1, 1))) * scale
        return inputs.to(x.dtype), own_weight, own_bias, None


class PartOfDropout(nn.Dropout):
    """Dropout that draws what one device would draw for the whole batch, and applies this device's part of it."""

    start, whole = 0, 0  # the first image here, and the images of the batch; set at every step

    def forward(self, x: Tensor) -> Tensor:  # (N, ...) -> (N, ...)
        if not self.training:
            return x
        drawn = F.dropout(x.new_ones(self.whole, *x.shape[1:]), self.p)
        return x * drawn[self.start : self.start + len(x)]


def on_one_device(network: nn.Module) -> nn.Module:
    """Undo :func:`across_devices`, in place: the layers that it has replaced see what they are given, and no more."""
    for name, layer in network.named_children():
        if isinstance(layer, SyncedBatchNorm2d):
            alone = nn.BatchNorm2d(layer.num_features, layer.eps, layer.momentum).to(layer.weight)
            alone.load_state_dict(layer.state_dict())
            setattr(network, name, alone)
        elif isinstance(layer, PartOfDropout):
            setattr(network, name, nn.Dropout(layer.p))
        else:
            on_one_device(layer)
    return network


def across_devices(network: nn.Module) -> None:
    """Give ``network`` layers that see whole batches; batch norm over groups stays: a group lies on one device.

    Raises InputError for a kind of batch norm that would see this device's part only.
    """
    for name, layer in network.named_children():
        if type(layer) is nn.BatchNorm2d:
            synced = SyncedBatchNorm2d(layer.num_features, layer.eps, layer.momentum).to(layer.weight)
            synced.load_state_dict(layer.state_dict())
            setattr(network, name, synced)
        elif type(layer) is nn.Dropout:
            setattr(network, name, PartOfDropout(layer.p))
        elif isinstance(layer, _BatchNorm) and not isinstance(layer, GroupedBatchNorm2d | SyncedBatchNorm2d):
            raise InputError("trainer.devices", f"{type(layer).__name__} is for one device: nn.BatchNorm2d is for more")
        else:
            across_devices(layer)
