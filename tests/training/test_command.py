"""How a training is started as a process, and that whoever starts one pays nothing for knowing."""

import subprocess
import sys
from pathlib import Path

import pytest

from findings.training.command import REFUSED, frozen_command


@pytest.mark.parametrize(("retry", "between"), [(False, []), (True, ["--retry-failed"])])
def test_the_command_names_its_frozen_config_last(retry: bool, between: list[str]) -> None:
    command = frozen_command(Path("runs/a/config.yaml"), retry_failed=retry)
    assert command == [sys.executable, "-m", "findings.cli", "train", *between, "--frozen", "runs/a/config.yaml"]


@pytest.mark.parametrize("retry", [False, True])
def test_the_command_is_one_that_findings_takes(retry: bool, tmp_path: Path) -> None:
    command = frozen_command(tmp_path / "nothing.yaml", retry_failed=retry)
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (REFUSED, "")
    assert ended.stderr.startswith(f"findings: {tmp_path}/nothing.yaml: no such file")


def test_no_module_of_the_project_or_of_others_is_imported_for_it() -> None:
    code = (
        "import sys; import findings.training; before = set(sys.modules); "
        "import findings.training.command; print(sorted(set(sys.modules) - before))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.strip("'") for name in told.stdout.strip("[]\n").split(", ")}
    assert {name for name in loaded if name.split(".")[0] not in sys.stdlib_module_names} == {
        "findings.training.command"
    }
