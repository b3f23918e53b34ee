"""Batch norm over groups is what several devices with a group each compute."""

import pytest
import torch
from torch import nn

from findings.nets.cifar import CifarNet
from findings.nets.norm import GroupedBatchNorm2d, normalise


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randn(12, 3, 4, 4, generator=torch.Generator().manual_seed(0)) * 2 + 1


def steps(norm: nn.Module, *batches: torch.Tensor) -> torch.Tensor:
    return torch.cat([norm(batch) for batch in batches])


@pytest.mark.parametrize("group", [2, 4, 6])
def test_groups_are_what_devices_with_one_group_each_compute(images: torch.Tensor, group: int) -> None:
    grouped = GroupedBatchNorm2d(3, group)
    devices = [nn.BatchNorm2d(3) for _ in range(12 // group)]
    for _ in range(2):  # the second step starts from running statistics that differ from 0 and 1
        torch.testing.assert_close(
            grouped(images), torch.cat([d(part) for d, part in zip(devices, images.split(group), strict=True)])
        )
        for buffer in ("running_mean", "running_var"):
            mean = torch.stack([getattr(device, buffer) for device in devices]).mean(0)
            torch.testing.assert_close(getattr(grouped, buffer), mean)
            for device in devices:  # devices agree on the averaged statistics after every step
                getattr(device, buffer).copy_(mean)
    assert grouped.num_batches_tracked == 2


def test_gradients_are_those_of_the_groups(images: torch.Tensor) -> None:
    grouped, plain = GroupedBatchNorm2d(3, 4), nn.BatchNorm2d(3)
    ours, theirs = images.clone().requires_grad_(), images.clone().requires_grad_()
    (grouped(ours) ** 3).sum().backward()
    (steps(plain, *theirs.split(4)) ** 3).sum().backward()
    torch.testing.assert_close(ours.grad, theirs.grad)
    assert grouped.weight.grad is not None
    torch.testing.assert_close(grouped.weight.grad, plain.weight.grad)


@pytest.mark.parametrize("group", [12, 100])
def test_a_group_as_large_as_the_batch_is_plain_batch_norm(images: torch.Tensor, group: int) -> None:
    grouped, plain = GroupedBatchNorm2d(3, group), nn.BatchNorm2d(3)
    assert torch.equal(grouped(images), plain(images))
    assert grouped.state_dict().keys() == plain.state_dict().keys()
    for ours, theirs in zip(grouped.buffers(), plain.buffers(), strict=True):
        assert torch.equal(ours, theirs)


def test_the_last_group_may_be_smaller(images: torch.Tensor) -> None:
    grouped, plain = GroupedBatchNorm2d(3, 5), nn.BatchNorm2d(3)
    torch.testing.assert_close(grouped(images), steps(plain, images[:5], images[5:10], images[10:]))


def test_evaluation_uses_the_running_statistics(images: torch.Tensor) -> None:
    grouped = GroupedBatchNorm2d(3, 4)
    grouped(images)
    plain = nn.BatchNorm2d(3)
    plain.load_state_dict(grouped.state_dict())
    assert torch.equal(grouped.eval()(images), plain.eval()(images))


def test_what_a_recipe_asks_for() -> None:
    assert type(normalise(3, batch_norm=True, group=None)) is nn.BatchNorm2d
    assert isinstance(normalise(3, batch_norm=True, group=8), GroupedBatchNorm2d)
    assert isinstance(normalise(3, batch_norm=False, group=8), nn.Identity)
    network = CifarNet(channels=1, size=8, classes=10, depth=8, batch_norm_group=16, shortcut="projection")
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    assert len(norms) == 9
    assert all(isinstance(norm, GroupedBatchNorm2d) and norm.group == 16 for norm in norms)


@pytest.mark.parametrize("activation", ["post", "pre"])
def test_biases_take_the_place_of_batch_norm(activation: str) -> None:
    without = CifarNet(channels=1, size=8, classes=10, depth=8, activation=activation, batch_norm=False)  # type: ignore[arg-type]
    assert not any(isinstance(module, nn.BatchNorm2d) for module in without.modules())
    assert all(module.bias is not None for module in without.modules() if isinstance(module, nn.Conv2d))
    having = CifarNet(channels=1, size=8, classes=10, depth=8, activation=activation)  # type: ignore[arg-type]
    assert all(module.bias is None for module in having.modules() if isinstance(module, nn.Conv2d))
