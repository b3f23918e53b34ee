"""Which images of a global batch a device takes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Share:
    """Of every batch, the part of the ``rank``-th of ``size`` devices, from 0."""

    rank: int = 0
    size: int = 1


WHOLE = Share()


def part(images: int, rank: int, size: int, group: int | None) -> tuple[int, int]:
    """[start, stop) of a batch of ``images`` for device ``rank`` of ``size``: whole groups, in order, even parts.

    Groups of batch norm so lie where they lie on one device; the first devices take what is left over, and the last
    ones may have none of an epoch's last, smaller batch.
    """
    unit = group or 1
    units = -(-images // unit)
    start, stop = (min(images, unit * -(-units * index // size)) for index in (rank, rank + 1))
    return start, stop


def groups(images: int, group: int) -> int:
    """Groups of batch norm in so many images; the last one may be smaller."""
    return -(-images // group)
