"""Measured numbers in few bytes and without loss: whole numbers, and by which power of ten they are too large."""

import math
from collections.abc import Sequence
from typing import Any

MOST_DECIMALS = 9


def packed(values: Sequence[float | None]) -> dict[str, Any]:
    """``{"d": 2, "v": [6210, null, 6148]}`` is 62.1, nothing, 61.48: to divide gives the very numbers back.

    What no power of ten makes whole stays as it is, under ``d`` 0. What is not finite counts as nothing.
    """
    known = [value if value is not None and math.isfinite(value) else None for value in values]
    for decimals in range(MOST_DECIMALS + 1):
        factor = 10**decimals
        scaled = [None if value is None else round(value * factor) for value in known]
        if all(one is None or one / factor == value for one, value in zip(scaled, known, strict=True)):
            return {"d": decimals, "v": scaled}
    return {"d": 0, "v": known}
