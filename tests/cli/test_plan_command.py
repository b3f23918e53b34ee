"""Which plans a report judges: those of the sweep's own protocol; and what a plan would take."""

import json
from pathlib import Path

import pytest

from findings.cli.main import main
from findings.cli.plan import duration
from findings.planning.request import Request, request
from fresh import ran

PLAN = Path("results/quick/depth-degradation/plan.json")
SWEEP = "quick/depth-degradation"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def plan(*arguments: str) -> Request:
    """As a command that trains does it."""
    asked = request(*arguments[:1], arguments[1:])
    asked.freeze([])
    return asked


def models() -> list[str]:
    return [arm["axes"]["model"] for arm in json.loads(PLAN.read_text())["arms"]]


def test_a_plan_that_is_only_looked_at_writes_nothing(capsys: pytest.CaptureFixture) -> None:
    assert main(["plan", SWEEP]) == 0
    assert main(["plan", SWEEP, "recipe.lr=0.05"]) == 0
    assert "none of the finding's own" in capsys.readouterr().out
    assert list(Path().iterdir()) == []


def test_another_protocol_leaves_the_plan_alone() -> None:
    assert plan(SWEEP).note is None
    before = PLAN.read_bytes()
    for override in ("recipe.lr=0.05", "model.shortcut=identity", "model.width=16,8", "data.validation=100"):
        assert "none of the finding's own" in (plan(SWEEP, override).note or "")
        assert PLAN.read_bytes() == before
    assert main(["report", "quick"]) == 0


def test_more_networks_are_added_and_the_sweep_itself_resets() -> None:
    plan(SWEEP, "model=plain32,resnet32", "trainer.threads=1")
    plan(SWEEP, "model=plain20")
    assert models() == ["plain32", "resnet32", "plain20"]
    plan(SWEEP, "runs_dir=scratch")
    assert models() == ["plain20", "plain56", "resnet20", "resnet56"]


def test_two_arms_of_one_network_are_refused(capsys: pytest.CaptureFixture) -> None:
    plan(SWEEP)
    content = json.loads(PLAN.read_text())
    twin = json.loads(json.dumps(content["arms"][0]))
    twin["config"]["recipe.lr"] = 0.05
    content["arms"].append(twin | {"arm": "twin"})
    PLAN.write_text(json.dumps(content))
    assert main(["report", "quick"]) == 2
    assert (
        "'plain20' would mix 2 arms that differ in recipe.lr: name them in the claim; or `findings run quick/dep"
        in capsys.readouterr().err
    )


# --- what it would take


def told(capsys: pytest.CaptureFixture, *arguments: str) -> tuple[list[str], list[str]]:
    """The table's rows and the lines below it."""
    assert main(["plan", *arguments]) == 0
    lines = capsys.readouterr().out.splitlines()
    return [line for line in lines if "-s0" in line], [line for line in lines if ": " in line and "-s0" not in line]


def test_a_plan_for_gpus_tells_each_runs_time_and_that_it_is_assumed(capsys: pytest.CaptureFixture) -> None:
    rows, below = told(capsys, "cifar10/depth-degradation", "seed=0", "--device", "h200", "--gpus", "4")
    assert all(" min " in row and " assumed " in row for row in rows)
    assert below[0].startswith("predicted on 4 x NVIDIA H200: ")
    assert "GPU-hours" in below[0]
    assert below[1].startswith("assumed: nothing measured; 20% of the published 67 TFLOPS")
    assert not any(line.startswith("measured") for line in below)


def test_a_plan_for_the_cpu_names_the_records_it_rests_on(capsys: pytest.CaptureFixture) -> None:
    rows, below = told(capsys, "cifar10-jpeg/depth-degradation", "--device", "cpu")
    assert all(" measured " in row for row in rows)
    assert "core-hours" in below[0]
    assert "side by side" in below[0]
    assert below[1].startswith("measured: within ")
    assert "results/benchmarks/step.csv" in below[1]


def test_without_a_device_nothing_is_predicted(capsys: pytest.CaptureFixture) -> None:
    main(["plan", SWEEP])
    shown = capsys.readouterr().out
    assert "basis" not in shown
    assert "predicted" not in shown


def test_predicting_needs_no_lightning(tmp_path: Path) -> None:
    script = (
        "import sys; from findings.cli.main import main; main(['plan', 'quick/depth-degradation', '--device', 'cpu']); "
        "print({'pytorch_lightning', 'torch._dynamo', 'wandb'} & set(sys.modules))"
    )
    assert ran(script, tmp_path).splitlines()[-1] == "set()"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--device", "h20"], "--device: no figures for 'h20'; did you mean 'h200'? allowed: h200, a100, v100, cpu"),
        (["--gpus", "4"], "--gpus: needs --device: how fast they are; allowed: h200, a100, v100"),
        (["--device", "cpu", "--gpus", "4"], "--gpus: --device cpu is one machine ("),
        (["--device", "h200", "--gpus", "0"], "--gpus: '0' is no number above 0"),
        (["--device", "h200", "--gpus", "many"], "--gpus: 'many' is no number above 0"),
        (
            ["--device", "v100", "recipe.precision=bf16"],
            "--device v100: has no figures for training in bf16; allowed: recipe.precision=fp32",
        ),
        (
            ["--device", "h200", "--gpus", "4", "trainer.devices=2"],
            "--device: predicts runs on one device each, not on trainer.devices=2 x trainer.nodes=1; allowed: 1 x 1",
        ),
        (["--device", "h200", "trainer.nodes=2"], "--device: predicts runs on one device each, not on trainer.dev"),
    ],
)
def test_a_prediction_that_cannot_be_made(arguments: list[str], line: str, capsys: pytest.CaptureFixture) -> None:
    assert main(["plan", SWEEP, *arguments]) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith(f"findings: {line}")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.25, "0.2 s"), (45, "45 s"), (89, "89 s"), (90, "1.5 min"), (3600, "60 min"), (5400, "1.5 h"), (4e6, "1,111 h")],
)
def test_durations_are_told_in_what_fits(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_sweep_that_no_study_is_about_is_told_as_that(capsys: pytest.CaptureFixture[str]) -> None:
    _, below = told(capsys, "cifar10-16px/gap-vs-fc-rates")
    assert any("no study is called 'gap-vs-fc-rates', so that no claim is about these runs" in line for line in below)
    _, below = told(capsys, "cifar10-16px/depth-degradation.half")
    assert not any("no study" in line or "lacks" in line for line in below)
