"""Whether a network draws is seen by what it does; what no step can seed is refused."""

import random
from pathlib import Path

import numpy as np
import pytest
import torch
from timm.layers import DropBlock2d, DropPath

import drawing_network
from drawing_network import NOT_DRAWN, REFUSED, SEEDED, drawing
from findings.errors import InputError
from findings.nets.build import build
from findings.nets.draws import draws, refuse_unshared_draws


@pytest.mark.parametrize("kind", SEEDED)
def test_whatever_draws_is_seen_and_left_as_it_is(kind: str) -> None:
    config = drawing(Path("nowhere"), kind)
    network = build(config)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    assert draws(network, config)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


@pytest.mark.parametrize("layer", [DropPath(0.2), DropBlock2d(0.2, block_size=3)], ids=["path", "block"])
def test_what_timm_drops_is_seen(layer: torch.nn.Module, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(drawing_network.KINDS, "drop path", lambda: layer)
    config = drawing(Path("nowhere"), "drop path")
    assert draws(build(config), config)


@pytest.mark.parametrize("kind", SEEDED)
def test_on_the_meta_device_too(kind: str) -> None:
    """Where a plan has its networks: there a value that was drawn decides nothing."""
    config = drawing(Path("nowhere"), kind)
    with torch.device("meta"):
        assert draws(build(config), config)


@pytest.mark.parametrize("kind", NOT_DRAWN)
def test_what_draws_nothing_is_not_suspected(kind: str) -> None:
    config = drawing(Path("nowhere"), kind)
    torch.manual_seed(0)
    random.seed(0)
    np.random.seed(0)
    assert not draws(build(config), config)
    refuse_unshared_draws(build(config), config)


@pytest.mark.parametrize("kind", REFUSED)
def test_what_no_step_seeds_is_refused_in_one_line(kind: str) -> None:
    config = drawing(Path("nowhere"), kind)
    with pytest.raises(InputError) as refused:
        draws(build(config), config)
    source = "a torch.Generator of its own" if "own" in kind else kind
    assert str(refused.value).startswith(f"model._target_: the network draws from {source}, which no step seeds")


@pytest.mark.parametrize("kind", SEEDED)
def test_several_devices_share_the_masks_of_dropout_only(kind: str) -> None:
    config = drawing(Path("nowhere"), kind)
    network = build(config)
    if kind == "dropout":
        refuse_unshared_draws(network, config)
        assert network.draws.p == 0.5
    else:
        with pytest.raises(InputError, match=r"^trainer\.devices: several devices share the masks of nn\.Dropout only"):
            refuse_unshared_draws(network, config)
