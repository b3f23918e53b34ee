"""A claim's effect and its 95 % interval on an axis, with what they are held against: inline SVG."""

import math
from html import escape

from findings.judging.verdict import Verdict
from findings.report import words

WIDTH, HEIGHT, EDGE = 300, 62, 14  # pixels; EDGE is free at both sides
LINE = 22  # where the interval lies, from above
NEAREST = 1e-12


def drawn(verdict: Verdict) -> str:
    """Empty where there is no effect, or only a count."""
    if verdict.effect is None or verdict.kind == "computed":
        return ""
    nothing = 1.0 if verdict.unit == "x" else 0.0
    held = _held_against(verdict, nothing)
    ends = verdict.ci95 or (verdict.effect, verdict.effect)
    low, high = min(*ends, *held, nothing), max(*ends, *held, nothing)
    room = 0.06 * (high - low) or 1.0
    low, high = low - room, high + room

    def at(value: float) -> float:
        return round(EDGE + (WIDTH - 2 * EDGE) * (value - low) / (high - low), 1)

    said = f"effect {words.effect(verdict)}, 95 % interval {words.interval(verdict)}"
    parts = [
        f'<svg class="interval {verdict.verdict.replace(" ", "-")}" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(said)}">'
    ]
    if len(held) == 2:  # equal within a margin: the whole interval has to lie in it
        parts.append(
            f'<rect class="margin" x="{at(held[0])}" y="6" width="{at(held[1]) - at(held[0]):.1f}" height="32"/>'
        )
    parts += [f'<line class="held" x1="{at(value)}" x2="{at(value)}" y1="6" y2="38"/>' for value in held]
    parts.append(f'<line class="nothing" x1="{at(nothing)}" x2="{at(nothing)}" y1="6" y2="42"/>')
    if verdict.ci95:
        first, last = (at(end) for end in verdict.ci95)
        parts.append(f'<path class="reach" d="M{first} {LINE - 5}v10M{first} {LINE}H{last}M{last} {LINE - 5}v10"/>')
    parts.append(f'<circle class="effect" cx="{at(verdict.effect)}" cy="{LINE}" r="4.5"/>')
    parts.append(f'<line class="axis" x1="{EDGE}" x2="{WIDTH - EDGE}" y1="42" y2="42"/>')
    for value in ticks(low, high):
        parts.append(f'<path class="axis" d="M{at(value)} 42v4"/><text x="{at(value)}" y="57">{value:g}</text>')
    return "".join([*parts, "</svg>"])


def _held_against(verdict: Verdict, nothing: float) -> tuple[float, ...]:
    """The bounds that the interval has to stay within, or clear of, where they are not at no effect."""
    margin = verdict.margin or 0.0
    if not margin:
        return ()
    if verdict.unit == "x":
        return (1 / margin, margin) if verdict.kind == "equal" and margin > 1 else (margin,)
    return {"no_worse": (margin,), "equal": (-margin, margin), "ordered": (-margin,)}.get(verdict.kind, (margin,))


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers between low and high, ``most`` at most."""
    raw = max((high - low) / most, NEAREST)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(step for step in (power, 2 * power, 5 * power, 10 * power) if step >= raw)
    first = math.ceil(low / step)
    return [round(index * step, 10) + 0.0 for index in range(first, math.floor(high / step) + 1)]
