"""An arm looks the same wherever it is drawn, and can be told from those beside it by anyone, on any ground."""

import csv
import re
from itertools import combinations
from pathlib import Path

import pytest

from findings.report.figures.looks import DARKEST, LIGHTEST, MARKERS, Look, look, relative_luminance

RESULTS = Path(__file__).parents[3] / "results"
STRANGE = ("", "mine", "resnet0", "resnet8", "plain1202", "lr 0.1", "<script>", "mjukt-nät", "densenet121")
SWEEPS = sorted({path.parent for path in RESULTS.glob("*/*/runs.csv")})


def models(sweep: Path) -> list[str]:
    with (sweep / "runs.csv").open(newline="") as file:
        return sorted({row["model"] for row in csv.DictReader(file)})


def linear(colour: str) -> tuple[float, float, float]:
    parts = [int(pair, 16) / 255 for pair in re.findall("[0-9a-f]{2}", colour)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return red, green, blue


@pytest.mark.parametrize("name", [*STRANGE, *(f"resnet{depth}" for depth in range(2, 1300, 97))])
def test_every_name_has_a_colour_that_is_seen_on_white_and_on_black(name):
    found = look(name)
    assert re.fullmatch("#[0-9a-f]{6}", found.colour)
    assert found.marker in MARKERS
    assert DARKEST - 0.01 <= relative_luminance(linear(found.colour)) <= LIGHTEST + 0.01


def test_a_name_looks_today_as_it_did_in_figures_that_are_published():
    assert [look(name) for name in ("plain20", "resnet56", "mine")] == [
        Look("#dc6571", "v"),
        Look("#5071cf", "^"),
        Look("#6c6ed2", "^"),
    ]


@pytest.mark.parametrize("sweep", SWEEPS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_arms_of_a_finding_differ_in_colour_and_in_marker(sweep):
    looks = [look(model) for model in models(sweep)]
    assert len({seen.marker for seen in looks}) == len(looks)
    for one, other in combinations(looks, 2):
        apart = sum((a - b) ** 2 for a, b in zip(linear(one.colour), linear(other.colour), strict=True))
        assert apart > 0.001, (one, other)


def test_the_deeper_of_a_family_is_the_darker():
    light = [relative_luminance(linear(look(f"resnet{depth}").colour)) for depth in (20, 32, 44, 56, 110)]
    assert light == sorted(light, reverse=True)
