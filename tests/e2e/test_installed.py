"""Somebody installs findings and works in a folder of their own: the wheel, built, installed and used there."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import outside

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like site-packages, with the wheel's files; torch and the others are where they are."""
    folder = tmp_path_factory.mktemp("installed")
    built = folder / "dist"
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(built)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = built.glob("*.whl")
    install = ["install", "--quiet", "--no-deps", "--no-index", "--no-compile", "--target", str(folder / "site")]
    subprocess.run([sys.executable, "-m", "pip", *install, str(wheel)], check=True, capture_output=True)
    return folder / "site"


def test_a_finding_and_a_network_from_outside(installed: Path, tmp_path: Path) -> None:
    outside.write(tmp_path)
    environment = os.environ | {"PYTHONPATH": str(installed), "COLUMNS": "200"}

    def findings(*arguments: str, code: int = 0) -> str:
        """The installed command, which does not put the working directory on Python's path."""
        command = [str(installed / "bin" / "findings"), *arguments]
        told = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert told.returncode == code, told.stdout + told.stderr
        return told.stdout + told.stderr

    where = subprocess.run(
        [sys.executable, "-c", "import findings; print(findings.__file__)"], env=environment, capture_output=True
    )
    assert where.stdout.decode().startswith(str(installed)), "what is tested is what is installed"

    planned = findings("plan", "mine", "model=mine,mine-wide,resnet20", "seed=0")
    assert all(
        name in planned for name in ("mynet-w4-digits-short-", "mynet-w8-digits-short-", "resnet20-digits-short")
    )
    assert not (tmp_path / "runs").exists()

    assert "4 of 4 runs finished" in findings("run", "mine/my-finding", "tracking=none", "--jobs", "1")
    records = [json.loads(path.read_text()) for path in tmp_path.glob("runs/*/record.json")]
    assert sorted((record["name"], record["seed"]) for record in records) == [
        *(("mynet-w4", 0), ("mynet-w4", 1), ("mynet-w8", 0), ("mynet-w8", 1))
    ]

    findings("report", "mine")
    assert "My own finding" in (tmp_path / "results" / "mine" / "README.md").read_text()
    (verdict,) = json.loads((tmp_path / "results" / "mine" / "verdicts.json").read_text())
    assert (verdict["id"], verdict["verdict"]) == ("mine-counts", "reproduced")
    listed = findings("list", "--wide")
    assert "My own finding" in listed
    assert "Depth degradation" in listed

    (tmp_path / "studies" / "my_finding.py").write_text("FINDING = 1 / 0\n")
    line = findings("report", "mine", code=2)
    assert line.startswith(f"findings: {tmp_path}/studies/my_finding.py: cannot be imported: ZeroDivisionError")
    assert len(line.splitlines()) == 1
