"""What every source returns."""

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Images: TypeAlias = NDArray[np.uint8]  # (N, C, H, W), 0..255
Labels: TypeAlias = NDArray[np.int64]  # (N,), 0..classes-1


@dataclass(frozen=True, eq=False)
class Dataset:
    """Two splits in memory, C-contiguous, in a fixed order that the source documents."""

    name: str
    train_images: Images
    train_labels: Labels
    test_images: Images
    test_labels: Labels
    classes: tuple[str, ...]
    fingerprint: str  # SHA-256, hexadecimal: see fingerprint_of

    def named(self, name: str) -> "Dataset":
        """The same images under another name; the fingerprint does not depend on it."""
        return replace(self, name=name)


def build(
    name: str,
    train: tuple[Images, Labels],
    test: tuple[Images, Labels],
    classes: tuple[str, ...],
    fingerprint: str | None = None,
) -> Dataset:
    """A Dataset with contiguous arrays; the fingerprint is computed unless one is known."""
    train_images, test_images = (np.ascontiguousarray(images, dtype=np.uint8) for images, _ in (train, test))
    train_labels, test_labels = (np.ascontiguousarray(labels, dtype=np.int64) for _, labels in (train, test))
    fingerprint = fingerprint or fingerprint_of(train_images, train_labels, test_images, test_labels, classes)
    return Dataset(name, train_images, train_labels, test_images, test_labels, classes, fingerprint)


def fingerprint_of(
    train_images: Images, train_labels: Labels, test_images: Images, test_labels: Labels, classes: tuple[str, ...]
) -> str:
    """SHA-256 over the class names, shapes, labels and decoded pixels of both splits.

    A pure function of content: the same from an archive, a folder or the cache, and on every machine (labels are hashed
    as little-endian). JPEG decoders may differ by a grey level, so two of them may give two fingerprints: rightly so,
    since training sees the pixels.
    """
    digest = hashlib.sha256()
    shapes = [list(train_images.shape), list(test_images.shape)]
    digest.update(json.dumps({"classes": classes, "shapes": shapes}, sort_keys=True).encode())
    for images, labels in ((train_images, train_labels), (test_images, test_labels)):
        digest.update(np.ascontiguousarray(labels, dtype="<i8").data)
        digest.update(np.ascontiguousarray(images).data)
    return digest.hexdigest()
