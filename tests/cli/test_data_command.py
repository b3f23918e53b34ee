"""Data are brought to a machine before anything is trained, and said by what they are."""

import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from findings.cli.main import main


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_what_was_fetched_is_said_and_kept_decoded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for split, images in (("train", 3), ("test", 1)):
        for name in ("ant", "bee"):
            (tmp_path / "own" / split / name).mkdir(parents=True)
            for index in range(images):
                pixels = np.full((8, 8, 3), 10 * index + len(name), dtype=np.uint8)
                Image.fromarray(pixels).save(tmp_path / "own" / split / name / f"{index}.png")
    with tarfile.open("own.tar", "w") as archive:
        archive.add("own", "own")
    own = ["data.root=own.tar", "data.name=own", "data.size=8", "data.classes=2"]
    assert main(["data", "fetch", "image_folder", *own]) == 0
    shown = capsys.readouterr().out
    assert "own: 6 training and 2 test images of 8x8 in 2 classes" in shown
    assert f"decoded images are kept in {tmp_path / 'cache' / 'findings'}" in shown
    assert len(list((tmp_path / "cache" / "findings").glob("*.npz"))) == 1


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("fetch cifar", "findings: data: no such choice 'cifar'; did you mean 'cifar1"),
        ("fetch cifar10 recipe.lr=1", "findings: 'recipe.lr=1': says nothing of data"),
        ("fetch cifar10 data.download=false data.root=nowhere", "findings: data.root: nowhere has no cifar-10"),
        ("get cifar10", "findings data: argument fetch: invalid choice: 'get'"),
    ],
)
def test_mistakes_are_one_line(arguments: str, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", *arguments.split()]) == 2
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert err.startswith(line)
