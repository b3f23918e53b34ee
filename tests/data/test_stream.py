"""Batches depend on the seed, the epoch and the position alone; every image comes once an epoch."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from findings.config.identity import STREAMS, Run
from findings.config.schema import Config, DataConfig, Normalisation, RecipeConfig
from findings.data.augment import Statistics, normalise
from findings.data.dataset import Dataset, build
from findings.data.split import split_validation
from findings.data.stream import Split, Stream, batches_per_epoch, place

N, TEST = 50, 17
CPU = torch.device("cpu")


@pytest.fixture
def dataset() -> Dataset:
    random = np.random.default_rng(0)
    train = random.integers(0, 256, (N, 1, 4, 4), dtype=np.uint8), np.arange(N, dtype=np.int64) % 5
    test = random.integers(0, 256, (TEST, 1, 4, 4), dtype=np.uint8), np.arange(TEST, dtype=np.int64) % 5
    return build("squares", train, test, ("a", "b", "c", "d", "e"))


def run_of(*, arm: str = "arm", seed: int = 0, validation: int = 0, **recipe: Any) -> Run:
    usual = {"name": "x", "batch_size": 8, "crop_padding": 0, "flip": False, "normalisation": Normalisation.unit_range}
    data = DataConfig(name="squares", channels=1, size=4, classes=5, validation=validation)
    config = Config(scale="quick", seed=seed, data=data, recipe=RecipeConfig(**(usual | recipe)))
    return Run(config, "network", arm, {}, STREAMS)


def placed(dataset: Dataset, **changes: Any) -> tuple[Stream, dict[str, Split]]:
    return place(dataset, run_of(**changes), CPU, torch.float32)


def pixels(images: Tensor) -> list[tuple[int, ...]]:
    """Unaugmented, unit-range images as tuples, to know them by."""
    return [tuple((image * 255).round().int().flatten().tolist()) for image in images]


def epoch(stream: Stream, number: int) -> list[tuple[int, ...]]:
    return [image for position in range(stream.steps_per_epoch) for image in pixels(stream.batch(number, position)[0])]


@pytest.mark.parametrize(
    ("images", "batch", "drop_last", "batches"),
    [
        (50_000, 128, True, 390),
        (50_000, 128, False, 391),
        (50, 10, True, 5),
        (50, 10, False, 5),
        (5, 8, True, 1),
        (5, 8, False, 1),
    ],
)
def test_batches_per_epoch(images: int, batch: int, drop_last: bool, batches: int) -> None:
    assert batches_per_epoch(images, batch, drop_last=drop_last) == batches


def test_every_image_comes_once_an_epoch_with_its_label(dataset: Dataset) -> None:
    stream, _ = placed(dataset)
    label_of = dict(zip(pixels(stream.images.float() / 255), stream.labels.tolist(), strict=True))
    assert len(label_of) == N
    for number in (0, 3):
        seen: list[tuple[int, ...]] = []
        for position in range(stream.steps_per_epoch):
            images, labels = stream.batch(number, position)
            assert [label_of[image] for image in pixels(images)] == labels.tolist()
            seen += pixels(images)
        assert sorted(seen) == sorted(label_of)
    assert len(stream.batch(0, stream.steps_per_epoch - 1)[0]) == N % 8


def test_the_last_partial_batch_is_dropped_if_the_recipe_says_so(dataset: Dataset) -> None:
    stream, _ = placed(dataset, drop_last=True)
    assert stream.steps_per_epoch == 6
    assert len(epoch(stream, 0)) == len(set(epoch(stream, 0))) == 48
    dropped = {image for number in range(8) for image in epoch(stream, number)}
    assert len(dropped) == N, "which images are left out changes from epoch to epoch"


def test_a_batch_larger_than_the_data_is_all_of_it(dataset: Dataset) -> None:
    for drop_last in (True, False):
        stream, _ = placed(dataset, batch_size=64, drop_last=drop_last)
        assert (stream.steps_per_epoch, len(stream.batch(0, 0)[0])) == (1, N)


@pytest.mark.parametrize("padding", [0, 1])
def test_a_batch_does_not_depend_on_what_was_asked_before(dataset: Dataset, padding: int) -> None:
    """So a run that is resumed anywhere sees what the uninterrupted one does."""
    recipe = {"crop_padding": padding, "flip": bool(padding)}
    through, _ = placed(dataset, **recipe)
    expected = {(e, p): through.batch(e, p)[0].clone() for e in range(3) for p in range(through.steps_per_epoch)}
    for e, p in [(2, 4), (0, 1), (2, 0), (1, 6)]:
        torch.manual_seed(e * 10 + p)
        resumed, _ = placed(dataset, **recipe)
        assert torch.equal(resumed.batch(e, p)[0], expected[e, p])
        assert torch.equal(through.batch(e, p)[0], expected[e, p])


def test_epochs_seeds_and_arms_differ(dataset: Dataset) -> None:
    stream, _ = placed(dataset)
    assert epoch(stream, 0) != epoch(stream, 1)
    assert epoch(placed(dataset, seed=1)[0], 0) != epoch(stream, 0)
    assert epoch(placed(dataset, arm="other")[0], 0) != epoch(stream, 0), "seed 0 of two arms is no pair"
    assert epoch(placed(dataset, arm="arm")[0], 0) == epoch(stream, 0)


def test_the_batch_size_does_not_change_order_or_augmentation(dataset: Dataset) -> None:
    recipe = {"crop_padding": 1, "flip": True}
    small, large = placed(dataset, batch_size=5, **recipe)[0], placed(dataset, batch_size=25, **recipe)[0]
    in_small = torch.cat([small.batch(1, position)[0] for position in range(10)])
    in_large = torch.cat([large.batch(1, position)[0] for position in range(2)])
    assert torch.equal(in_small, in_large)


def test_batches_are_of_the_recipes_precision(dataset: Dataset) -> None:
    train, test = ((np.repeat(images, 3, 1), dataset.train_labels) for images in (dataset.train_images,) * 2)
    rgb = build("rgb", train, test, dataset.classes)
    images, labels = place(rgb, run_of(crop_padding=1, flip=True), CPU, torch.float64)[0].batch(0, 0)
    assert (images.dtype, labels.dtype) == (torch.float64, torch.int64)


def test_splits_are_whole_in_order_and_unaugmented(dataset: Dataset) -> None:
    _, splits = placed(dataset, crop_padding=1, flip=True)
    assert set(splits) == {"train", "test"}
    for size in (4, 17, 100):
        batches = list(splits["test"].batches(size))
        assert len(torch.cat([labels for _, labels in batches])) == len(splits["test"]) == TEST
        made = torch.cat([images for images, _ in batches])
        assert torch.equal(made, torch.from_numpy(dataset.test_images).float() / 255)
    assert len(splits["train"]) == N


def test_validation_images_are_not_trained_on(dataset: Dataset) -> None:
    stream, splits = placed(dataset, validation=10)
    assert {name: len(split) for name, split in splits.items()} == {"train": 40, "test": TEST, "validation": 10}
    aside = set(pixels(splits["validation"].images.float() / 255))
    assert len(aside) == 10
    assert not aside & {image for number in range(3) for image in epoch(stream, number)}
    assert set(epoch(stream, 0)) == set(pixels(splits["train"].images.float() / 255))
    assert torch.equal(placed(dataset, validation=10, seed=5)[1]["validation"].images, splits["validation"].images)


@pytest.mark.parametrize("kind", [Normalisation.per_pixel_mean, Normalisation.channel_mean_std])
def test_statistics_are_of_the_images_trained_on_alone(dataset: Dataset, kind: Normalisation) -> None:
    """Neither validation nor test images have a say in them."""
    chosen, aside = split_validation(dataset.train_labels, 10)
    own = Statistics.of(dataset.train_images[chosen], kind)
    dataset.train_images[aside] = 255
    dataset.test_images[:] = 255
    stream, splits = placed(dataset, validation=10, normalisation=kind)
    for statistics in (stream.statistics, *(split.statistics for split in splits.values())):
        torch.testing.assert_close(statistics.mean, own.mean)
        torch.testing.assert_close(statistics.std, own.std)
    shown = next(splits["test"].batches(5))[0]
    assert torch.equal(shown, normalise(torch.from_numpy(dataset.test_images[:5]), own))
