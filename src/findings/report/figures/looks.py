"""How an arm looks wherever it is drawn: page, figures, terminal and W&B. A function of its name alone.

The name without its first number is its family, which has a hue; the number, a depth in most names, makes it darker and
moves the hue a little. Every colour's relative luminance lies between 0.12 and 0.30, so that it has a contrast of 3 and
more on white and on near-black (WCAG 2.1, 1.4.11). Markers tell arms apart in grey and to the colour-blind.
"""

import hashlib
import math
import re
from dataclasses import dataclass
from functools import cache

MARKERS = "osD^vPX*"  # matplotlib's names
LIGHTEST, DARKEST = 0.29, 0.125  # relative luminance
SHALLOW, DEEP = 14, 164  # layers
TURN = 110.0  # degrees of hue from SHALLOW to DEEP
CHROMA = 0.15  # of OKLCH, where the screen has it
CLASSES = 26, 38, 50, 80, 140  # layers, at which the marker changes
HUES = 24  # for families that have none of their own here

# families that stand beside each other in a finding: (degrees of hue of a shallow one, its marker)
OWN: dict[str, tuple[float, int]] = {
    "plain#": (0, 4),
    "resnet#": (205, 0),
    "resnet#-fc": (25, 1),
    "resnet#-fc-dropout": (320, 2),
    "preact-resnet#": (205, 0),
    "preact-resnet#-bottleneck": (0, 3),
    "wide#x1": (0, 1),
    "wide#x1-plain": (300, 4),
    "wide#x2": (225, 0),
    "wide#x2-plain": (150, 5),
    "wide#x4": (225, 0),
    "wide#x4-plain": (150, 5),
}


@dataclass(frozen=True)
class Look:
    colour: str  # #rrggbb
    marker: str  # one of MARKERS


@cache
def look(name: str) -> Look:
    """Of an arm, or of anything else that has a name."""
    family, depth = _parts(name)
    hue, marker = OWN.get(family) or _drawn(family)
    deep = 0.5 if depth is None else _share(depth)
    luminance = LIGHTEST * (DARKEST / LIGHTEST) ** deep
    steps = 0 if depth is None else sum(depth >= edge for edge in CLASSES)
    return Look(_colour(hue + TURN * deep, luminance), MARKERS[(marker + steps) % len(MARKERS)])


def _parts(name: str) -> tuple[str, int | None]:
    """``wide16x4-plain`` is of the family ``wide#x4-plain``, 16 deep."""
    found = re.search(r"\d+", name)
    if not found:
        return name, None
    return f"{name[: found.start()]}#{name[found.end() :]}", int(found[0])


def _share(depth: int) -> float:
    """Of the way from shallow to deep; 0 to 1, in proportion to the logarithm."""
    return min(1.0, max(0.0, math.log(max(depth, 1) / SHALLOW) / math.log(DEEP / SHALLOW)))


def _drawn(family: str) -> tuple[float, int]:
    """A hue and a marker for any other family, the same on every machine."""
    digest = hashlib.sha256(family.encode()).digest()
    return 360 / HUES * (digest[0] % HUES), digest[1] % len(MARKERS)


def _colour(hue: float, luminance: float) -> str:
    """The most vivid colour on the screen of this hue, up to CHROMA, and of this relative luminance."""
    low, high = 0.0, CHROMA
    for _ in range(12):
        middle = (low + high) / 2
        if min(_linear(hue, middle, luminance)) >= 0 and max(_linear(hue, middle, luminance)) <= 1:
            low = middle
        else:
            high = middle
    return "#" + "".join(f"{round(255 * _encoded(part)):02x}" for part in _linear(hue, low, luminance))


def _linear(hue: float, chroma: float, luminance: float) -> tuple[float, float, float]:
    """Linear sRGB of OKLCH (Ottosson 2020), its lightness found by the relative luminance."""
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    low, high = 0.0, 1.0
    for _ in range(24):
        middle = (low + high) / 2
        found = _of_oklab(middle, a, b)
        if relative_luminance(found) < luminance:
            low = middle
        else:
            high = middle
    return _of_oklab(low, a, b)


def _of_oklab(lightness: float, a: float, b: float) -> tuple[float, float, float]:
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def relative_luminance(linear: tuple[float, float, float]) -> float:
    """WCAG's, of linear sRGB."""
    red, green, blue = linear
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _encoded(part: float) -> float:
    part = min(1.0, max(0.0, part))
    return 12.92 * part if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055
