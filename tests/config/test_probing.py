"""Probes are typed by their class, are part of the run, and come from sweeps and overrides as from a file."""

from pathlib import Path

import pytest
import yaml
from wandb.sdk.launch.sweeps.utils import create_sweep_command_args

from findings.config.compose import Composer
from findings.config.frozen import freeze, science, thaw
from findings.config.identity import Run
from findings.errors import InputError
from findings.planning.sweeps import expand, read
from findings.training.probes.gradients import GradientNorms
from fresh import ran

COMPOSER = Composer()
PROBES = "findings.training.probes"
GRADIENTS = f"{PROBES}.gradients.GradientNorms"
SHORT = ["recipe.iterations=100", "recipe.milestones=[50]"]


def composed(probes: str, *more: str) -> Run:
    return COMPOSER.compose([*SHORT, f"evaluation.probes=[{probes}]", *more])


MISTAKES = {
    "{at:[0]}": "[0]._target_: is missing",
    f"{{_target_:{GRADIENTS}x}}": f"[0]._target_: no probe '{GRADIENTS}x'; did you mean '{GRADIENTS}'",
    "{_target_:findings.nowhere.Probe}": "[0]._target_: no probe 'findings.nowhere.Probe'",
    "{_target_:findings.nets.cifar.CifarNet}": "[0]._target_: 'findings.nets.cifar.CifarNet' is no probe",
    f"{{_target_:{GRADIENTS},att:[0]}}": f"[0].att: no such argument of {GRADIENTS}; did you mean 'at'",
    f"{{_target_:{GRADIENTS},at:5}}": "[0].at: '5' is not a list",
    f"{{_target_:{GRADIENTS},at:[a]}}": "[0].at: 'a' is not a whole number",
    f"{{_target_:{GRADIENTS},at:[101]}}": "[0].at: 101 is no iteration of the run; allowed: 0 to 100, or -1",
    f"{{_target_:{GRADIENTS},at:[-2]}}": "[0].at: -2 is no iteration of the run",
    f"{{_target_:{PROBES}.jacobian.Jacobian,images:0}}": "[0].images: 0 is below 1",
    f"{{_target_:{GRADIENTS}}},{{_target_:{GRADIENTS},at:[0]}}": f"[1]: names {GRADIENTS} again",
    f"{{_target_:{PROBES}.shifts.Shifts,pixels:[1]}}": "[0]._target_: '" + PROBES + ".shifts.Shifts' is asked for by",
    "3": "",
}


@pytest.mark.parametrize("probes", MISTAKES)
def test_a_mistake_is_one_line_that_names_the_key(probes: str) -> None:
    with pytest.raises(InputError) as refusal:
        composed(probes)
    assert str(refusal.value).startswith(f"evaluation.probes{MISTAKES[probes]}")
    assert "\n" not in str(refusal.value)


def test_defaults_are_written_out_and_left_out_of_the_id(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, probed = COMPOSER.compose(SHORT), composed(f"{{_target_:{GRADIENTS}}}")
    assert plain.arm != probed.arm
    assert probed.config.evaluation.probes == [{"_target_": GRADIENTS, "at": [-1]}]
    assert composed(f"{{_target_:{GRADIENTS},at:[-1]}}").arm == probed.arm
    assert composed(f"{{_target_:{GRADIENTS},at:[0]}}").arm != probed.arm
    assert composed("").arm == plain.arm

    def later(self: GradientNorms, at: list[int] = [-1], images: int = 3) -> None:  # noqa: B006
        self.at = at

    monkeypatch.setattr(GradientNorms, "__init__", later)
    again = composed(f"{{_target_:{GRADIENTS}}}")
    assert again.config.evaluation.probes == [{"_target_": GRADIENTS, "at": [-1], "images": 3}]
    assert again.arm == probed.arm


def test_a_frozen_probe_thaws(tmp_path: Path) -> None:
    run = composed(f"{{_target_:{GRADIENTS},at:[0,100,-1]}},{{_target_:{PROBES}.timing.Timing}}")
    path = tmp_path / "config.yaml"
    path.write_text(freeze(run))
    assert thaw(path) == run
    assert science(path) == run.scientific


def test_a_sweep_names_probes_for_us_and_for_an_agent(tmp_path: Path) -> None:
    """An agent writes values as Python does."""
    probes = [{"_target_": GRADIENTS, "at": [0, 100]}, {"_target_": f"{PROBES}.jacobian.Jacobian", "images": 4}]
    values = {"scale": {"value": "quick"}, "evaluation.probes": {"values": [probes, []]}}
    path = tmp_path / "sweep.yaml"
    path.write_text(yaml.dump({"method": "grid", "parameters": values}))
    combinations, _ = expand(read(path), [])
    ours = [COMPOSER.compose([*SHORT, *(f"{key}={value}" for key, value in each.items())]) for each in combinations]
    assert ours[0].config.evaluation.probes == [probes[0], {**probes[1], "at": [-1]}]
    assert ours[1].arm == COMPOSER.compose(SHORT).arm
    told = create_sweep_command_args({"args": {"evaluation.probes": {"value": probes}}})["args_no_hyphens"]
    assert COMPOSER.compose([*SHORT, *told]) == ours[0]


def test_checking_a_probe_does_not_wait_for_what_measures(tmp_path: Path) -> None:
    code = f"""if True:
        import sys
        from findings.config.compose import Composer
        Composer().compose(["evaluation.probes=[{{_target_:{GRADIENTS}}}]"])
        print([name for name in ("pytorch_lightning", "torchmetrics") if name in sys.modules])"""
    assert ran(code, tmp_path) == "[]\n"
