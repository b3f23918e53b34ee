"""The cache of decoded arrays: used when right, never when not, and never in the way."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from findings.config.schema import DataConfig
from findings.data import image_folder, load


@pytest.fixture
def decodings(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """One entry per time that the images are really decoded."""
    calls: list[Path] = []
    decode = image_folder._decode

    def noted(files: object, config: DataConfig, root: Path) -> object:
        calls.append(root)
        return decode(files, config, root)  # type: ignore[arg-type]

    monkeypatch.setattr(image_folder, "_decode", noted)
    return calls


@pytest.fixture(params=["folder", "archive"])
def source(request: pytest.FixtureRequest, config: DataConfig, folder: Path, pack: Callable[..., Path]) -> DataConfig:
    return config if request.param == "folder" else replace(config, root=str(pack(folder, "insects.tar.gz")))


def entries(cache_home: Path) -> list[Path]:
    return sorted(cache_home.iterdir())


def test_images_are_decoded_once(source: DataConfig, decodings: list[Path]) -> None:
    first, second = load(source), load(replace(source, name="renamed"))
    assert len(decodings) == 1
    assert second.name == "renamed"
    assert second.fingerprint == first.fingerprint
    assert second.classes == first.classes
    for array in ("train_images", "train_labels", "test_images", "test_labels"):
        assert np.array_equal(getattr(first, array), getattr(second, array))
        assert getattr(second, array).dtype == getattr(first, array).dtype
        assert getattr(second, array).flags.c_contiguous


def test_a_changed_image_is_decoded_again_into_the_same_entry(
    config: DataConfig, folder: Path, decodings: list[Path], cache_home: Path
) -> None:
    before = load(config).fingerprint
    Image.new("RGB", (8, 8)).save(folder / "train" / "ant" / "0.jpg")
    assert load(config).fingerprint != before
    assert len(decodings) == 2
    assert len(entries(cache_home)) == 1


def test_a_touched_archive_is_decoded_again(
    config: DataConfig, folder: Path, pack: Callable[..., Path], decodings: list[Path]
) -> None:
    archive = pack(folder, "insects.tar")
    load(replace(config, root=str(archive)))
    os.utime(archive, ns=(1, 1))
    load(replace(config, root=str(archive)))
    assert len(decodings) == 2


def test_grey_and_colour_are_two_entries(config: DataConfig, decodings: list[Path]) -> None:
    for channels in (3, 1, 3, 1):
        assert load(replace(config, channels=channels)).train_images.shape[1] == channels
    assert len(decodings) == 2


@pytest.mark.parametrize("damage", ["truncated", "flipped", "empty", "text", "foreign"])
def test_a_damaged_entry_is_decoded_again_and_mended(
    config: DataConfig, decodings: list[Path], cache_home: Path, damage: str
) -> None:
    whole = load(config)
    (entry,) = entries(cache_home)
    data = bytearray(entry.read_bytes())
    pixels = data.find(whole.train_images.tobytes()[:64])
    assert pixels > 0
    data[pixels + 10] ^= 1  # one bit of one pixel
    damaged = {"truncated": bytes(data[:-100]), "flipped": bytes(data), "empty": b"", "text": b"not an archive"}
    if damage == "foreign":
        with entry.open("wb") as file:
            np.savez(file, other=np.zeros(3))
    else:
        entry.write_bytes(damaged[damage])
    again = load(config)
    assert np.array_equal(again.train_images, whole.train_images)
    load(config)
    assert len(decodings) == 2  # mended by the second decoding


def test_a_cache_that_cannot_be_written_does_not_fail_the_run(
    config: DataConfig, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")  # also stops root, which no permission does
    assert len(load(replace(config, cache=str(tmp_path / "file" / "cache"))).train_labels) == 12
    assert "could not be kept" in caplog.text


def test_nothing_half_written_stays_when_the_disk_is_full(
    config: DataConfig, cache_home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    load(config)
    assert entries(cache_home) == []
    assert "no space left for it" in caplog.text


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a cluster's node keeps its own copies."""
    monkeypatch.setenv("FINDINGS_SCRATCH", str(tmp_path / "scratch"))
    return tmp_path / "scratch" / "findings"


@pytest.fixture
def copy(config: DataConfig, decodings: list[Path], scratch: Path) -> Path:
    """The copy there, once ``config``'s images are decoded and loaded again."""
    load(config)
    load(config)
    (copied,) = entries(scratch)
    return copied


def test_a_copy_on_the_nodes_own_disk_is_what_is_read(
    config: DataConfig, decodings: list[Path], cache_home: Path, copy: Path
) -> None:
    assert copy.read_bytes() == entries(cache_home)[0].read_bytes()
    copied = copy.stat().st_ino
    load(config)
    assert copy.stat().st_ino == copied, "once"
    assert len(decodings) == 1


def test_a_copy_is_made_again_of_a_changed_entry_of_the_same_size(
    config: DataConfig, folder: Path, decodings: list[Path], cache_home: Path, copy: Path
) -> None:
    (entry,) = entries(cache_home)
    before = copy.stat()
    image = folder / "train" / "ant" / "1.png"
    pixels = np.asarray(Image.open(image)) ^ 1
    Image.fromarray(pixels).save(image)
    changed = load(config)
    assert entry.stat().st_size == before.st_size
    load(config)
    assert len(decodings) == 2
    assert copy.read_bytes() == entry.read_bytes()
    assert load(config).fingerprint == changed.fingerprint


def test_a_damaged_copy_gives_way_to_its_entry(config: DataConfig, decodings: list[Path], copy: Path) -> None:
    whole = load(config)
    times = copy.stat().st_atime_ns, copy.stat().st_mtime_ns
    copy.write_bytes(bytes(copy.stat().st_size))
    os.utime(copy, ns=times)
    assert load(config).fingerprint == whole.fingerprint
    assert len(decodings) == 1


def test_a_full_disk_of_the_nodes_own_is_left_as_it_was(
    config: DataConfig,
    decodings: list[Path],
    scratch: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    whole = load(config)

    def full(source: Path, target: Path) -> None:
        target.write_bytes(source.read_bytes()[:100])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("findings.data.cache.shutil.copyfile", full)
    assert load(config).fingerprint == whole.fingerprint
    assert entries(scratch) == []
    assert len(decodings) == 1
    assert "no space left for it" in caplog.text


def test_data_cache_names_the_folder(config: DataConfig, tmp_path: Path, cache_home: Path) -> None:
    load(replace(config, cache=str(tmp_path / "own")))
    assert [path.suffix for path in (tmp_path / "own").iterdir()] == [".npz"]
    assert not cache_home.exists()


def test_several_processes_may_decode_at_once(config: DataConfig, cache_home: Path) -> None:
    code = (
        "from findings.config.schema import DataConfig; from findings.data import load;"
        f"print(load(DataConfig(**{vars(config)!r})).fingerprint)"
    )
    running = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(3)]
    fingerprints = {process.communicate(timeout=60)[0].strip() for process in running}
    assert fingerprints == {load(config).fingerprint}
    assert [path.suffix for path in entries(cache_home)] == [".npz"]
