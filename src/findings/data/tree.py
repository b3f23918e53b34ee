"""The files of a folder or a tar archive, seen alike: names relative to its top, and a way to read one.

An archive is read in memory and never unpacked, so a hostile one cannot write anywhere; it is refused all the same.
"""

import hashlib
import lzma
import os
import tarfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from findings.errors import InputError

SPLITS = ("train", "test")
ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2")
IMAGES = (".jpg", ".jpeg", ".png")

_DEEPEST = 5  # parts of a name: enough to see an image that lies too deep, and an end to links that go in circles


@dataclass(frozen=True)
class Tree:
    """``names`` are images, sorted, below train/ and test/; ``shown(name)`` is how messages write one."""

    names: list[str]
    read: Callable[[str], bytes]
    shown: Callable[[str], str]


def is_image(name: str) -> bool:
    """By its ending; hidden files (among them macOS's ``._x.jpg``, which are no images) are left out."""
    parts = PurePosixPath(name).parts
    return name.lower().endswith(IMAGES) and not any(part.startswith(".") for part in parts)


def open_folder(root: Path) -> Tree:
    base = _base(root)
    names = sorted(name for name, _ in _walk(base))
    return Tree(names, lambda name: (base / name).read_bytes(), lambda name: str(base / name))


def state_of_folder(root: Path) -> str:
    """Names, sizes and times of change of all images: changes whenever one of them does."""
    digest = hashlib.sha256()
    base = _base(root)
    for name, entry in sorted(_walk(base), key=lambda found: found[0]):
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
    folders = list(SPLITS)
    while folders:
        folder = folders.pop()
        if not (base / folder).is_dir():
            continue
        with os.scandir(base / folder) as entries:
            for entry in entries:
                name = f"{folder}/{entry.name}"
                if entry.name.startswith("."):
                    continue
                if entry.is_dir():
                    if name.count("/") + 1 < _DEEPEST:
                        folders.append(name)
                elif is_image(name):
                    yield name, entry


def open_archive(path: Path) -> Tree:
    """All images of a tar file, in memory. Raises :class:`InputError` for a damaged or an unsafe one."""
    contents: dict[str, bytes] = {}
    try:
        _check_end(path)
        with tarfile.open(path, mode="r|*") as archive:  # a stream: compressed archives are slow to seek in
            for member in archive:
                name = _safe_name(path, member)
                if not member.isfile() or not is_image(name):
                    continue
                file = archive.extractfile(member)
                contents[name] = file.read() if file else b""
                if len(contents[name]) != member.size:
                    raise EOFError
    except (tarfile.TarError, EOFError, lzma.LZMAError, zlib.error, OSError) as error:
        raise InputError(str(path), f"the archive is damaged or cut short ({error or 'unexpected end'})") from None
    top = _top(contents)
    contents = {name.removeprefix(top): data for name, data in contents.items()}
    names = sorted(name for name in contents if name.startswith(tuple(f"{split}/" for split in SPLITS)))
    return Tree(names, contents.__getitem__, lambda name: f"{path}: {top}{name}")


def _check_end(path: Path) -> None:
    """An uncompressed tar file that cut between two members reads like a shorter one, save for its empty last block."""
    with path.open("rb") as file:
        is_plain = file.read(512)[257:262] == b"ustar"
        if is_plain:
            file.seek(-512, os.SEEK_END)
            if any(file.read()):
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
