"""The runs in results/ keep their ids: a record under another id would be an orphan."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from findings.config.identity import arm_of

RESULTS = Path(__file__).parents[2] / "results"
PLANS = sorted(RESULTS.glob("*/*/plan.json"))
# protocols that the sweeps had before, whose rows are kept: what they were, in today's words
SHORT = {"recipe.iterations": 1000, "recipe.milestones": [500, 750]}
EARLIER: dict[str, list[dict[str, Any]]] = {
    "cifar10-jpeg/depth-degradation": [SHORT, SHORT | {"recipe.precision": "fp32"}],
    "cifar10-jpeg/gap-vs-fc": [{"recipe.warmup_iterations": 0}],
}


@pytest.mark.parametrize("path", PLANS, ids=lambda path: f"{path.parents[1].name}/{path.parent.name}")
def test_every_run_that_is_committed_has_the_id_of_its_config(path: Path) -> None:
    arms = json.loads(path.read_text())["arms"]
    assert arms
    for arm in arms:
        assert arm_of(arm["config"], streams_of(arm)) == arm["arm"]
    own = {f"{arm['arm']}-s{seed}" for arm in arms for seed in arm["seeds"]}
    earlier = set(ids_before(arms, EARLIER.get(f"{path.parents[1].name}/{path.parent.name}", [])))
    with path.with_name("runs.csv").open(newline="") as file:
        recorded = {row["id"] for row in csv.DictReader(file)}
    assert recorded
    assert recorded <= own | earlier
    if all(streams_of(arm) == 1 for arm in arms):  # later ones may be under way
        assert own <= recorded


def streams_of(arm: dict[str, Any]) -> int:
    """Plans of the first version do not say."""
    return int(arm.get("streams", 1))


def ids_before(arms: list[dict[str, Any]], protocols: list[dict[str, Any]]) -> Iterator[str]:
    """The ids that these arms had with other values in their configs."""
    for arm in arms:
        for changes in protocols:
            before = arm_of(arm["config"] | changes, streams_of(arm))
            yield from (f"{before}-s{seed}" for seed in arm["seeds"])
