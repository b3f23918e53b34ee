"""Every file is accounted for: read, named and refused, or hidden; none is lost without a word."""

import contextlib
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
from findings.errors import InputError
from refusing import refusal

Pack = Callable[..., Path]


@pytest.mark.parametrize("compression", ["", ".gz", ".xz", ".bz2"])
def test_no_cut_of_an_archive_loses_an_image(config: DataConfig, folder: Path, pack: Pack, compression: str) -> None:
    """Python's tarfile takes a header that it cannot read for the archive's end."""
    images = len(load(config).train_images) + len(load(config).test_images)
    whole = pack(folder, f"whole.tar{compression}").read_bytes()
    cut = folder.parent / f"cut.tar{compression}"
    accepted = []
    for size in {*range(1, len(whole), max(1, len(whole) // 60)), *range(len(whole) - 40, len(whole))}:
        cut.write_bytes(whole[:size])
        with contextlib.suppress(InputError):
            found = load(replace(config, root=str(cut)))
            accepted.append(len(found.train_images) + len(found.test_images))
    assert set(accepted) <= {images}
    assert compression == "" or not accepted  # of a plain one, empty blocks may be cut off its end


def test_a_changed_byte_of_a_compressed_archive_is_noticed(config: DataConfig, folder: Path, pack: Pack) -> None:
    archive = pack(folder, "x.tar.gz")
    content = bytearray(archive.read_bytes())
    content[-6] ^= 1  # in its checksum
    archive.write_bytes(content)
    assert refusal(config, root=str(archive)).startswith(f"{archive}: the archive is damaged or cut short")


def test_an_archive_that_unpacks_to_far_more_is_refused(
    config: DataConfig, folder: Path, pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("findings.data.tree.LARGEST", 2**20)
    (folder / "zeros.bin").write_bytes(bytes(2**24))
    archive = pack(folder, "bomb.tar.xz")
    assert refusal(config, root=str(archive)).startswith(f"{archive}: unpacks to more than 100 times its size")


def test_as_many_images_as_the_config_states_have_to_be_there(config: DataConfig, folder: Path) -> None:
    assert len(load(replace(config, train_images=12, test_images=6)).train_images) == 12
    assert refusal(config, test_images=7) == f"data.test_images: insects has 7, but {folder} holds 6"
    (folder / "train" / "ant" / "1.png").unlink()
    assert refusal(config, train_images=12) == f"data.train_images: insects has 12, but {folder} holds 11"


@pytest.mark.parametrize("ending", ["jpeg", "JPG", "jpe", "webp", "bmp", "gif", "tif", "tiff", "ppm", "Png"])
def test_what_can_be_read_is_an_image(config: DataConfig, folder: Path, pack: Pack, ending: str) -> None:
    picture = Image.new("RGB", (8, 8), (200, 100, 50))
    picture.save(folder / "train" / "ant" / f"9.{ending}", Image.registered_extensions()[f".{ending.lower()}"])
    dataset = load(config)
    assert len(dataset.train_images) == 13
    assert np.allclose(dataset.train_images[4].mean((1, 2)), (200, 100, 50), atol=3)
    assert load(replace(config, root=str(pack(folder, "x.tar")))).fingerprint == dataset.fingerprint


@pytest.mark.parametrize("ending", ["heic", "AVIF", "jp2", "svg"])
def test_an_image_of_a_kind_that_is_not_read_is_named(
    config: DataConfig, folder: Path, pack: Pack, ending: str
) -> None:
    (folder / "test" / "bee" / f"9.{ending}").write_bytes(b"whatever")
    line = f"test/bee/9.{ending}: is of a kind that is not read; save it as one of JPEG, PNG"
    assert refusal(config).startswith(f"{folder}/{line}")
    assert line in refusal(config, root=str(pack(folder, "x.tar")))


@pytest.mark.parametrize("depth", [1, 3, 6])
def test_an_image_too_deep_is_refused_in_folders_and_archives(
    config: DataConfig, folder: Path, pack: Pack, depth: int
) -> None:
    deep = folder.joinpath("train", "ant", *["deep"] * depth)
    deep.mkdir(parents=True)
    shutil.copy(folder / "train" / "ant" / "1.png", deep)
    for root in (folder, pack(folder, "x.tar")):
        assert "deep/1.png: lies outside a class folder" in refusal(config, root=str(root))


def test_a_picture_is_turned_as_its_camera_was(config: DataConfig, folder: Path) -> None:
    picture = Image.new("RGB", (8, 8))
    picture.paste((255, 255, 255), (0, 0, 8, 4))  # its upper half, seen by a camera on its side
    turned = Image.Exif()
    turned[0x0112] = 6
    for at, exif in (("8", Image.Exif()), ("9", turned)):
        picture.save(folder / "train" / "ant" / f"{at}.png", exif=exif)
    upright, shown = load(config).train_images[4:6]
    assert upright[0, :4].min() == 255 == shown[0, :, 4:].min()
    assert upright[0, 4:].max() == 0 == shown[0, :, :4].max()


def test_an_animation_is_no_picture(config: DataConfig, folder: Path) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "green", "blue")]
    frames[0].save(folder / "train" / "ant" / "9.gif", save_all=True, append_images=frames[1:])
    assert refusal(config).startswith(f"{folder}/train/ant/9.gif: has 3 pictures; save the one that is meant")


def test_a_class_without_images_is_named(config: DataConfig, folder: Path, tmp_path: Path) -> None:
    for split in ("train", "test"):
        (folder / split / "wasp").mkdir()
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        archive.add(folder, ".")
    for root in (folder, tmp_path / "x.tar"):
        assert "/wasp: is the folder of a class, but holds no images" in refusal(config, root=str(root))


def test_classes_that_some_machines_take_for_one_are_refused(config: DataConfig, folder: Path) -> None:
    for split in ("train", "test"):
        shutil.copytree(folder / split / "ant", folder / split / "Ant")
    assert "the classes 'Ant' and 'ant' differ in case only" in refusal(config)


def test_a_pipe_is_not_waited_for(config: DataConfig, folder: Path) -> None:
    os.mkfifo(folder / "train" / "ant" / "9.jpg")
    assert refusal(config) == f"{folder}/train/ant/9.jpg: is no file, but a pipe, a device or a link to nowhere"
    (folder / "train" / "ant" / "9.jpg").unlink()
    (folder / "train" / "ant" / "9.jpg").symlink_to("nowhere.jpg")
    assert refusal(config).endswith(f"{folder}/train/ant/9.jpg could not be read (No such file or directory)")


def test_links_are_followed_and_circles_are_not(config: DataConfig, folder: Path, tmp_path: Path) -> None:
    before = load(config).fingerprint
    shutil.move(folder / "train" / "ant", tmp_path / "elsewhere")
    (folder / "train" / "ant").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert load(config).fingerprint == before
    (tmp_path / "elsewhere" / "again").symlink_to(folder, target_is_directory=True)
    assert "lies outside a class folder" in refusal(config)


@pytest.mark.parametrize("name", ["蟻.png", "муравей.png", "ant 1 (copy).png", "a'b\"c.png", "%20.png", "é.png"])
def test_names_in_any_alphabet(config: DataConfig, folder: Path, pack: Pack, name: str) -> None:
    shutil.copy(folder / "train" / "ant" / "1.png", folder / "train" / "ant" / name)
    dataset = load(config)
    assert len(dataset.train_images) == 13
    assert load(replace(config, root=str(pack(folder, "x.tar")))).fingerprint == dataset.fingerprint


@pytest.mark.parametrize("name", [".DS_Store", "Thumbs.db", "._0.jpg", ".hidden/0.jpg", "desktop.ini", "notes.md"])
def test_what_systems_leave_behind_is_no_image(config: DataConfig, folder: Path, pack: Pack, name: str) -> None:
    before = load(config).fingerprint
    path = folder / "train" / "ant" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"\x00\x01")
    assert load(config).fingerprint == before
    assert load(replace(config, root=str(pack(folder, "x.tar")))).fingerprint == before


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK"])
def test_pictures_of_other_modes_are_colour_or_grey(config: DataConfig, folder: Path, mode: str) -> None:
    kind = "tiff" if mode == "CMYK" else "png"
    Image.new("RGB", (8, 8), (255, 255, 255)).convert("L" if mode == "LA" else "RGB").convert(mode).save(
        folder / "train" / "ant" / f"9.{kind}"
    )
    assert load(config).train_images[4].min() > 250
    assert load(replace(config, channels=1)).train_images[4].min() > 250


def test_a_device_in_an_archive_is_refused(config: DataConfig, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "device.tar"
    with tarfile.open(path, "w") as archive:
        archive.add(folder, ".")
        info = tarfile.TarInfo("train/ant/null.jpg")
        info.type, info.devmajor, info.devminor = tarfile.CHRTYPE, 1, 3
        archive.addfile(info)
    assert refusal(config, root=str(path)) == f"{path}: train/ant/null.jpg: is no file, but a device"
