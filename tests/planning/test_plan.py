"""A plan is complete and checked before anything starts; plan.json says what the report may expect."""

import json
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

import pytest

from findings.errors import InputError
from findings.planning.freezing import write_plan
from findings.planning.plan import PlannedRun, Planner, longest_first, share_threads
from findings.planning.request import request
from findings.planning.sweeps import Sweep, find, names
from fresh import ran

PLANNER = Planner()


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def sweep(finding: str = "widths", **axes: list[Any]) -> Sweep:
    usual: dict[str, list[Any]] = {"scale": ["quick"], "seed": [0, 1], "model": ["plain20", "resnet20"]}
    return Sweep("quick", finding, Path(f"{finding}.yaml"), usual | axes)


def arms(path: Path) -> dict[str, list[int]]:
    return {arm["name"]: arm["seeds"] for arm in json.loads(path.read_text())["arms"]}


def test_every_sweep_we_ship_can_be_planned() -> None:
    for each in [find(name)[0] for name in names()]:
        runs = PLANNER.plan(each)
        assert len({run.id for run in runs}) == len(runs) == prod(map(len, each.axes.values()))
        assert all(run.config.findings == [each.finding] and run.config.scale == each.scale for run in runs)


def test_the_longest_runs_of_a_seed_come_first_and_seeds_and_findings_keep_their_order() -> None:
    runs = PLANNER.plan(sweep("b", model=["resnet8", "resnet56", "resnet20"])) + PLANNER.plan(sweep("a"))
    order = [(run.config.findings[0], run.config.seed, run.varies["model"]) for run in longest_first(runs)]
    by_length = ["resnet56", "resnet20", "resnet8"]
    assert order[:6] == [("b", seed, model) for seed in (0, 1) for model in by_length]
    assert [place[:2] for place in order[6:]] == [("a", 0), ("a", 0), ("a", 1), ("a", 1)]


def test_planning_does_without_torchs_compiler(tmp_path: Path) -> None:
    """To import it takes a second."""
    script = (
        "import sys; from findings.planning.plan import Planner; from findings.planning.sweeps import find; "
        "[Planner().plan(find(name)[0]) for name in ('quick/wide-vs-deep', 'quick/gap-vs-fc')]; "
        "print('torch._dynamo' in sys.modules)"
    )
    assert ran(script, tmp_path).strip() == "False"


def test_a_planned_run_is_the_composed_one() -> None:
    run = PLANNER.plan(sweep())[-1]
    assert (run.config.seed, run.name) == (1, "resnet20-w8")
    assert run.id == f"{run.arm}-s1"
    assert run.config.model["depth"] == 20
    assert run.complexity.parameters > 0
    steps = run.config.recipe.batch_size * run.config.recipe.iterations
    assert run.work == 3 * run.complexity.multiply_adds * steps


def test_runs_that_are_the_same_are_planned_once() -> None:
    runs = PLANNER.plan(sweep(**{"model": ["resnet20"], "model.depth": [20, 20]}))
    assert [run.config.seed for run in runs] == [0, 1]


@pytest.mark.parametrize(
    ("overrides", "line"),
    [
        (["recipe.lr=0.1,abc"], "quick/widths (seed=0 model=plain20 recipe.lr=abc): recipe.lr: 'abc' does not fit"),
        (["model.depth=20,21"], "quick/widths (seed=0 model=plain20 model.depth=21): model.depth: 21 layers cannot"),
        (["seed=0,1,-1"], "quick/widths (seed=-1 model=plain20): seed: -1 is below 0"),
        (["seed=0,null"], "quick/widths (seed=null model=plain20): seed: 'None' does not fit"),
        (["model=plain20", "seed=x"], "seed: 'x' does not fit"),  # a single run needs no naming
    ],
)
def test_a_bad_run_anywhere_in_a_sweep_is_named(overrides: list[str], line: str) -> None:
    with pytest.raises(InputError) as refusal:
        PLANNER.plan(sweep(), overrides)
    assert str(refusal.value).startswith(line)
    assert "\n" not in str(refusal.value)


def test_cores_are_shared_and_frozen() -> None:
    runs = PLANNER.plan(sweep())
    assert all(run.config.trainer.threads is None for run in runs)
    shared = share_threads(runs, 10_000)
    assert all(run.config.trainer.threads == 1 for run in shared)
    fixed = PLANNER.plan(sweep(), ["trainer.threads=3"])
    assert all(run.config.trainer.threads == 3 for run in share_threads(fixed, 10_000))
    assert all(run.config.trainer.threads is None for run in runs), "a plan is not changed behind its owner's back"


def test_plan_json_says_what_an_arm_is() -> None:
    path = write_plan(sweep(), PLANNER.plan(sweep()), PLANNER, overridden=False)
    assert path == Path("results/quick/widths/plan.json")
    content = json.loads(path.read_text())
    assert (content["finding"], content["scale"]) == ("widths", "quick")
    assert content["command"] == "findings run quick/widths"
    plain = content["arms"][0]
    assert plain["axes"] == {"model": "plain20"}
    assert plain["seeds"] == [0, 1]
    assert plain["config"]["model.shortcut"] == "none"
    assert plain["data_label"] == "Digits"
    assert plain["parameters"] > 0
    assert plain["multiply_adds"] > 0
    assert plain["arm"].startswith("plain20-w8-digits-quick-")


def test_results_dir_moves_the_plan() -> None:
    runs = PLANNER.plan(sweep(), ["results_dir=elsewhere/results"])
    assert write_plan(sweep(), runs, PLANNER, overridden=True) == Path("elsewhere/results/quick/widths/plan.json")


def test_overrides_add_to_the_plan_and_the_sweep_itself_resets_it() -> None:
    path = write_plan(sweep(), PLANNER.plan(sweep()), PLANNER, overridden=False)
    more = ["model=plain20,plain56", "seed=1,5"]
    write_plan(sweep(), PLANNER.plan(sweep(), more), PLANNER, overridden=True)
    assert arms(path) == {"plain20-w8": [0, 1, 5], "resnet20-w8": [0, 1], "plain56-w8": [1, 5]}
    write_plan(sweep(), PLANNER.plan(sweep()), PLANNER, overridden=False)
    assert arms(path) == {"plain20-w8": [0, 1], "resnet20-w8": [0, 1]}


def test_an_overridden_plan_may_be_the_first() -> None:
    path = write_plan(sweep(), PLANNER.plan(sweep(), ["seed=3"]), PLANNER, overridden=True)
    assert arms(path) == {"plain20-w8": [3], "resnet20-w8": [3]}


def test_an_unchanged_plan_is_not_written_again() -> None:
    runs = PLANNER.plan(sweep())
    path = write_plan(sweep(), runs, PLANNER, overridden=False)
    before = path.stat().st_mtime_ns, path.stat().st_ino
    write_plan(sweep(), runs, PLANNER, overridden=False)
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == before


def test_two_findings_share_a_run(tmp_path: Path) -> None:
    axes = "scale: {value: quick}\n  seed: {values: [0, 1]}\n  model:"
    folder = tmp_path / "sweeps" / "quick"
    folder.mkdir(parents=True)
    for finding, models in (("depth", "[plain20, resnet20]"), ("shortcuts", "[resnet20, resnet56]")):
        (folder / f"{finding}.yaml").write_text(f"method: grid\nparameters:\n  {axes} {{values: {models}}}\n")
    own = request("sweeps/quick/depth.yaml", []).runs + request("sweeps/quick/shortcuts.yaml", []).runs
    assert len({run.id for run in own}) == 6
    assert all(len(run.config.findings) == 1 for run in own)
    asked = request("quick", ["seed=0"])
    asked.freeze([])
    both = asked.runs
    findings = {run.name: run.config.findings for run in both}
    assert set(findings["resnet20-w8"]) >= {"depth", "depth-degradation", "shortcuts"}
    assert len({run.id for run in both}) == len(both), "a run of several findings is trained once"
    for finding, own_arms in (("depth", {"plain20-w8", "resnet20-w8"}), ("shortcuts", {"resnet20-w8", "resnet56-w8"})):
        assert set(arms(Path(f"results/quick/{finding}/plan.json"))) == own_arms


def test_a_plan_is_on_disk_once_it_is_frozen() -> None:
    asked = request("quick/depth-degradation", ["seed=0"])
    assert list(Path().iterdir()) == []
    (run,) = asked.freeze(asked.runs[:1])
    files = {path.as_posix() for path in Path().rglob("*") if path.is_file() and not path.name.startswith(".")}
    kept = {f"{run.directory}/{name}" for name in ("config.yaml", "record.json")}
    assert files == kept | {f"results/quick/depth-degradation/{name}" for name in ("plan.json", "lock.json")}


def test_nothing_is_written_where_one_run_is_bad() -> None:
    with pytest.raises(InputError):
        request("quick", ["seed=0,-1"])
    assert list(Path().iterdir()) == []


def test_thousands_of_runs_are_planned_in_seconds() -> None:
    """Hydra's compose() would take a minute or more."""
    runs: list[PlannedRun] = PLANNER.plan(sweep(seed=list(range(1000))), ["recipe.lr=0.1,0.05"])
    assert len(runs) == 4000
    assert len({run.id for run in runs}) == 4000
    assert replace(runs[0].config, seed=999) == runs[999 * 4].config
