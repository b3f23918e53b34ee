"""scikit-learn's digits: 1,797 handwritten digits of 8x8 pixels, shipped with the library, so nothing is downloaded."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np

from findings.config.schema import DataConfig
from findings.data.dataset import Dataset, build
from findings.data.split import stratified

TEST_IMAGES = 360  # a fifth; 1,437 are left to train on


def load(config: DataConfig) -> Dataset:
    """1,437 training and 360 test images (N, 1, 8, 8), split within each class by a fixed rule."""
    table = np.loadtxt(_file(), delimiter=",").astype(np.int64)  # (1797, 65)
    values, labels = table[:, :64], table[:, 64]  # of 0..16, of 0..9
    images = ((values * 255 + 8) // 16).astype(np.uint8).reshape(-1, 1, 8, 8)  # rounded to 0..255
    train, test = stratified(labels, TEST_IMAGES)
    return build(
        config.name,
        (images[train], labels[train]),
        (images[test], labels[test]),
        tuple(str(digit) for digit in range(10)),
    )


def _file() -> Path:
    """Where the library keeps them; to import it, and SciPy with it, would take most of a second in every process."""
    spec = find_spec("sklearn")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "datasets" / "data" / "digits.csv.gz"
