"""What shells, notebooks and services leave in a process's surroundings: the command does its work all the same."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from launching import write_sweep

SHORT = ("model=resnet8", "recipe.iterations=22", "recipe.milestones=[]", "recipe.warmup_iterations=0")
TRAIN = ("train", *SHORT, "tracking=none")


def findings(folder: Path, *arguments: str, code: int = 0, **environment: str) -> str:
    """What the command says, on both streams."""
    told = subprocess.run(
        [sys.executable, "-m", "findings.cli", *arguments],
        cwd=folder,
        env=os.environ | {"XDG_CACHE_HOME": str(folder / "cache")} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=240,
        check=False,
    )
    assert told.returncode == code, told.stdout
    assert "Traceback" not in told.stdout
    return told.stdout


def test_a_notebooks_plots_a_long_folder_for_temporary_files_and_a_gpu_that_is_not_there(tmp_path: Path) -> None:
    long = tmp_path / ("x" * 100)
    long.mkdir()
    sweep = write_sweep(tmp_path, "depth-degradation", seeds=1, recipe__iterations=24, recipe__milestones=[12])
    odd = {"MPLBACKEND": "module://matplotlib_inline.backend_inline", "TMPDIR": str(long), "CUDA_VISIBLE_DEVICES": "0"}
    assert "1 of 1 runs finished" in findings(tmp_path, "run", sweep, "--jobs", "1", **odd)
    findings(tmp_path, "report", "quick", **odd)
    assert list(tmp_path.glob("results/quick/depth-degradation/figures/*"))


def test_what_another_launcher_left_in_the_shell_is_not_waited_for(tmp_path: Path) -> None:
    left = {"RANK": "0", "WORLD_SIZE": "4", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29999"}
    line = findings(tmp_path, *TRAIN, code=2, **left)
    assert line.startswith("findings: trainer.devices: 1 x trainer.nodes=1 needs 1 processes of `findings train`")
    assert line.endswith("there are 4, by RANK and WORLD_SIZE\n")
    assert len(line.splitlines()) == 1


@pytest.mark.parametrize(
    "environment",
    [{"COLUMNS": "0"}, {"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}, {"TERM": "dumb"}],
    ids=lambda environment: next(iter(environment)),
)
def test_terminals_that_can_little(environment: dict[str, str], tmp_path: Path) -> None:
    assert "depth-degradation" in findings(tmp_path, "list", **environment)


def test_a_working_directory_that_is_gone(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    script = f"cd {gone} && rmdir {gone} && exec {sys.executable} -m findings.cli list"
    told = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert (told.returncode, told.stderr) == (
        2,
        "findings: the working directory: is gone: change to one that is there\n",
    )


def test_a_user_without_a_home(tmp_path: Path) -> None:
    """As in a container whose user id nobody has a name for."""
    nameless = """
import os, pwd, sys
def nobody(*_): raise KeyError("uid not found")
pwd.getpwuid = pwd.getpwnam = nobody
for name in ("HOME", "USER", "LOGNAME", "XDG_CACHE_HOME"): os.environ.pop(name, None)
from findings.cli.main import main
sys.exit(main(sys.argv[1:]))
"""
    told = subprocess.run(
        [sys.executable, "-c", nameless, *TRAIN], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
    )
    assert (told.returncode, told.stderr) == (0, "")


def test_a_run_is_where_it_is_said_to_be_whatever_hydra_is_told(tmp_path: Path) -> None:
    told = findings(tmp_path, *TRAIN, "hydra.job.chdir=true", "runs_dir='my runs'")
    (record,) = tmp_path.glob("my runs/*/record.json")
    assert f"finished: my runs/{record.parent.name}" in told
    assert record.parent.name in findings(tmp_path, "show", record.parent.name, "runs_dir='my runs'")


def test_a_foreign_sweep_file_hides_no_other(tmp_path: Path) -> None:
    (tmp_path / "sweeps" / "mine").mkdir(parents=True)
    (tmp_path / "sweeps" / "mine" / "odd.yaml").write_text("a: [")
    told = findings(tmp_path, "list")
    assert "odd.yaml: cannot be read as YAML" in told
    assert "gap-vs-fc" in told
