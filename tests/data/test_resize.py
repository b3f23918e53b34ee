"""data.resize: images averaged to a smaller size are another data set, by name and by fingerprint."""

from dataclasses import replace

import numpy as np
import pytest

from findings.config.compose import Composer
from findings.config.schema import DataConfig
from findings.data import load
from findings.data.dataset import build
from findings.data.resize import averaged
from findings.errors import InputError


def test_each_pixel_is_the_mean_of_its_square_rounded_half_up() -> None:
    squares = np.array([[[[0, 1, 255, 255], [1, 0, 255, 255], [10, 20, 0, 0], [30, 41, 0, 1]]]], dtype=np.uint8)
    labels = np.zeros(1, dtype=np.int64)
    smaller = averaged(build("one", (squares, labels), (255 - squares, labels), ("a",)), 2)
    assert smaller.train_images.tolist() == [[[[1, 255], [25, 0]]]]  # of 0.5, 255, 25.25 and 0.25
    assert smaller.test_images.tolist() == [[[[255, 0], [230, 255]]]]  # of 254.5, 0, 229.75 and 254.75


def test_all_channels_of_a_data_set_are_averaged_as_a_box_filter_does(config: DataConfig) -> None:
    whole, smaller = load(config), load(replace(config, resize=2))
    assert smaller.train_images.shape == (12, 3, 2, 2)
    means = whole.train_images.reshape(12, 3, 2, 4, 2, 4).mean(axis=(3, 5))
    assert np.array_equal(smaller.train_images, np.floor(means + 0.5))
    assert np.array_equal(smaller.train_labels, whole.train_labels)


def test_name_and_fingerprint_tell_it_from_the_images_as_they_are(config: DataConfig) -> None:
    whole, smaller = load(config), load(replace(config, resize=4))
    assert (whole.name, smaller.name) == ("insects", "insects-4px")
    assert whole.fingerprint != smaller.fingerprint
    assert load(replace(config, resize=4)).fingerprint == smaller.fingerprint


def test_runs_on_smaller_images_are_other_runs_of_the_same_networks() -> None:
    composer = Composer()
    whole, smaller = composer.compose(["seed=0"]), composer.compose(["seed=0", "data.resize=4"])
    assert smaller.id.startswith("resnet20-w8-digits-4px-quick-")
    assert {key for key in whole.scientific if whole.scientific[key] != smaller.scientific[key]} == {"data.name"}


def test_a_size_that_leaves_parts_of_squares_is_refused() -> None:
    with pytest.raises(InputError) as raised:
        Composer().compose(["data.resize=3"])
    assert str(raised.value) == ("data.resize: 3 does not divide data.size=8; allowed: null, 1, 2, 4, 8")
