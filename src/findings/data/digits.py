"""scikit-learn's digits: 1,797 handwritten digits of 8x8 pixels, shipped with the library, so nothing is downloaded."""

import numpy as np

from findings.config import DataConfig
from findings.data.dataset import Dataset, build
from findings.data.split import stratified

TEST_IMAGES = 360  # a fifth; 1,437 are left to train on


def load(config: DataConfig) -> Dataset:
    """1,437 training and 360 test images (N, 1, 8, 8), split within each class by a fixed rule."""
    from sklearn.datasets import load_digits  # type: ignore[import-untyped]  # takes most of a second to import

    values, labels = load_digits(return_X_y=True)  # (1797, 64) of 0..16, (1797,)
    images = ((values.astype(np.int64) * 255 + 8) // 16).astype(np.uint8).reshape(-1, 1, 8, 8)  # rounded to 0..255
    labels = labels.astype(np.int64)
    train, test = stratified(labels, TEST_IMAGES)
    return build(
        config.name,
        (images[train], labels[train]),
        (images[test], labels[test]),
        tuple(str(digit) for digit in range(10)),
    )
