"""The command line: mistakes are one line and exit code 2, help is quick, and completion knows conf/."""

import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import yaml

from findings.cli.actions import ACTIONS
from findings.cli.main import main
from findings.planning.request import request
from golden_files import golden

HEAVY = ("torch", "hydra", "omegaconf", "pytorch_lightning", "matplotlib", "numpy", "pandas", "scipy", "wandb")
LOADED = f"print(sorted(set({HEAVY!r}) & set(sys.modules)))"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "working directory"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HYDRA_FULL_ERROR", "")  # `train` sets it
    monkeypatch.delenv("FINDINGS_DATA", raising=False)
    monkeypatch.setattr(sys, "argv", ["findings"])  # and this
    return folder


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environment, capture_output=True, text=True, check=False
    )


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line that a wrong command line is answered with."""
    code = main(arguments)
    out, err = capsys.readouterr()
    assert code == 2, (out, err)
    assert len(err.splitlines()) == 1, err
    assert "Traceback" not in err
    return err.strip()


# --- help


def test_help_is_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    assert text == golden("help.txt", text)
    assert all(f"\n  {action} " in text for action in ACTIONS)
    assert main([]) == 0
    assert capsys.readouterr().out == text
    assert main(["-h"]) == 0
    assert max(map(len, text.splitlines())) <= 100


def test_every_action_has_its_own_help_without_importing_anything_heavy() -> None:
    code = f"""
import contextlib, io, sys
from findings.cli.actions import ACTIONS
from findings.cli.main import main
for arguments in (["--help"], ["--version"], *([action, "--help"] for action in ACTIONS)):
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown), contextlib.suppress(SystemExit):
        main(arguments)
    assert shown.getvalue().startswith(("usage: findings", "findings 0.")), (arguments, shown.getvalue())
{LOADED}
"""
    told = python(code)
    assert told.stderr == ""
    assert told.stdout.strip() == "[]"


def test_completion_of_actions_and_sweeps_imports_nothing_heavy() -> None:
    for line, expected in (("findings r", "run report"), ("findings run qu", "quick/depth-degradation")):
        code = f"import sys; from findings.cli.main import main; main(['-sc', 'query=bash']); {LOADED}"
        told = python(code, COMP_LINE=line, COMP_POINT=str(len(line)))
        completed, heavy = told.stdout.splitlines()
        assert set(expected.split()) <= set(completed.split()), told.stderr
        assert heavy.strip() == "[]"


def test_completion_of_groups_and_keys() -> None:
    from findings.config.compose import groups

    code = (
        "import sys; from findings.cli.main import main; main(['-sc', 'query=bash']); assert 'torch' not in sys.modules"
    )
    for line, expected in (
        ("findings train model=", {f"model={name}" for name in groups()["model"]}),
        ("findings train seed=1 model=plain5", {"model=plain56"}),
        ("findings train recipe.warmup_l", {"recipe.warmup_lr="}),
    ):
        told = python(code, COMP_LINE=line, COMP_POINT=str(len(line)))
        assert set(told.stdout.split()) == expected, told.stderr
        assert told.returncode == 0, "torch takes seconds to import, which is too long for the Tab key"


def test_the_shell_gets_its_completion_function(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "-sc", "install=bash"]) == 0
    assert "hydra_bash_completion" in capsys.readouterr().out


# --- mistakes


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("trian", "findings: 'trian': no such action; did you mean 'train'?"),
        ("--verbose", "findings: '--verbose': no such action"),
        ("train recipe.l=0.1", "findings: recipe.l: no such key; did you mean 'recipe.lr'?"),
        ("train model=resnt", "findings: model: no such choice 'resnt'; did you mean 'resnet"),
        ("train recipe.lr=abc", "findings: recipe.lr: 'abc' does not fit: it must be a number"),
        ("train model.depth=21", "findings: model.depth: 21 layers cannot be made of basic blocks; possible are 6n+2"),
        ("train -m model.depth=20,21", "findings: model.depth: 21 layers"),
        ("train -m seed=0,x", "findings: seed: 'x' does not fit"),
        ("train seed=-1", "findings: seed: -1 is below 0"),
        ("train seed=null", "findings: seed: 'None' does not fit"),
        ("train resnet56", "findings: 'resnet56': is no override of the form key=value"),
        ("train --retry", "findings train: unrecognized arguments: --retry; see `findings train --help`"),
        ("train --cfg", "findings train: argument --cfg/-c: expected one argument"),
        ("train -m --cfg job seed=0,1", "findings train: --cfg and --info show one config"),
        ("train seed=0,1", "findings train: a comma list is several runs: add -m"),
        ("train model=plain20,plain56", "findings train: a comma list is several runs: add -m"),
        ("train ~model", "findings: model: keys cannot be removed"),
        ("train +seed=1", "findings: seed: there is such a key already"),
        ("train hydra.nothing=1", "findings train: Could not override 'hydra.nothing'"),
        ("train --config-name nothing", "findings train: Cannot find primary config 'nothing'"),
        ("train --frozen nothing.yaml", "findings: nothing.yaml: no such file"),
        ("train --frozen", "findings train: argument --frozen: expected one argument"),
        ("train --frozen=a.yaml seed=1", "findings train: a frozen config takes no overrides: seed=1"),
        ("plan", "findings plan: the following arguments are required: SWEEP"),
        ("plan quick/depth", "findings: sweep: no sweep 'quick/depth'; did you mean 'quick/depth-degradation'?"),
        ("plan nothing.yaml", "findings: nothing.yaml: no such file"),
        (
            "plan quick model.depth=21",
            "findings: quick/bottleneck-savings (seed=0 model=preact-resnet14): model.depth: 21",
        ),
        ("plan quick --every", "findings plan: unrecognized arguments: --every"),
        ("plan quick recipe", "findings: 'recipe': is no override of the form key=value"),
        ("run quick --jobs 0", "findings: --jobs: '0' is neither a number above 0 nor auto"),
        ("run quick --jobs -1", "findings: --jobs: '-1' is neither"),
        ("run quick --jobs two", "findings: --jobs: 'two' is neither"),
        ("run quick --time-limit soon", "findings: --time-limit: 'soon' is no time such as 90s, 9m or 1.5h"),
        ("run quick --time-limit 0", "findings: --time-limit: '0' is no time"),
        ("report nothing", "findings: nothing: "),
        ("report", "findings: results: nothing has been planned here yet"),
        ("report quick seed=1", "findings: 'seed=1': no such override of this action"),
        ("list everything", "findings list: unrecognized arguments: everything"),
    ],
)
def test_mistakes_are_one_line(command: str, line: str, capsys: pytest.CaptureFixture[str], elsewhere: Path) -> None:
    assert refusal(capsys, *command.split()).startswith(line)
    assert list(elsewhere.iterdir()) == [], "nothing has been started"


def archive(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:xz") as opened:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            opened.addfile(info, io.BytesIO(data))
    return path


def test_wrong_data_ends_a_sweep_before_it_begins(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (empty := tmp_path / "empty").mkdir()
    whole = archive(tmp_path / "whole.tar.xz", {f"train/a/{n}.png": os.urandom(3000) for n in range(9)})
    (cut := tmp_path / "cut.tar.xz").write_bytes(whole.read_bytes()[:-5000])
    hostile = archive(tmp_path / "hostile.tar.xz", {"train/a/1.png": b"", "../outside.png": b""})
    few = ["model=plain20", "seed=0", "--jobs", "1"]
    for root, problem in (
        (empty, f"data.root: {empty} has no train/<class>/ images"),
        (cut, f"{cut}: the archive is damaged or cut short"),
        (hostile, f"{hostile}: unsafe path '../outside.png' in the archive"),
        (tmp_path / "missing", f"data.root: {tmp_path}/missing does not exist"),
    ):
        line = refusal(capsys, "run", "cifar10-jpeg/depth-degradation", f"data.root={root}", *few)
        assert line.startswith(f"findings: {problem}")
    assert not Path("runs").exists()
    assert not (tmp_path / "outside.png").exists()


def test_wrong_data_ends_a_run_in_one_line_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is found out within Hydra's job, which would show a traceback of its own."""
    (empty := tmp_path / "empty").mkdir()
    arguments = ["train", "scale=cifar10-jpeg", f"data.root={empty}", "tracking=none"]
    assert refusal(capsys, *arguments).startswith(f"findings: data.root: {empty} has no train/<class>/ images")
    assert refusal(capsys, *arguments, "-m", "seed=0,1").startswith("findings: data.root: ")


def test_a_real_process_says_its_line_and_its_code() -> None:
    """The installed entry point: `findings`, not main()."""
    code = "import sys; from findings.cli.main import main; sys.exit(main())"
    told = subprocess.run(
        [sys.executable, "-c", code, "train", "recipe.lr=abc"], capture_output=True, text=True, check=False
    )
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr == "findings: recipe.lr: 'abc' does not fit: it must be a number\n"


# --- what works


def test_cfg_prints_the_composed_config(capsys: pytest.CaptureFixture[str], elsewhere: Path) -> None:
    # flags may come before, between and after the overrides
    for arguments in (["--cfg", "job", "model=plain56", "seed=3"], ["model=plain56", "--cfg", "job", "seed=3"]):
        assert main(["train", *arguments]) == 0
        shown = yaml.safe_load(capsys.readouterr().out)
        assert (shown["model"]["depth"], shown["model"]["shortcut"], shown["seed"]) == (56, "none", 3)
    assert main(["train", "scale=cifar10", "model=resnet20", "model.depth=110", "--cfg", "job"]) == 0
    assert yaml.safe_load(capsys.readouterr().out)["recipe"]["warmup_iterations"] == 400, "as it would be trained"
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize(
    "override", ["recipe.optimizer._target_=torch.optim.Adam", "recipe.optimizer={_target_: torch.optim.Adam}"]
)
def test_what_a_file_leaves_out_can_be_set(override: str, capsys: pytest.CaptureFixture[str], elsewhere: Path) -> None:
    """An argument of the network that its file leaves at its default, and those of an optimiser."""
    assert main(["train", "model=resnet50", "model.nonlinearity=tanh", override, "--cfg", "job"]) == 0
    composed = yaml.safe_load(capsys.readouterr().out)
    assert composed["model"]["nonlinearity"] == "tanh"
    assert composed["recipe"]["optimizer"] == {"_target_": "torch.optim.Adam"}


def test_plan_shows_every_run_and_what_it_costs(capsys: pytest.CaptureFixture[str], elsewhere: Path) -> None:
    assert main(["plan", "quick/depth-degradation", "model=plain20,resnet20", "seed=0,1"]) == 0
    shown = capsys.readouterr().out
    runs = request("quick/depth-degradation", ["model=plain20,resnet20", "seed=0,1"]).runs
    assert len(runs) == 4
    assert all(run.id in shown for run in runs), "a run's id is shown whole, to be copied"
    assert f"{runs[0].complexity.parameters:,}" in shown
    assert "4 runs" in shown
    assert list(elsewhere.iterdir()) == []


def test_list_knows_every_finding(capsys: pytest.CaptureFixture[str], elsewhere: Path) -> None:
    assert main(["list"]) == 0
    shown = capsys.readouterr().out
    assert "depth-degradation" in shown
    assert "not run" in shown
    assert list(elsewhere.iterdir()) == []
