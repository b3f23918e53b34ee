"""Own images from a folder or a tar file, and one clear line for whatever is wrong with them."""

import io
import os
import shutil
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from findings.config.schema import DataConfig
from findings.data import load
from refusing import refusal

Pack = Callable[..., Path]


def test_classes_are_alphabetical_and_files_in_order_of_name(config: DataConfig, folder: Path) -> None:
    dataset = load(config)
    assert dataset.classes == ("ant", "bee", "cow")
    assert dataset.train_labels.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert dataset.test_images.shape == (6, 3, 8, 8)
    with Image.open(folder / "train" / "bee" / "2.jpg") as image:
        assert np.array_equal(dataset.train_images[6], np.asarray(image).transpose(2, 0, 1))


@pytest.mark.parametrize("name", ["insects.tar", "insects.tar.gz", "insects.tar.xz"])
@pytest.mark.parametrize("top", ["", "./", "insects-1.0/", "./insects-1.0/"])
def test_an_archive_gives_what_the_folder_gives(
    config: DataConfig, folder: Path, pack: Pack, name: str, top: str
) -> None:
    from_folder, from_archive = load(config), load(replace(config, root=str(pack(folder, name, top))))
    assert from_archive.fingerprint == from_folder.fingerprint
    assert np.array_equal(from_archive.train_images, from_folder.train_images)


def test_the_fingerprint_tells_a_changed_pixel_and_a_changed_label(config: DataConfig, folder: Path) -> None:
    before = load(config).fingerprint
    assert load(replace(config, name="other")).fingerprint == before
    shutil.move(folder / "train" / "ant" / "3.png", folder / "train" / "bee" / "9.png")
    moved = load(config).fingerprint
    Image.new("RGB", (8, 8)).save(folder / "train" / "cow" / "1.png")
    assert len({before, moved, load(config).fingerprint}) == 3


def test_a_folder_above_train_is_found(config: DataConfig, folder: Path) -> None:
    (folder.parent / "above").mkdir()
    shutil.move(folder, folder.parent / "above" / "insects")
    assert len(load(replace(config, root=str(folder.parent / "above"))).train_labels) == 12


def test_grey_images_are_one_channel(config: DataConfig) -> None:
    assert load(replace(config, channels=1)).train_images.shape == (12, 1, 8, 8)
    assert "data.channels: is 2, but must be 1 (grey) or 3 (colour)" in refusal(config, channels=2)


def test_hidden_files_and_other_files_are_no_images(config: DataConfig, folder: Path, pack: Pack) -> None:
    before = load(config).fingerprint
    (folder / "train" / "ant" / "._0.jpg").write_bytes(b"macOS")
    (folder / "train" / "ant" / "notes.txt").write_text("notes")
    (folder / "train" / ".cache").mkdir()
    (folder / "README.md").write_text("notes")
    assert load(config).fingerprint == before
    assert load(replace(config, root=str(pack(folder, "x.tar")))).fingerprint == before


def test_missing_roots_say_what_is_expected(config: DataConfig, tmp_path: Path) -> None:
    expected = "train/<class>/*.jpg and test/<class>/*.jpg"
    empty = tmp_path / "empty"
    empty.mkdir()
    (tmp_path / "photo.jpg").write_bytes(b"")
    assert f"{empty} has no train/<class>/ images; expected" in (line := refusal(config, root=str(empty)))
    assert line.startswith("data.root: ")
    assert expected in line
    assert refusal(config, root=None).startswith("data.root: must be given: a folder or tar file")
    assert "nowhere does not exist" in refusal(config, root=str(tmp_path / "nowhere"))
    assert "photo.jpg is neither a folder nor a tar file" in refusal(config, root=str(tmp_path / "photo.jpg"))


def test_a_split_or_class_that_lacks_images_is_named(config: DataConfig, folder: Path, pack: Pack) -> None:
    shutil.rmtree(folder / "test" / "cow")
    assert "test/ has no images of the class 'cow', which train/ has" in refusal(config)
    shutil.rmtree(folder / "test")
    assert f"{folder} has no test/<class>/ images" in refusal(config)
    assert "x.tar has no test/<class>/ images" in refusal(config, root=str(pack(folder, "x.tar")))


def test_an_image_outside_a_class_folder_is_named(config: DataConfig, folder: Path) -> None:
    (folder / "train" / "ant" / "deep").mkdir()
    shutil.copy(folder / "train" / "ant" / "0.jpg", folder / "train" / "ant" / "deep")
    assert refusal(config).startswith(f"{folder}/train/ant/deep/0.jpg: lies outside a class folder")


def test_an_image_of_another_size_is_named_with_its_size(config: DataConfig, folder: Path, pack: Pack) -> None:
    Image.new("RGB", (9, 7)).save(folder / "test" / "bee" / "0.jpg")
    assert refusal(config).startswith(f"{folder}/test/bee/0.jpg: is 9x7 pixels, but data.size=8 asks for 8x8")
    archive = pack(folder, "x.tar.xz", "top/")
    assert refusal(config, root=str(archive)).startswith(f"{archive}: top/test/bee/0.jpg: is 9x7 pixels")


@pytest.mark.parametrize("name", ["0.jpg", "1.png"])
def test_an_image_that_is_cut_short_is_named(config: DataConfig, folder: Path, name: str) -> None:
    file = folder / "train" / "cow" / name
    file.write_bytes(file.read_bytes()[:-40])
    assert refusal(config).startswith(f"{file}: is no readable image (")


def test_text_in_place_of_an_image_is_named(config: DataConfig, folder: Path) -> None:
    file = folder / "train" / "cow" / "0.jpg"
    file.write_bytes(b"<html>not found</html>")
    assert refusal(config) == f"{file}: is no readable image (its content is of another kind)"


def test_sixteen_bit_pixels_are_refused_rather_than_clipped(config: DataConfig, folder: Path) -> None:
    Image.fromarray(np.full((8, 8), 40_000, dtype=np.uint16)).save(folder / "train" / "cow" / "1.png")
    assert "save it with 8 bits per channel" in refusal(config)


@pytest.mark.parametrize("member", ["../evil.jpg", "train/../../evil.jpg", "/tmp/evil.jpg", "train\\..\\evil.jpg"])
def test_an_archive_that_reaches_outside_is_refused(config: DataConfig, folder: Path, pack: Pack, member: str) -> None:
    archive = pack(folder, "evil.tar", extra={member: b"x"})
    assert refusal(config, root=str(archive)).startswith(f"{archive}: unsafe path '{member}' in the archive")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_a_link_in_an_archive_is_refused(config: DataConfig, folder: Path, tmp_path: Path, kind: bytes) -> None:
    path = tmp_path / "link.tar"
    with tarfile.open(path, "w") as archive:
        archive.add(folder, ".")
        info = tarfile.TarInfo("train/ant/link.jpg")
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info, io.BytesIO())
    assert "unsafe path 'train/ant/link.jpg' in the archive: it is a link" in refusal(config, root=str(path))


@pytest.mark.parametrize("name", ["x.tar", "x.tar.gz", "x.tar.xz"])
def test_an_archive_that_is_cut_short_is_named(config: DataConfig, folder: Path, pack: Pack, name: str) -> None:
    archive = pack(folder, name)
    archive.write_bytes(archive.read_bytes()[: archive.stat().st_size * 2 // 3])
    assert refusal(config, root=str(archive)).startswith(f"{archive}: the archive is damaged or cut short")
    archive.write_bytes(b"no archive at all" * 100)
    assert refusal(config, root=str(archive)).startswith(f"{archive}: the archive is damaged or cut short")


def test_a_plain_archive_cut_between_two_members_is_noticed(config: DataConfig, folder: Path, pack: Pack) -> None:
    archive = pack(folder, "x.tar")
    with tarfile.open(archive) as opened:
        end = opened.getmembers()[-1].offset
    os.truncate(archive, end)  # Python's tarfile reads this without a word
    assert "cut short" in refusal(config, root=str(archive))
