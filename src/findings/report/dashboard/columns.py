"""Measured numbers in few bytes and without loss: steps from one whole number to the next, as in source maps."""

import math
import string
from collections.abc import Iterable, Sequence
from typing import Any

MOST_DECIMALS = 9
DIGITS = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
NOTHING = "."
MORE = 32  # of a digit: others follow


def packed(values: Sequence[float | None]) -> dict[str, Any]:
    """``{"d": 2, "v": "0gM.5H"}``: whole numbers, which divided by 10**d are the very numbers that were given.

    Each is its distance from the one before, lowest five bits first (base 64 VLQ). What is not finite counts as
    nothing. Numbers that no power of ten makes whole stay as they are, in a list.
    """
    known = [value if value is not None and math.isfinite(value) else None for value in values]
    for decimals in range(MOST_DECIMALS + 1):
        factor = 10**decimals
        scaled = [None if value is None else round(value * factor) for value in known]
        if all(one is None or one / factor == value for one, value in zip(scaled, known, strict=True)):
            return {"d": decimals, "v": "".join(_steps(scaled))}
    return {"d": 0, "v": known}


def _steps(numbers: Iterable[int | None]) -> Iterable[str]:
    before = 0
    for number in numbers:
        if number is None:
            yield NOTHING
            continue
        step, before = number - before, number
        left = -2 * step + 1 if step < 0 else 2 * step
        while left >= MORE:
            yield DIGITS[left % MORE + MORE]
            left //= MORE
        yield DIGITS[left]
