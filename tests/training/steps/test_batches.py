"""Batches made by one gather are those of the stream, bit for bit."""

from typing import Any

import numpy as np
import pytest
import torch

from findings.config.identity import STREAMS, Run
from findings.config.schema import Config, DataConfig, Normalisation, Padding, RecipeConfig
from findings.data.batches import Batches
from findings.data.dataset import Dataset, build
from findings.data.stream import Stream, place

N, SIZE = 50, 6
CPU = torch.device("cpu")
RECIPES: dict[str, dict[str, Any]] = {
    "zero padding, mean image": {},
    "reflection, channels' statistics": {
        "padding": Padding.reflection,
        "normalisation": Normalisation.channel_mean_std,
    },
    "crops alone": {"flip": False},
    "flips alone": {"crop_padding": 0},
    "as they are": {"crop_padding": 0, "flip": False},
    "last batch dropped": {"drop_last": True},
    "one batch larger than the data": {"batch_size": 64},
}


def stream(channels: int, dtype: torch.dtype = torch.float32, **recipe: Any) -> Stream:
    random = np.random.default_rng(0)

    def split(images: int) -> tuple[np.ndarray, np.ndarray]:
        return random.integers(0, 256, (images, channels, SIZE, SIZE), dtype=np.uint8), np.arange(images) % 5

    dataset: Dataset = build("squares", split(N), split(5), ("a", "b", "c", "d", "e"))
    given = RecipeConfig(**({"name": "x", "batch_size": 8, "crop_padding": 2, "flip": True} | recipe))
    data = DataConfig(name="squares", channels=channels, size=SIZE, classes=5)
    run = Run(Config(scale="quick", data=data, recipe=given), "network", "arm", {}, STREAMS)
    return place(dataset, run, CPU, dtype)[0]


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES.keys())
@pytest.mark.parametrize("channels", [1, 3])
def test_they_equal_the_streams(recipe: dict[str, Any], channels: int) -> None:
    theirs = stream(channels, **recipe)
    ours = Batches(theirs)
    for epoch in (0, 1, 3, 0):
        ours.prepare(epoch)
        for position in range(theirs.steps_per_epoch):
            images, labels = ours.at(position)
            expected, expected_labels = theirs.batch(epoch, position)
            assert torch.equal(images, expected)
            assert torch.equal(labels, expected_labels)
            assert images.is_contiguous(memory_format=torch.channels_last)


def test_a_position_that_only_the_device_knows_gives_the_same() -> None:
    theirs = stream(3, torch.float64)
    ours = Batches(theirs)
    ours.prepare(1)
    for position in range(N // 8):
        images, labels = ours.at_device(torch.tensor(position))
        expected, expected_labels = theirs.batch(1, position)
        assert torch.equal(images, expected)
        assert torch.equal(labels, expected_labels)


def test_a_new_epoch_is_drawn_into_the_same_memory() -> None:
    """A captured graph reads where the first one lay."""
    ours = Batches(stream(1))
    ours.prepare(0)
    order, variants = ours.order, ours.variants
    first = order.clone(), variants.clone()
    ours.prepare(1)
    assert ours.order is order
    assert ours.variants is variants
    assert not torch.equal(order, first[0])
    assert not torch.equal(variants, first[1])
