"""bf16 on a CPU without instructions for it: the hours are said before the first step."""

from pathlib import Path

import pytest

from findings.cli.main import main
from findings.cost import emulation
from findings.planning.request import request

BF16 = ["recipe.precision=bf16", "model=plain20", "seed=0", "trainer.accelerator=cpu"]


@pytest.fixture
def emulating(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(emulation, "native_bf16", lambda: False)


def test_plan_says_how_long_it_would_take(emulating: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "cifar10-jpeg/depth-degradation"]) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "emulates" in line]
    assert line.startswith(
        "this CPU emulates bf16 (it has neither AMX nor AVX512-BF16), about 14 times slower than fp32: "
    )
    assert "12 runs would take it " in line
    hours = int(line.split("would take it ")[1].split(" hours")[0].replace(",", ""))
    assert hours > 20


def test_run_says_so_before_the_first_step(emulating: None, capfd: pytest.CaptureFixture[str]) -> None:
    few = ["recipe.iterations=2", "recipe.milestones=[]", "recipe.warmup_iterations=0", "tracking=none"]
    assert main(["run", "quick/depth-degradation", *BF16, *few]) == 0
    out = capfd.readouterr().out
    assert out.index("emulates bf16") < out.index("1 of 1 runs finished")


@pytest.mark.parametrize("native", [True, False])
def test_it_is_not_said_where_nothing_is_emulated(native: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emulation, "native_bf16", lambda: native)
    assert emulation.warning(request("quick/depth-degradation", ["seed=0"]).runs) is None  # in fp32
    said = emulation.warning(request("quick/depth-degradation", BF16).runs)
    assert (said is None) == native


@pytest.mark.parametrize("others", [["trainer.devices=2"], ["trainer.nodes=2", "recipe.batch_norm_group=null"]])
def test_runs_of_several_devices_are_planned_all_the_same(
    others: list[str], emulating: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", "quick/depth-degradation", *BF16, *others]) == 0
    assert "emulates bf16" in capsys.readouterr().out


def test_it_is_not_said_of_another_machine(emulating: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "cifar10-jpeg/depth-degradation", "trainer.accelerator=cuda"]) == 0
    assert main(["plan", "cifar10-jpeg/depth-degradation", "--device", "h200"]) == 0
    assert "emulates" not in capsys.readouterr().out
