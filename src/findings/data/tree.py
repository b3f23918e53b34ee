"""The files of a folder or a tar archive, seen alike: names relative to its top, and a way to read one.

An archive is read in memory and never unpacked, so a hostile one cannot write anywhere; it is refused all the same.
"""

import bz2
import gzip
import hashlib
import io
import lzma
import os
import tarfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from findings.errors import InputError

SPLITS = ("train", "test")
ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2")
IMAGES = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm")
# images too, which are not read: to leave them out without a word would be another data set
UNREAD = (".heic", ".heif", ".avif", ".jp2", ".jxl", ".svg", ".psd", ".dng", ".cr2", ".nef", ".exr", ".tga", ".ico")
OPENERS: dict[bytes, Callable[..., Any]] = {
    b"\x1f\x8b": gzip.open,
    b"\xfd7": lzma.open,
    b"BZ": bz2.open,
}  # by first bytes
CHUNK = 2**20
LARGEST, TIMES = 2**30, 100  # bytes that any archive may hold, and of larger ones how often their own size


@dataclass(frozen=True)
class Tree:
    """``names`` are images, sorted, below train/ and test/; ``shown(name)`` is how messages write one."""

    names: list[str]
    read: Callable[[str], bytes]
    shown: Callable[[str], str]
    folders: set[str] = field(default_factory=set)  # all of them, those without images too


def is_image(name: str) -> bool:
    """By its ending; hidden files (among them macOS's ``._x.jpg``, which are no images) are left out."""
    return name.lower().endswith((*IMAGES, *UNREAD)) and not _is_hidden(name)


def _is_hidden(name: str) -> bool:
    return any(part.startswith(".") for part in PurePosixPath(name).parts)


def open_folder(root: Path) -> Tree:
    """Raises :class:`InputError` for a name that is no file, which to read might wait for ever."""
    base = _base(root)
    found = dict(_walk(base))
    for name, entry in found.items():
        if not entry.is_dir() and not entry.is_file():
            raise InputError(str(base / name), "is no file, but a pipe, a device or a link to nowhere")
    folders = {name for name, entry in found.items() if entry.is_dir()}
    names = sorted(found.keys() - folders)
    return Tree(names, lambda name: (base / name).read_bytes(), lambda name: str(base / name), folders)


def state_of_folder(root: Path) -> str:
    """Names, sizes and times of change of all images: changes whenever one of them does."""
    digest = hashlib.sha256()
    base = _base(root)
    for name, entry in sorted(_walk(base), key=lambda found: found[0]):
        if entry.is_dir():
            continue
        stat = entry.stat()
        digest.update(f"{name}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _base(root: Path) -> Path:
    """Where train/ lies: in ``root``, or in the only folder of it that has one."""
    if (root / "train").is_dir():
        return root
    below = [child for child in root.iterdir() if (child / "train").is_dir() and not child.name.startswith(".")]
    return below[0] if len(below) == 1 else root


def _walk(base: Path) -> Iterator[tuple[str, "os.DirEntry[str]"]]:
    """Images and folders, however deep; links that go in circles are followed once around."""
    folders = [split for split in SPLITS if (base / split).is_dir()]
    above: dict[str, frozenset[tuple[int, int]]] = {}
    while folders:
        folder = folders.pop()
        with os.scandir(base / folder) as entries:
            for entry in entries:
                name = f"{folder}/{entry.name}"
                if entry.name.startswith("."):
                    continue
                if entry.is_dir():
                    stat, over = entry.stat(), above.get(folder, frozenset())
                    if (stat.st_dev, stat.st_ino) not in over:
                        above[name] = over | {(stat.st_dev, stat.st_ino)}
                        folders.append(name)
                        yield name, entry
                elif is_image(name):
                    yield name, entry


def open_archive(path: Path) -> Tree:
    """All images of a tar file, in memory. Raises :class:`InputError` for a damaged or an unsafe one."""
    contents: dict[str, bytes] = {}
    folders: set[str] = set()
    try:
        with _unpacked(path) as file, tarfile.open(fileobj=file, mode="r:") as archive:
            for member in archive:
                name = _safe_name(path, member)
                if member.isdir() and not _is_hidden(name):
                    folders.add(name.rstrip("/"))
                if member.isdir() or not is_image(name):
                    continue
                if not member.isfile():
                    raise InputError(f"{path}: {name}", "is no file, but a device")
                read = archive.extractfile(member)
                contents[name] = read.read() if read else b""
                if len(contents[name]) != member.size:
                    raise EOFError
            _check_end(file, archive.offset)
    except (tarfile.TarError, EOFError, lzma.LZMAError, zlib.error, OSError) as error:
        raise InputError(str(path), f"the archive is damaged or cut short ({error or 'unexpected end'})") from None
    top = _top(contents)
    contents = {name.removeprefix(top): data for name, data in contents.items()}
    names = sorted(name for name in contents if name.startswith(tuple(f"{split}/" for split in SPLITS)))
    folders = {name.removeprefix(top) for name in folders}
    return Tree(names, contents.__getitem__, lambda name: f"{path}: {top}{name}", folders)


def _unpacked(path: Path) -> BinaryIO:
    """The archive without its compression, whose own end and checksums are so seen to be there. Raises EOFError.

    (tarfile takes a header that it cannot read for the end of the archive.)
    """
    with path.open("rb") as file:
        opener = OPENERS.get(file.read(2))
    if opener is None:
        return path.open("rb")
    whole, most = io.BytesIO(), max(LARGEST, TIMES * path.stat().st_size)
    with opener(path, "rb") as stream:
        while chunk := stream.read(CHUNK):
            whole.write(chunk)
            if whole.tell() > most:
                raise InputError(str(path), f"unpacks to more than {TIMES} times its size: that is no set of images")
    whole.seek(0)
    return whole


def _check_end(file: BinaryIO, offset: int) -> None:
    """After the last member there is at least one empty block, and nothing else."""
    file.seek(offset)
    seen = 0
    while chunk := file.read(CHUNK):
        if any(chunk):
            raise EOFError("what follows its last readable file is none")
        seen += len(chunk)
    if seen < tarfile.BLOCKSIZE:
        raise EOFError


def _safe_name(path: Path, member: tarfile.TarInfo) -> str:
    name = member.name.removeprefix("./")
    if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/"):
        raise InputError(str(path), f"unsafe path '{member.name}' in the archive; repack it with plain relative names")
    if member.issym() or member.islnk():
        raise InputError(
            str(path), f"unsafe path '{member.name}' in the archive: it is a link; repack it with plain files"
        )
    return name


def _top(names: dict[str, bytes]) -> str:
    """``""``, or ``folder/`` where train/ and test/ lie in one folder of the archive."""
    if any(name.startswith("train/") for name in names):
        return ""
    tops = {name.split("/")[0] for name in names if name.split("/")[1:2] == ["train"]}
    return f"{tops.pop()}/" if len(tops) == 1 else ""
