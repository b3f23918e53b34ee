"""What a finished run says of every test image: ``predictions.npz``, compact, and not committed."""

import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from findings.errors import InputError
from findings.system.files import replacing


class Predictions(NamedTuple):
    """Of the N test images, in the data set's order."""

    classes: NDArray[np.integer]  # (N,), predicted, 0..classes-1
    logits: NDArray[np.float16]  # (N, classes)
    labels: NDArray[np.integer]  # (N,)

    @property
    def confusion(self) -> NDArray[np.int64]:
        """(classes, classes): how many images of each label (rows) are taken for each class (columns)."""
        number = self.logits.shape[1]
        places = self.labels.astype(np.int64) * number + self.classes
        return np.bincount(places, minlength=number**2).reshape(number, number)


def write(path: Path, predictions: Predictions) -> None:
    """In one step; the same predictions make the same bytes. Raises OSError."""
    with replacing(path) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(stream, **predictions._asdict())


def read(path: Path) -> Predictions | None:
    """None where there is no such file. Raises InputError naming one that is damaged."""
    if not path.exists():
        return None
    try:
        with np.load(path) as arrays:
            return Predictions(*(arrays[name] for name in Predictions._fields))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(str(path), f"is damaged ({error}); remove it") from None
