"""Which GPU a process gets; here none is needed, only names."""

import os
import subprocess
import sys

import pytest

from findings.engines.devices import dealt, gpus, use, visible

NAMED = [("0,1", ["0", "1"]), (" 3 , GPU-5d,", ["3", "GPU-5d"]), ("", []), ("-1", [])]


@pytest.mark.parametrize(("value", "names"), NAMED)
def test_the_variable_says_which_there_are(value: str, names: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    assert visible() == names
    assert gpus() == names


def test_a_variable_that_is_left_over_on_a_machine_without_gpus_names_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    assert gpus() == []


def test_without_the_variable_all_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    assert visible() is None
    assert gpus() == ["0", "1"]


@pytest.mark.parametrize("module", ["findings.engines.devices", "findings.engines.slurm.task"])
def test_what_is_named_is_known_without_torch(module: str) -> None:
    code = (
        f"import sys, {module}; from findings.engines.devices import visible; print(visible(), 'torch' in sys.modules)"
    )
    named = os.environ | {"CUDA_VISIBLE_DEVICES": "2"}
    told = subprocess.run([sys.executable, "-c", code], env=named, capture_output=True, text=True, check=False)
    assert told.stdout == "['2'] False\n", told.stderr


def test_processes_are_dealt_devices_in_turn() -> None:
    assert [dealt(["4", "7"], index) for index in range(5)] == ["4", "7", "4", "7", "4"]
    assert dealt([], 3) is None


def test_a_process_sees_the_device_that_it_is_to_use_and_without_one_what_it_saw(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,7")
    use(None)
    assert visible() == ["4", "7"]
    use("7")
    assert visible() == ["7"]
