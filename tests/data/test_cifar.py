"""CIFAR's binary format, from small archives of our own with their own checksum."""

import hashlib
import io
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from findings.config.schema import DataConfig
from findings.data import cifar
from findings.data.cifar import CIFAR10, CIFAR100, Archive, load_archive
from findings.errors import InputError

SMALL = Archive(
    file_name="small-binary.tar.gz",
    md5="",
    folder="small-batches-bin",
    train=(("data_batch_1.bin", 4), ("data_batch_2.bin", 3)),
    test=(("test_batch.bin", 2),),
    label_bytes=1,
    classes=("ant", "bee", "cow"),
)
CONFIG = DataConfig(name="small", channels=3, size=32, classes=3, download=False)


def records(archive: Archive, name: str, images: int) -> bytes:
    """``images`` records of random pixels; the fine label is the record's number modulo 3, a coarse one is 2."""
    random = np.random.default_rng(sum(name.encode()))
    table = random.integers(0, 256, (images, archive.label_bytes + 3072), dtype=np.uint8)
    table[:, : archive.label_bytes] = 2
    table[:, archive.label_bytes - 1] = np.arange(images) % 3
    return table.tobytes()


def write(folder: Path, archive: Archive) -> Archive:
    """The archive file in ``folder``; returns it with its true checksum."""
    path = folder / archive.file_name
    with tarfile.open(path, "w:gz") as opened:
        for name, images in archive.train + archive.test:
            data = records(archive, name, images)
            info = tarfile.TarInfo(f"{archive.folder}/{name}")
            info.size = len(data)
            opened.addfile(info, io.BytesIO(data))
    return replace(archive, md5=hashlib.md5(path.read_bytes()).hexdigest())


@pytest.mark.parametrize("label_bytes", [1, 2])
def test_labels_and_colour_planes_are_read_in_the_files_order(tmp_path: Path, label_bytes: int) -> None:
    archive = write(tmp_path, replace(SMALL, label_bytes=label_bytes))
    dataset = load_archive(replace(CONFIG, root=str(tmp_path)), archive)
    assert dataset.train_images.shape == (7, 3, 32, 32)
    assert dataset.train_labels.tolist() == [0, 1, 2, 0, 0, 1, 2]  # fine labels where there are two
    assert dataset.test_labels.tolist() == [0, 1]
    assert dataset.train_images.flags.c_contiguous
    second = np.frombuffer(records(archive, "data_batch_2.bin", 3), np.uint8).reshape(3, -1)
    pixels = second[1, label_bytes:]
    red, green = pixels[32 * 5 + 7], pixels[1024 + 32 * 5 + 7]  # row 5, column 7
    assert dataset.train_images[5, 0, 5, 7] == red
    assert dataset.train_images[5, 1, 5, 7] == green


def test_archive_and_unpacked_files_are_found_wherever_root_points(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = write(tmp_path, SMALL)
    unpacked = tmp_path / "unpacked"
    with tarfile.open(tmp_path / SMALL.file_name) as opened:
        opened.extractall(unpacked, filter="data")
    roots = [tmp_path, tmp_path / SMALL.file_name, unpacked, unpacked / SMALL.folder]
    fingerprints = {load_archive(replace(CONFIG, root=str(root)), archive).fingerprint for root in roots}
    monkeypatch.setenv("FINDINGS_DATA", str(unpacked))
    fingerprints.add(load_archive(CONFIG, archive).fingerprint)
    (tmp_path / "work" / "data").mkdir(parents=True)
    (tmp_path / SMALL.file_name).rename(tmp_path / "work" / "data" / SMALL.file_name)
    monkeypatch.delenv("FINDINGS_DATA")
    monkeypatch.chdir(tmp_path / "work")
    fingerprints.add(load_archive(CONFIG, archive).fingerprint)
    assert len(fingerprints) == 1


def test_a_missing_archive_is_downloaded_from_the_mirror_then_cached(tmp_path: Path) -> None:
    mirror, root = tmp_path / "mirror", tmp_path / "data"
    mirror.mkdir()
    archive = write(mirror, SMALL)
    config = replace(CONFIG, root=str(root), mirror=mirror.as_uri(), download=True)
    first = load_archive(config, archive)
    assert (root / SMALL.file_name).read_bytes() == (mirror / SMALL.file_name).read_bytes()
    (mirror / SMALL.file_name).unlink()
    assert load_archive(config, archive).fingerprint == first.fingerprint


def test_the_archive_may_be_named_before_it_is_there(tmp_path: Path) -> None:
    archive = write(tmp_path, SMALL)
    named = tmp_path / "data" / SMALL.file_name
    load_archive(replace(CONFIG, root=str(named), mirror=tmp_path.as_uri(), download=True), archive)
    assert named.is_file()


def test_without_download_a_missing_archive_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"data.root: .* has no small-binary.tar.gz; put it there, or allow"):
        load_archive(replace(CONFIG, root=str(tmp_path)), SMALL)


def test_a_damaged_archive_is_named_and_left_to_its_owner(tmp_path: Path) -> None:
    archive = write(tmp_path, SMALL)
    path = tmp_path / SMALL.file_name
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match=rf"^{path}: is damaged or not the official archive"):
        load_archive(replace(CONFIG, root=str(path)), archive)
    assert path.exists()


def test_a_wrong_number_of_records_is_named(tmp_path: Path) -> None:
    archive = write(tmp_path, SMALL)
    short = replace(archive, train=(("data_batch_1.bin", 4), ("data_batch_2.bin", 4)))
    with pytest.raises(InputError, match=r"data_batch_2\.bin has 9219 bytes, but 4 records make 12292"):
        load_archive(replace(CONFIG, root=str(tmp_path)), short)


def test_a_label_beyond_the_classes_is_named(tmp_path: Path) -> None:
    archive = replace(write(tmp_path, SMALL), classes=("ant", "bee"))
    with pytest.raises(InputError, match="has the label 2, but there are 2 classes"):
        load_archive(replace(CONFIG, root=str(tmp_path)), archive)


def test_a_missing_member_is_named(tmp_path: Path) -> None:
    archive = replace(write(tmp_path, SMALL), test=(("test.bin", 2),))
    with pytest.raises(InputError, match=r"has no small-batches-bin/test\.bin"):
        load_archive(replace(CONFIG, root=str(tmp_path)), archive)


@pytest.mark.parametrize(("archive", "classes"), [(CIFAR10, 10), (CIFAR100, 100)])
def test_the_official_archives_hold_fifty_and_ten_thousand(archive: Archive, classes: int) -> None:
    assert sum(images for _, images in archive.train) == 50_000
    assert sum(images for _, images in archive.test) == 10_000
    assert len(set(archive.classes)) == classes
    assert list(archive.classes) == sorted(archive.classes)  # the official order is alphabetical
    assert CIFAR100.label_bytes == 2
    assert cifar.OFFICIAL.endswith("/")
