"""The validation split: stratified, and the same for ever."""

import numpy as np
import pytest

from findings.data import split_validation
from findings.errors import InputError

LABELS = np.array([0] * 10 + [1] * 20 + [2] * 30)


def test_every_class_gives_its_share() -> None:
    train, validation = split_validation(LABELS, 12)
    assert np.bincount(LABELS[validation]).tolist() == [2, 4, 6]
    assert np.array_equal(np.sort(np.concatenate([train, validation])), np.arange(60))
    assert (np.diff(train) > 0).all()
    assert train.dtype == validation.dtype == np.int64


def test_shares_that_are_no_whole_numbers_still_add_up() -> None:
    for validation in range(1, 50):
        assert len(split_validation(LABELS, validation)[1]) == validation


def test_the_split_never_changes() -> None:
    assert split_validation(LABELS, 6)[1].tolist() == [4, 14, 28, 35, 42, 56]
    assert split_validation(LABELS.astype(np.int32), 6)[1].tolist() == [4, 14, 28, 35, 42, 56]


def test_no_validation_leaves_all_to_train_on() -> None:
    train, validation = split_validation(LABELS, 0)
    assert np.array_equal(train, np.arange(60))
    assert validation.shape == (0,)


@pytest.mark.parametrize("validation", [-1, 60, 1000])
def test_more_than_there_is_is_refused(validation: int) -> None:
    with pytest.raises(InputError, match=rf"data.validation: {validation} is not in 0..59, as there are 60 training"):
        split_validation(LABELS, validation)


def test_a_class_with_nothing_left_to_train_on_is_refused() -> None:
    with pytest.raises(InputError, match=r"data\.validation: 59 leaves class 0 without training images"):
        split_validation(LABELS, 59)
