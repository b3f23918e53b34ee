"""A fixed, stratified split: the same images for every seed, every run and every version of the libraries."""

import numpy as np
from numpy.typing import NDArray

from findings.data.dataset import Labels
from findings.errors import InputError

Indices = NDArray[np.int64]

_SPLIT_SEED = 2015


def split_validation(labels: Labels, validation: int) -> tuple[Indices, Indices]:
    """Indices (rising) of the images to train on and of the ``validation`` images set aside.

    Each class gives its share of them. Raises :class:`InputError` where a class would have nothing left to train on.
    """
    if not 0 <= validation < len(labels):
        raise InputError("data.validation", f"{validation} is not in 0..{len(labels) - 1}, as {_has(labels)}")
    train, aside = stratified(labels, validation)
    emptied = np.setdiff1d(labels, labels[train])
    if emptied.size:
        raise InputError(
            "data.validation", f"{validation} leaves class {emptied[0]} without training images, as {_has(labels)}"
        )
    return train, aside


def stratified(labels: Labels, aside: int) -> tuple[Indices, Indices]:
    """Rising indices of all but ``aside`` images, and of those; shares are rounded by largest remainder."""
    classes, sizes = np.unique(labels, return_counts=True)
    shares, remainders = np.divmod(aside * sizes, len(labels))
    most_owed = np.argsort(-remainders, kind="stable")  # ties: the lower class first
    shares[most_owed[: aside - shares.sum()]] += 1
    # NumPy promises RandomState's stream for ever (NEP 19); default_rng's may change with a release.
    random = np.random.RandomState(_SPLIT_SEED)
    chosen = np.zeros(len(labels), dtype=bool)
    for label, share in zip(classes, shares, strict=True):
        chosen[random.permutation(np.flatnonzero(labels == label))[:share]] = True
    return np.flatnonzero(~chosen).astype(np.int64), np.flatnonzero(chosen).astype(np.int64)


def _has(labels: Labels) -> str:
    return f"there are {len(labels)} training images in {len(np.unique(labels))} classes"
