"""The runs in results/ keep their ids: a record under another id would be an orphan."""

import csv
import json
from pathlib import Path

import pytest

from findings.planning.plan import Planner
from findings.planning.sweeps import find

RESULTS = Path(__file__).parents[2] / "results"
PLANS = sorted(RESULTS.glob("*/*/plan.json"))
# protocols that the sweeps had before, whose rows are kept: what they were, in today's words
SHORT = ["recipe.iterations=1000", "recipe.milestones=[500,750]"]
EARLIER = {
    "cifar10-jpeg/depth-degradation": [SHORT, [*SHORT, "recipe.precision=fp32"]],
    "cifar10-jpeg/gap-vs-fc": [["recipe.warmup_iterations=0"]],
}


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.parent.name)
def test_every_run_that_is_committed_has_the_id_of_its_config(plan: Path) -> None:
    name = f"{plan.parents[1].name}/{plan.parent.name}"
    planner, (sweep,) = Planner(), find(name)
    own = {run.id for run in planner.plan(sweep)}
    arms = json.loads(plan.read_text())["arms"]
    assert own == {f"{arm['arm']}-s{seed}" for arm in arms for seed in arm["seeds"]}
    earlier = {run.id for overrides in EARLIER.get(name, []) for run in planner.plan(sweep, overrides)}
    with plan.with_name("runs.csv").open(newline="") as file:
        recorded = {row["id"] for row in csv.DictReader(file)}
    assert own <= recorded <= own | earlier
