"""data.load: the loader's name and what the config promises about the images."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from findings.config.schema import MISSING, DataConfig
from findings.data import load
from findings.errors import InputError


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"_target_": "findings.data.digits.laod"},
            "data._target_: unknown loader 'findings.data.digits.laod'; did you mean",
        ),
        ({"_target_": "nowhere.load"}, "data._target_: unknown loader 'nowhere.load'"),
        ({"_target_": "load"}, "data._target_: unknown loader 'load'"),
        ({"_target_": MISSING}, "data._target_: must be given"),
        ({"name": MISSING}, "data.name: must be given: a short name of these images"),
        ({"size": MISSING}, "data.size: must be given"),
        ({"classes": 4}, "data.classes: is 4, but insects has 3; set data.classes=3"),
    ],
)
def test_a_wrong_key_is_named_in_one_line(config: DataConfig, changes: dict[str, Any], line: str) -> None:
    with pytest.raises(InputError) as raised:
        load(replace(config, **changes))
    assert str(raised.value).startswith(line)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("key", ["channels", "size"])
def test_digits_of_another_shape_than_configured_are_refused(key: str) -> None:
    digits = DataConfig(_target_="findings.data.digits.load", name="digits", channels=1, size=8, classes=10)
    setattr(digits, key, 3)
    with pytest.raises(InputError, match=f"data.{key}: is 3, but digits has"):
        load(digits)


def test_a_missing_package_is_told_from_an_unknown_loader(
    config: DataConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own_source.py").write_text("import a_package_that_is_not_there\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InputError, match="needs the package 'a_package_that_is_not_there'"):
        load(replace(config, _target_="own_source.load"))


def test_a_source_of_ones_own_needs_no_registry(
    config: DataConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my_source.py").write_text(
        "from findings.data import image_folder\ndef load(config):\n    return image_folder.load(config).named('x')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert load(replace(config, _target_="my_source.load")).name == "x"


def test_importing_and_a_cached_load_stay_light(config: DataConfig, pack: Callable[..., Path], folder: Path) -> None:
    load(config)
    code = (
        "import sys; from findings.config.schema import DataConfig; from findings.data import load;"
        f"load(DataConfig(**{vars(config)!r}));"
        "print(sorted({'torch', 'PIL', 'sklearn'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
