"""Normalisation is each paper's own; crops and flips depend on arm, seed, epoch and image alone."""

import numpy as np
import pytest
import torch
from torch import Tensor

from findings.config.schema import Normalisation, Padding
from findings.data.augment import Augmentation, Statistics, normalise
from findings.data.randomness import Purpose, Randomness

N, SIZE, PAD = 400, 6, 2


@pytest.fixture
def images() -> np.ndarray:
    """uint8 (N, 3, 6, 6): each image around a level of its own, so that per-image stds are far below the pixels'."""
    random = np.random.default_rng(0)
    levels = random.integers(30, 220, (N, 1, 1, 1))
    return (levels + random.integers(-20, 20, (N, 3, SIZE, SIZE))).astype(np.uint8)


def augmentation(arm: str = "arm", seed: int = 0, **changes: int | bool) -> Augmentation:
    arguments = {"images": N, "epoch": 0, "padding": PAD, "flip": True} | changes
    return Augmentation.draw(randomness=Randomness(arm, seed), **arguments)  # type: ignore[arg-type]


def offsets(drawn: Augmentation) -> list[tuple[int, int, bool]]:
    return list(zip(drawn.rows.tolist(), drawn.columns.tolist(), drawn.flipped.tolist(), strict=True))


# --- normalisation


def test_the_mean_image_is_subtracted_and_nothing_divided(images: np.ndarray) -> None:
    statistics = Statistics.of(images, Normalisation.per_pixel_mean)
    assert statistics.mean.shape == (3, SIZE, SIZE)
    made = normalise(torch.from_numpy(images), statistics)
    torch.testing.assert_close(made, torch.from_numpy(images / 255 - images.mean(0) / 255).float())
    assert made.mean(0).abs().max() < 1e-6


def test_the_channels_std_is_that_of_its_pixels(images: np.ndarray) -> None:
    """0.2470, 0.2435, 0.2616 for CIFAR-10; the often copied 0.2023 is the mean of the images' stds."""
    statistics = Statistics.of(images, Normalisation.channel_mean_std)
    pixels = images.transpose(1, 0, 2, 3).reshape(3, -1) / 255
    assert statistics.std.flatten().tolist() == pytest.approx(pixels.std(1).tolist(), rel=1e-5)
    assert statistics.mean.flatten().tolist() == pytest.approx(pixels.mean(1).tolist(), rel=1e-5)
    wrong = (images / 255).std((2, 3)).mean(0)
    assert (statistics.std.flatten().numpy() > 2 * wrong).all()
    made = normalise(torch.from_numpy(images), statistics).transpose(0, 1).flatten(1)
    torch.testing.assert_close(made.std(1), torch.ones(3), atol=1e-3, rtol=0)


def test_unit_range_only_divides_by_255(images: np.ndarray) -> None:
    made = normalise(torch.from_numpy(images), Statistics.of(images, Normalisation.unit_range))
    assert torch.equal(made, torch.from_numpy(images).float() / 255)


@pytest.mark.parametrize("level", [0, 77, 255])
def test_a_constant_channel_stays_finite(images: np.ndarray, level: int) -> None:
    images[:, 1] = level
    made = normalise(torch.from_numpy(images), Statistics.of(images, Normalisation.channel_mean_std))
    assert made.isfinite().all()
    assert made[:, 1].abs().max() < 1e-5


def test_statistics_take_the_precision_of_training(images: np.ndarray) -> None:
    statistics = Statistics.of(images, Normalisation.per_pixel_mean).to(torch.device("cpu"), torch.float64)
    assert normalise(torch.from_numpy(images), statistics).dtype == torch.float64


# --- crops and flips


def test_draws_are_pure_functions_of_arm_seed_and_epoch() -> None:
    torch.manual_seed(1)
    first = offsets(augmentation())
    torch.manual_seed(2)
    torch.rand(10)
    assert offsets(augmentation()) == first
    assert offsets(augmentation(epoch=1)) != first
    for other in (augmentation(epoch=1), augmentation(seed=1), augmentation("other")):
        assert not torch.equal(other.flipped, augmentation().flipped)
        assert not torch.equal(other.rows, augmentation().rows)
    assert not torch.equal(augmentation().rows, augmentation().columns)


def test_seeds_of_different_purposes_never_meet() -> None:
    purposes: list[Purpose] = ["order", "crop", "flip", "step"]
    streams = [Randomness(arm, seed) for arm in ("arm", "other", "arm-s1") for seed in range(10)]
    numbers = [stream.number(use, epoch) for stream in streams for use in purposes for epoch in range(20)]
    assert len(set(numbers)) == len(numbers)
    assert Randomness("arm", 1).number("crop", 12) != Randomness("arm", 11).number("crop", 2)
    assert all(0 <= number < 2**63 for number in numbers)


def test_every_offset_occurs_about_as_often_and_half_is_flipped() -> None:
    drawn = augmentation(images=25_000)
    frequencies = torch.bincount(drawn.rows * (2 * PAD + 1) + drawn.columns, minlength=(2 * PAD + 1) ** 2)
    assert len(frequencies) == 25
    assert frequencies.min() > 850
    assert frequencies.max() < 1150
    assert 0.48 < drawn.flipped.double().mean() < 0.52
    assert not augmentation(flip=False).flipped.any()


def apply(drawn: Augmentation, images: Tensor, index: Tensor, mode: Padding = Padding.zero) -> Tensor:
    return drawn.apply(images[index], index, PAD, mode)


def test_an_image_is_augmented_the_same_in_any_batch() -> None:
    images, drawn = torch.randn(N, 3, SIZE, SIZE), augmentation()
    whole = apply(drawn, images, torch.arange(N))
    order = torch.randperm(N)
    assert torch.equal(apply(drawn, images, order), whole[order])
    for size in (1, 7, 128):
        assert torch.equal(torch.cat([apply(drawn, images, part) for part in order.split(size)]), whole[order])


@pytest.mark.parametrize("mode", list(Padding))
def test_each_image_is_the_crop_then_mirrored_image_that_numpy_makes(mode: Padding) -> None:
    images, drawn = torch.randn(N, 3, SIZE, SIZE), augmentation()
    made = apply(drawn, images, torch.arange(N), mode).numpy()
    for i, (row, column, flipped) in enumerate(offsets(drawn)):
        how = {"mode": "constant"} if mode is Padding.zero else {"mode": "reflect"}
        padded = np.pad(images[i].numpy(), ((0, 0), (PAD, PAD), (PAD, PAD)), **how)  # type: ignore[call-overload]
        crop = padded[:, row : row + SIZE, column : column + SIZE]
        assert np.array_equal(made[i], crop[:, :, ::-1] if flipped else crop)


def test_what_lies_beyond_the_border_is_zero_after_normalisation(images: np.ndarray) -> None:
    """The mean image there, not black: He et al. pad what the network sees."""
    normalised = normalise(torch.from_numpy(images), Statistics.of(images, Normalisation.per_pixel_mean))
    corner = Augmentation(torch.zeros(N, dtype=torch.int64), torch.zeros(N, dtype=torch.int64), torch.zeros(N).bool())
    made = apply(corner, normalised, torch.arange(N))
    assert not made[:, :, :PAD].any()
    assert not made[:, :, :, :PAD].any()
    assert torch.equal(made[:, :, PAD:, PAD:], normalised[:, :, :-PAD, :-PAD])


def test_a_flip_mirrors_left_and_right() -> None:
    drawn = Augmentation(torch.zeros(1, dtype=torch.int64), torch.zeros(1, dtype=torch.int64), torch.tensor([True]))
    image = torch.arange(4.0).view(1, 1, 2, 2)
    assert drawn.apply(image, torch.tensor([0]), 0, Padding.zero).tolist() == [[[[1, 0], [3, 2]]]]


def test_no_padding_and_no_flip_is_the_identity() -> None:
    images = torch.randn(N, 3, SIZE, SIZE)
    drawn = augmentation(padding=0, flip=False)
    assert torch.equal(drawn.apply(images, torch.arange(N), 0, Padding.zero), images)
