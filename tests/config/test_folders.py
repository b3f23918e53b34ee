"""A folder of one's own, and packages that extend findings, are looked into before what comes with findings."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import outside
from findings import studies
from findings.cli.main import main
from findings.config import folders
from findings.config.compose import Composer, groups, hyperparameters_of
from findings.config.folders import shared
from findings.errors import InputError
from findings.planning import sweeps
from findings.planning.request import request


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, as somebody's own; whose module is imported anew."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "my_networks", raising=False)
    from findings.config import hyperparameters

    for kept in (hyperparameters.network_class, hyperparameters._arguments):
        kept.cache_clear()
    monkeypatch.chdir(outside.write(tmp_path))
    return tmp_path


@pytest.fixture
def extension(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An installed package that extends findings."""
    site = tmp_path_factory.mktemp("site")
    package = site / "their_package"
    outside.write(package, my_finding=outside.STUDY.replace("my-finding", "their-finding"))
    (package / "__init__.py").touch()
    (package / "conf" / "model" / "mine.yaml").write_text("_target_: their_package.my_networks.MyNet\nwidth: 16\n")
    (package / "conf" / "model" / "theirs.yaml").write_text("_target_: their_package.my_networks.MyNet\n")
    installed = site / "their_package-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: their_package\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text("[findings.extensions]\ntheirs = their_package\n")
    monkeypatch.syspath_prepend(site)
    folders.extensions.cache_clear()
    yield package
    folders.extensions.cache_clear()


def test_what_is_ones_own_stands_beside_what_comes_with_findings(own: Path) -> None:
    assert {"mine", "mine-wide", "resnet20"} <= set(groups()["model"])
    assert {"mine", "quick"} <= set(groups()["scale"])
    assert {"mine/my-finding", "quick/depth-degradation"} <= set(sweeps.names())
    assert {"my-finding", "depth-degradation"} <= set(studies.findings())
    runs = request("mine", []).runs
    assert [run.name for run in runs] == ["mynet-w4", "mynet-w4", "mynet-w8", "mynet-w8"]
    assert [run.config.recipe.name for run in runs] == ["short"] * 4
    assert runs[0].complexity.parameters == 90
    assert not (own / "runs").exists()


def test_elsewhere_there_is_none_of_it(own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "mine" in groups()["model"]
    (elsewhere := tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(elsewhere)
    assert "mine" not in groups()["model"]
    assert "my-finding" not in studies.findings()


def test_a_file_of_ones_own_stands_for_the_one_of_its_name(own: Path) -> None:
    (own / "conf" / "model" / "resnet20.yaml").write_text("_target_: my_networks.MyNet\nwidth: 12\n")
    assert Composer().compose(["model=resnet20", "scale=cifar10"]).name == "mynet-w12"
    assert hyperparameters_of("resnet20")["width"] == 12


def test_an_argument_that_a_file_gives_can_be_overridden(own: Path) -> None:
    (own / "conf" / "model" / "mine.yaml").write_text(
        "_target_: findings.nets.foreign.TimmNet\nname: resnet18\nkwargs: {drop_rate: 0.1, act_layer: silu}\n"
    )
    run = Composer().compose(["model=mine", "scale=mine", "model.kwargs.drop_rate=0.2"])
    assert run.config.model["kwargs"] == {"drop_rate": 0.2, "act_layer": "silu"}


def test_what_a_scale_sets_for_other_networks_is_left_out_and_a_mistake_is_not(own: Path) -> None:
    """The scale quick makes networks narrow: model.width=8."""
    (own / "my_networks.py").write_text(
        outside.NETWORK.replace("width: int = 4", "maps: int = 4").replace("model['width']", "model['maps']")
    )
    (own / "conf" / "model" / "mine-wide.yaml").write_text("_target_: my_networks.MyNet\nwidth: 8\n")
    assert "width" not in Composer().compose(["model=mine", "scale=quick"]).config.model
    for mistake in (["model=mine", "model.width=8"], ["model=mine-wide"]):
        with pytest.raises(InputError, match=r"model\.width: no such"):
            Composer().compose([*mistake, "scale=quick"])
    assert Composer().compose(["model=resnet20", "scale=quick"]).config.model["width"] == 8


def test_an_extension_comes_after_what_is_ones_own_and_before_what_comes_with_findings(
    extension: Path, own: Path
) -> None:
    assert folders.folders("conf") == [own / "conf", extension / "conf", shared("conf").resolve()]
    assert Composer().compose(["model=mine", "scale=mine"]).config.model["_target_"] == "my_networks.MyNet"
    theirs = Composer().compose(["model=theirs", "scale=mine"])
    assert theirs.config.model["_target_"] == "their_package.my_networks.MyNet"
    assert {"their-finding", "my-finding", "depth-degradation"} <= set(studies.findings())
    (own / "conf" / "model" / "mine.yaml").unlink()
    assert Composer().compose(["model=mine", "scale=cifar10"]).name == "mynet-w16"


def test_an_extension_that_is_not_there_is_named(extension: Path) -> None:
    points = extension.parent / "their_package-1.0.dist-info" / "entry_points.txt"
    points.write_text("[findings.extensions]\ntheirs = no_such_package\n")
    with pytest.raises(InputError, match=r"findings\.extensions: theirs: there is no package 'no_such_package'"):
        folders.folders("conf")


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(arguments) == 2
    line = capsys.readouterr().err.strip()
    assert "\n" not in line
    return line


@pytest.mark.parametrize(
    ("study", "problem"),
    [
        (
            "FINDING = undefined",
            "cannot be imported: NameError: name 'undefined' is not defined (my_finding.py, line 1)",
        ),
        (
            "import no_such_thing\nFINDING = 1",
            "cannot be imported: ModuleNotFoundError: No module named 'no_such_thing'",
        ),
        ("def FINDING(:", "cannot be imported: SyntaxError: "),
        ("FINDING = 'mine'", "FINDING is a str, not a findings.studies.Finding"),
        (outside.STUDY.replace("my-finding", "depth-degradation"), "another finding is called 'depth-degradation': "),
    ],
)
def test_a_study_that_is_none_is_one_line(
    study: str, problem: str, own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = own / "studies" / "my_finding.py"
    file.write_text(study)
    line = refusal(capsys, "list")
    assert line.startswith(f"findings: {file}: {problem}")
    if "another" in problem:
        assert line.endswith("studies/depth_degradation.py")


def test_files_that_hold_no_finding_are_left_alone(own: Path) -> None:
    (own / "studies" / "unrelated.py").write_text("raise SystemExit('this has been run')\n")
    assert "my-finding" in studies.findings()


@pytest.mark.parametrize(
    ("network", "line"),
    [
        ("import no_such_thing", "findings: model._target_: my_networks needs 'no_such_thing', which is not there"),
        ("1 / 0", "findings: model._target_: my_networks cannot be imported: ZeroDivisionError: division by zero"),
        ("", "findings: model._target_: no network 'my_networks.MyNet'"),
        (outside.NETWORK.replace("width: int", "width"), "findings: model.width: my_networks.MyNet gives it no type"),
        (
            outside.NETWORK.replace("mynet-w", "my/net"),
            "findings: model._target_: my_networks.MyNet is called 'my/net4'",
        ),
        (outside.NETWORK.replace("nn.ReLU()", "nn.RLU()"), "findings: model: my_networks.MyNet cannot be made: Attr"),
        (outside.NETWORK.replace("classes)", "3)"), "findings: model: MyNet puts out (1, 3) for one image"),
        (outside.NETWORK.replace(".flatten(1)", ""), "findings: model: MyNet fails on images of 1 x 8 x 8: RuntimeErr"),
    ],
)
def test_a_network_that_is_none_is_one_line(
    network: str, line: str, own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (own / "my_networks.py").write_text(network)
    assert refusal(capsys, "train", "model=mine", "scale=mine").startswith(line)


def test_a_recipe_that_groups_batch_norm_is_not_for_a_network_without(own: Path) -> None:
    with pytest.raises(InputError, match=r"recipe\.batch_norm_group: my_networks\.MyNet takes none"):
        request("mine", ["recipe.batch_norm_group=16"])


def test_a_config_yaml_of_something_else_is_named(own: Path) -> None:
    (own / "conf" / "config.yaml").write_text("learning_rate: 0.1\n")
    with pytest.raises(InputError, match=r"conf/config\.yaml: stands for the config\.yaml of findings"):
        Composer().compose([])


def test_hydra_itself_knows_what_is_ones_own(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = """if True:
        from findings.cli.main import main
        main(["-sc", "query=bash"])
    """
    line = "findings train model=min"
    told = subprocess.run(
        [sys.executable, "-P", "-c", code],
        env={**os.environ, "COMP_LINE": line, "COMP_POINT": str(len(line))},
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(told.stdout.split()) == {"model=mine", "model=mine-wide"}
    told = subprocess.run(
        [
            sys.executable,
            "-P",
            "-m",
            "findings.cli",
            "train",
            "scale=mine",
            "model=mine",
            "model.width=5",
            "--cfg",
            "job",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "width: 5" in told.stdout
