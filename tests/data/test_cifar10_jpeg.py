"""The real JPEG edition of CIFAR-10, where it is at hand."""

import shutil
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from findings.config.schema import DataConfig
from findings.data import load
from findings.errors import InputError

ARCHIVE = Path(__file__).parents[2].parent / "shared" / "data" / "cifar10-jpeg.tar.xz"

pytestmark = pytest.mark.skipif(not ARCHIVE.exists(), reason=f"{ARCHIVE.name} is not in ../shared/data")


def test_all_sixty_thousand_images_are_read_and_then_cached(tmp_path: Path) -> None:
    config = DataConfig(
        _target_="findings.data.image_folder.load",
        name="cifar10-jpeg",
        root=str(ARCHIVE),
        cache=str(tmp_path / "cache"),
        channels=3,
        size=32,
        classes=10,
    )
    dataset = load(config)
    assert dataset.train_images.shape == (50_000, 3, 32, 32)
    assert dataset.test_images.shape == (10_000, 3, 32, 32)
    assert np.bincount(dataset.train_labels).tolist() == [5_000] * 10
    assert np.bincount(dataset.test_labels).tolist() == [1_000] * 10
    assert dataset.classes == (
        *("airplane", "automobile", "bird", "cat", "deer"),
        *("dog", "frog", "horse", "ship", "truck"),
    )
    # CIFAR-10's well-known means; the JPEG edition shares them closely
    means = dataset.train_images.mean(axis=(0, 2, 3)) / 255
    assert np.allclose(means, [0.4914, 0.4822, 0.4465], atol=0.003)

    began = time.monotonic()
    assert load(replace(config)).fingerprint == dataset.fingerprint
    assert time.monotonic() - began < 3  # about 0.5 s on an idle core; decoding takes 10 s
    shutil.rmtree(tmp_path / "cache")  # 184 MB that pytest would keep


def test_the_archive_cut_within_a_header_is_refused(tmp_path: Path) -> None:
    """Python's tarfile takes that for its end: 65 of the 10,000 test images were lost without a word."""
    cut = tmp_path / "cut.tar.xz"
    cut.write_bytes(ARCHIVE.read_bytes()[:18_421_938])
    config = DataConfig(
        _target_="findings.data.image_folder.load", name="cifar10-jpeg", root=str(cut), channels=3, size=32, classes=10
    )
    with pytest.raises(InputError, match=r"cut\.tar\.xz: the archive is damaged or cut short"):
        load(config)
    cut.unlink()
