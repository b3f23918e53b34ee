"""Small image sets as folders and archives; every cache lies in the test's own folder."""

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from findings.config.schema import DataConfig

CLASSES = ("ant", "bee", "cow")
PER_CLASS = {"train": 4, "test": 2}
SIZE = 8


@pytest.fixture(autouse=True)
def cache_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("FINDINGS_DATA", raising=False)
    return tmp_path / "cache" / "findings"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three classes of 4 + 2 images of 8x8 pixels, PNG and JPEG mixed, each of its own colour."""
    root = tmp_path / "insects"
    random = np.random.default_rng(0)
    for split, images in PER_CLASS.items():
        for name in CLASSES:
            (root / split / name).mkdir(parents=True)
            for index in range(images):
                pixels = random.integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(root / split / name / f"{index}.{'png' if index % 2 else 'jpg'}")
    return root


@pytest.fixture
def config(folder: Path) -> DataConfig:
    return DataConfig(
        _target_="findings.data.image_folder.load",
        name="insects",
        label="Insects",
        root=str(folder),
        channels=3,
        size=SIZE,
        classes=3,
    )


@pytest.fixture
def pack(tmp_path: Path) -> Callable[..., Path]:
    """``pack(folder, "x.tar.gz", top="insects/", extra={name: bytes})``: the folder as an archive, out of order."""

    def _pack(folder: Path, name: str, top: str = "", extra: dict[str, bytes] | None = None) -> Path:
        path = tmp_path / name
        mode = {".gz": "w:gz", ".xz": "w:xz", ".bz2": "w:bz2"}.get(path.suffix, "w")
        with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
            for file in sorted((file for file in folder.rglob("*") if file.is_file()), reverse=True):
                archive.add(file, f"{top}{file.relative_to(folder)}")
            for member, data in (extra or {}).items():
                info = tarfile.TarInfo(member)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
        return path

    return _pack
