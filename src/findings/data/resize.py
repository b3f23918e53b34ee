"""A data set at a smaller size, on which a CPU trains a whole schedule."""

import numpy as np

from findings.data.dataset import Dataset, Images, build


def averaged(dataset: Dataset, pixels: int) -> Dataset:
    """``dataset`` with images (N, C, pixels, pixels): each pixel the mean of a square of them (a box filter).

    Means are rounded to whole grey levels, halves up. ``pixels`` has to divide the images' size. The fingerprint is
    that of the smaller images.
    """
    return build(
        dataset.name,
        (_averaged(dataset.train_images, pixels), dataset.train_labels),
        (_averaged(dataset.test_images, pixels), dataset.test_labels),
        dataset.classes,
    )


def _averaged(images: Images, pixels: int) -> Images:
    side = images.shape[-1] // pixels
    sums = np.full((*images.shape[:2], pixels, pixels), side * side // 2, dtype=np.uint32)
    for row in range(side):
        for column in range(side):  # a sum over two axes of a reshaped view takes ten times as long
            sums += images[:, :, row::side, column::side]
    return (sums // (side * side)).astype(np.uint8)
