"""Numbers in the page are those that were recorded, and drawings of intervals are where they say."""

import math
import re
from typing import Any

import pytest

from findings.judging.verdict import Verdict
from findings.report.dashboard.columns import DIGITS, packed
from findings.report.dashboard.intervals import EDGE, WIDTH, drawn, ticks


@pytest.mark.parametrize(
    "values",
    [
        [62.1, None, 61.48],
        [0.0, -0.0],
        [71.1619, 1e-9],
        [1 / 3, 2.0],  # no power of ten makes a third whole
        [123456.7, 3.0],
        [None],
        [],
    ],
)
def test_unpacked_numbers_are_the_very_same(values: list[float | None]) -> None:
    assert unpacked(packed(values)) == values


def unpacked(found: dict[str, Any]) -> list[float | None]:
    """As the page does it."""
    if isinstance(found["v"], list):
        return found["v"]
    numbers: list[float | None] = []
    last = step = 0
    weight = 1
    for digit in map(DIGITS.find, found["v"]):
        if digit < 0:
            numbers.append(None)
            continue
        step += digit % 32 * weight
        weight *= 32
        if digit < 32:
            last += -(step - 1) // 2 if step % 2 else step // 2
            numbers.append(last / 10 ** found["d"])
            step, weight = 0, 1
    return numbers


def test_numbers_near_each_other_take_a_digit_or_two_and_what_is_not_finite_counts_as_nothing() -> None:
    found = packed([62.1, math.nan, math.inf, 61.48, 61.5])
    assert unpacked(found) == [62.1, None, None, 61.48, 61.5]
    assert (found["d"], len(found["v"])) == (2, 3 + 2 + 2 + 1)


def claim(effect: float | None, ends: tuple[float, float] | None, **more: object) -> Verdict:
    fields: dict[str, object] = {"kind": "greater", "margin": None, "unit": "pp", "verdict": "reproduced"} | more
    return Verdict("a", "b", "c", sentence="d", metric="e", n=3, effect=effect, ci95=ends, reason="f", **fields)  # type: ignore[arg-type]


def place(svg: str, of: str) -> float:
    """The one number in the drawing that stands where ``of`` has #."""
    (found,) = re.findall(of.replace("#", r"([\d.]+)"), svg)
    return float(found)


def test_an_interval_lies_between_its_ends_and_nothing_is_marked() -> None:
    svg = drawn(claim(2.0, (1.0, 3.0)))
    nothing, effect = place(svg, 'class="nothing" x1="#"'), place(svg, 'cx="#"')
    low, high = place(svg, 'class="reach" d="M# '), place(svg, "H#M")
    assert EDGE < nothing < low < effect < high < WIDTH - EDGE
    assert effect - low == pytest.approx(high - effect, abs=0.2)
    assert low - nothing == pytest.approx(effect - low, abs=0.2)
    assert 'aria-label="effect +2.00 pp, 95 % interval +1.00 to +3.00"' in svg


def test_what_an_interval_is_held_against_is_drawn() -> None:
    assert drawn(claim(0.1, (-0.2, 0.4), kind="equal", margin=0.5)).count('class="held"') == 2
    assert drawn(claim(0.1, (-0.2, 0.4), kind="no_worse", margin=0.5)).count('class="held"') == 1
    assert 'class="held"' not in drawn(claim(0.1, (-0.2, 0.4)))
    ratio = drawn(claim(0.67, (0.63, 0.71), kind="measured", margin=0.8, unit="x"))
    assert place(ratio, 'class="held" x1="#"') < place(ratio, 'class="nothing" x1="#"')  # 0.8 and 1


def test_what_has_no_effect_has_no_drawing() -> None:
    assert drawn(claim(None, None)) == drawn(claim(5.0, None, kind="computed")) == ""


def test_ticks_are_round_and_few() -> None:
    assert ticks(-3.4, 0.2) == [-3, -2, -1, 0]
    assert ticks(0.62, 1.02) == [0.7, 0.8, 0.9, 1.0]
    assert all(len(ticks(0, 10.0**power)) <= 6 for power in range(-6, 7))
