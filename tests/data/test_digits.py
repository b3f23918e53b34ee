"""The embedded data set: its sizes, its bytes."""

import numpy as np
import pytest

from findings.config.schema import DataConfig
from findings.data import Dataset, load

# Changes only if the images, their order or the split change, and then every run on digits is another run.
FINGERPRINT = "c849c1416649cdaf41c641acb9358dfb3ee49b1cccf6452583932a9f4f8d2c74"


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load(DataConfig(_target_="findings.data.digits.load", name="digits", channels=1, size=8, classes=10))


def test_sizes_and_types(digits: Dataset) -> None:
    assert digits.train_images.shape == (1437, 1, 8, 8)
    assert digits.test_images.shape == (360, 1, 8, 8)
    assert digits.train_images.dtype == np.uint8
    assert digits.train_labels.dtype == np.int64
    assert digits.train_images.flags.c_contiguous
    assert digits.classes == tuple("0123456789")


def test_pixels_use_the_whole_range(digits: Dataset) -> None:
    values = np.unique(digits.train_images)
    assert values.tolist() == [round(value * 255 / 16) for value in range(17)]


def test_both_splits_have_every_digit_alike(digits: Dataset) -> None:
    train, test = np.bincount(digits.train_labels), np.bincount(digits.test_labels)
    assert (np.abs(test - (train + test) * 360 / 1797) < 1).all()


def test_no_image_of_the_test_set_by_index_is_trained_on(digits: Dataset) -> None:
    assert len(digits.train_images) + len(digits.test_images) == 1797
    both = np.concatenate([digits.train_images, digits.test_images]).reshape(1797, -1)
    assert len(np.unique(both, axis=0)) == 1797  # all differ


def test_the_bytes_never_change(digits: Dataset) -> None:
    assert digits.fingerprint == FINGERPRINT
