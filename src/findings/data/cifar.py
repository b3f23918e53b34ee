"""CIFAR-10 and CIFAR-100 (Krizhevsky 2009) from the official binary archives, downloaded on first use.

Each record is one label byte (CIFAR-100: a coarse one, then the fine one, which is used), then 3,072 pixel bytes: the
red, green and blue planes of 32x32, row by row. Official order is kept: train in the files' order, then test.
"""

import lzma
import tarfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from findings.config.schema import DataConfig
from findings.data import cache, roots
from findings.data.dataset import Dataset, Images, Labels, build
from findings.data.download import fetch, md5_of
from findings.errors import InputError

OFFICIAL = "https://www.cs.toronto.edu/~kriz/"

_PIXELS = 3 * 32 * 32


@dataclass(frozen=True)
class Archive:
    """What an archive is called and what must be in it."""

    file_name: str
    md5: str
    folder: str  # inside the archive
    train: tuple[tuple[str, int], ...]  # (file, records)
    test: tuple[tuple[str, int], ...]
    label_bytes: int  # the last one is used
    classes: tuple[str, ...]


CIFAR10 = Archive(
    file_name="cifar-10-binary.tar.gz",
    md5="c32a1d4ab5d03f1284b67883e8d87530",
    folder="cifar-10-batches-bin",
    train=tuple((f"data_batch_{number}.bin", 10_000) for number in range(1, 6)),
    test=(("test_batch.bin", 10_000),),
    label_bytes=1,
    classes=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
)

CIFAR100 = Archive(
    file_name="cifar-100-binary.tar.gz",
    md5="03b5dce01913d631647c71ecec9e9cb8",
    folder="cifar-100-binary",
    train=(("train.bin", 50_000),),
    test=(("test.bin", 10_000),),
    label_bytes=2,
    classes=tuple(
        """apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can
        castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin
        elephant flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster
        man maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck
        pine_tree plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk
        skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone television tiger
        tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm""".split()  # noqa: SIM905 (a list of a hundred lines is no easier to read)
    ),
)


def load_cifar10(config: DataConfig) -> Dataset:
    """50,000 training and 10,000 test images (N, 3, 32, 32) in 10 classes."""
    return load_archive(config, CIFAR10)


def load_cifar100(config: DataConfig) -> Dataset:
    """50,000 training and 10,000 test images (N, 3, 32, 32) with the 100 fine labels."""
    return load_archive(config, CIFAR100)


def load_archive(config: DataConfig, archive: Archive) -> Dataset:
    """The images of ``archive``, wherever ``data.root`` has it, or downloaded to there. Raises :class:`InputError`."""
    source = _find(config, archive)
    is_folder = source.is_dir()
    files = [source / name for name, _ in archive.train + archive.test] if is_folder else [source]

    def state() -> str:
        return " ".join(cache.state_of_file(file) for file in files)

    def decode() -> Dataset:
        if not is_folder and md5_of(source) != archive.md5:
            raise InputError(
                str(source),
                f"is damaged or not the official archive (its MD5 is not {archive.md5});"
                " delete it, and it is downloaded again",
            )
        read = _from_folder(source) if is_folder else _from_archive(source, archive)
        return build(
            config.name,
            _split(archive.train, read, archive, source),
            _split(archive.test, read, archive, source),
            archive.classes,
        )

    decoding = f"cifar {archive.md5}"
    return cache.through(cache.directory(config.cache), source, decoding, state, decode).named(config.name)


def _find(config: DataConfig, archive: Archive) -> Path:
    """The archive, or the folder with its unpacked files; downloaded if it has to be."""
    root = roots.root(config)
    if root.is_file():
        return root
    for place in (root / archive.file_name, root / archive.folder, root):
        if place.is_file() or all((place / name).is_file() for name, _ in archive.train + archive.test):
            return place
    if not config.download:
        raise InputError(
            "data.root",
            f"{root} has no {archive.file_name}; put it there, or allow the download with data.download=true",
        )
    if root.name == archive.file_name:  # the archive itself was named, but is not there yet
        root = root.parent
    path = root / archive.file_name
    fetch((config.mirror or OFFICIAL).rstrip("/") + "/" + archive.file_name, path, archive.md5)
    return path


def _from_folder(folder: Path) -> Callable[[str], bytes]:
    def read(name: str) -> bytes:
        try:
            return (folder / name).read_bytes()
        except OSError as error:
            raise InputError(str(folder / name), f"could not be read ({error.strerror})") from None

    return read


def _from_archive(path: Path, archive: Archive) -> Callable[[str], bytes]:
    """Its files, read in memory: nothing is unpacked to disk."""
    wanted = {f"{archive.folder}/{name}": name for name, _ in archive.train + archive.test}
    contents: dict[str, bytes] = {}
    try:
        with tarfile.open(path, mode="r|*") as opened:
            for member in opened:
                name = wanted.get(member.name.removeprefix("./"))
                if name and (file := opened.extractfile(member)):
                    contents[name] = file.read()
    except (tarfile.TarError, EOFError, lzma.LZMAError, zlib.error, OSError) as error:
        raise InputError(str(path), f"the archive could not be read ({error or 'unexpected end'})") from None

    def read(name: str) -> bytes:
        if name not in contents:
            raise InputError(str(path), f"has no {archive.folder}/{name}")
        return contents[name]

    return read


def _split(
    members: tuple[tuple[str, int], ...], read: Callable[[str], bytes], archive: Archive, source: Path
) -> tuple[Images, Labels]:
    record = archive.label_bytes + _PIXELS
    parts = []
    for name, records in members:
        data = read(name)
        if len(data) != records * record:
            raise InputError(
                str(source), f"{name} has {len(data)} bytes, but {records} records make {records * record}"
            )
        parts.append(np.frombuffer(data, dtype=np.uint8).reshape(records, record))
    table = np.concatenate(parts)  # (N, label bytes + 3072)
    labels = table[:, archive.label_bytes - 1].astype(np.int64)
    if labels.max() >= len(archive.classes):
        raise InputError(str(source), f"has the label {labels.max()}, but there are {len(archive.classes)} classes")
    return table[:, archive.label_bytes :].reshape(-1, 3, 32, 32), labels
