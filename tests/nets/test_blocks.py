"""Blocks and shortcuts, against the figures of He et al. 2015 and 2016."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from findings.nets.blocks import Block, IdentityShortcut, basic, bottleneck
from findings.nets.cifar import CifarNet
from findings.nets.heads import GlobalAveragePool


def block(
    inputs: int, width: int, stride: int, *, shortcut: Any = "identity", pre: bool = False, layers: Any = basic
) -> Block:
    torch.manual_seed(0)
    return Block(inputs, layers(inputs, width, stride), shortcut=shortcut, pre_activation=pre, norm=nn.BatchNorm2d)


def zero(*convolutions: nn.Module) -> None:
    for convolution in convolutions:
        assert isinstance(convolution.weight, Tensor)
        nn.init.zeros_(convolution.weight)


def test_option_a_has_no_parameters_subsamples_and_pads_with_zeros() -> None:
    shortcut = IdentityShortcut(3, 8, 2)
    x = torch.randn(2, 3, 5, 6)
    y = shortcut(x)
    assert list(shortcut.parameters()) == []
    assert y.shape == (2, 8, 3, 3)
    assert torch.equal(y[:, :3], x[:, :, ::2, ::2])
    assert not y[:, 3:].any()


def test_gradients_keep_the_layout_of_what_they_are_gradients_of() -> None:
    """Another layout costs twenty times as much in whatever comes before."""
    layout = torch.channels_last
    x = torch.randn(4, 8, 8, 8).to(memory_format=layout).requires_grad_()
    for outputs in (IdentityShortcut(8, 16, 2)(x), GlobalAveragePool(8, 10)(x)):
        (gradient,) = torch.autograd.grad(outputs.sum(), x)
        assert gradient.is_contiguous(memory_format=layout)


def test_option_a_is_the_identity_where_the_shape_stays() -> None:
    x = torch.randn(2, 4, 5, 5)
    assert torch.equal(IdentityShortcut(4, 4, 1)(x), x)


def test_option_b_projects_where_the_shape_changes_only() -> None:
    assert isinstance(block(8, 8, 1, shortcut="projection").shortcut, IdentityShortcut)
    post = block(8, 16, 2, shortcut="projection").shortcut
    assert isinstance(post, nn.Sequential)
    assert [type(module) for module in post] == [nn.Conv2d, nn.BatchNorm2d]
    assert (post[0].kernel_size, post[0].stride, post[0].bias) == ((1, 1), (2, 2), None)
    # He et al. 2016: no norm after the projection of a pre-activated input
    assert isinstance(block(8, 16, 2, shortcut="projection", pre=True).shortcut, nn.Conv2d)
    wide = block(8, 16, 1, shortcut="projection", pre=True).shortcut
    assert isinstance(wide, nn.Conv2d), "a change of channels alone needs a projection as well"


def test_a_plain_block_has_no_shortcut() -> None:
    plain = block(8, 8, 1, shortcut="none")
    zero(plain.convolutions[-1])
    assert plain.shortcut is None
    assert not plain(torch.rand(2, 8, 4, 4)).any()


@pytest.mark.parametrize("layers", [basic, bottleneck])
def test_a_zero_residual_leaves_what_is_not_negative_unchanged(layers: Any) -> None:
    unchanging = block(8, 8 if layers is basic else 2, 1, layers=layers)
    zero(unchanging.convolutions[-1])
    x = torch.rand(2, 8, 4, 4)
    assert torch.equal(unchanging(x), x)
    assert torch.equal(unchanging(-x), torch.zeros_like(x)), "the ReLU comes after the sum"


@pytest.mark.parametrize("layers", [basic, bottleneck])
def test_a_zero_residual_is_exactly_the_identity_with_pre_activation(layers: Any) -> None:
    unchanging = block(8, 8 if layers is basic else 2, 1, pre=True, layers=layers)
    zero(unchanging.convolutions[-1])
    x = torch.randn(2, 8, 4, 4)
    assert torch.equal(unchanging(x), x)


def test_the_post_activated_block_is_figure_2() -> None:
    made = block(4, 8, 2, shortcut="projection")
    (first, second), (norm_1, norm_2) = made.convolutions, made.norms
    x = torch.randn(3, 4, 6, 6)
    residual = norm_2(second(F.relu(norm_1(first(x)))))
    assert made.shortcut is not None
    torch.testing.assert_close(made(x), F.relu(residual + made.shortcut(x)))


def test_the_pre_activated_block_is_figure_4e() -> None:
    made = block(4, 4, 1, pre=True)
    (first, second), (norm_1, norm_2) = made.convolutions, made.norms
    x = torch.randn(3, 4, 6, 6)
    torch.testing.assert_close(made(x), x + second(F.relu(norm_2(first(F.relu(norm_1(x)))))))


def test_where_the_shape_changes_the_shortcut_starts_from_the_activated_input() -> None:
    made = block(4, 8, 2, pre=True)
    zero(made.convolutions[-1])
    x = torch.randn(3, 4, 6, 6)
    activated = F.relu(made.norms[0](x))
    torch.testing.assert_close(made(x), IdentityShortcut(4, 8, 2)(activated))


def test_pre_activated_networks_normalise_before_the_blocks_and_once_after_them() -> None:
    network = CifarNet(channels=1, size=8, classes=10, depth=8, activation="pre")
    assert [type(module) for module in network.stem] == [nn.Conv2d]
    assert isinstance(network.last_norm, nn.BatchNorm2d)
    norms = [norm.num_features for stage in network.stages for each in stage for norm in each.norms]
    assert norms == [16, 16, 16, 32, 32, 64], "each norm has the channels of its convolution's input"
    post = CifarNet(channels=1, size=8, classes=10, depth=8)
    assert post.last_norm is None
    assert [type(module) for module in post.stem] == [nn.Conv2d, nn.BatchNorm2d, nn.ReLU]


def test_a_bottleneck_is_figure_5_with_the_stride_in_its_first_convolution() -> None:
    made = block(16, 8, 2, layers=bottleneck)
    kernels = [(c.kernel_size[0], c.stride[0], c.in_channels, c.out_channels) for c in made.convolutions]  # type: ignore[index, union-attr]
    assert kernels == [(1, 2, 16, 8), (3, 1, 8, 8), (1, 1, 8, 32)]
    assert made(torch.randn(2, 16, 6, 6)).shape == (2, 32, 3, 3)


def test_the_blocks_input_is_left_as_it_was() -> None:
    """ReLUs work in place: on the block's own values, never on its input, which others may hold."""
    for pre in (False, True):
        for shortcut in ("identity", "none"):
            x = torch.randn(2, 4, 6, 6)
            before = x.clone()
            block(4, 4, 1, pre=pre, shortcut=shortcut)(x)
            assert torch.equal(x, before)
