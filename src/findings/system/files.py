"""Files that are whole or not there: whoever reads one, now or after a crash, sees the old content or the new."""

import contextlib
import errno
import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

FULL = (errno.ENOSPC, errno.EDQUOT)
PASSING = (errno.ESTALE, errno.EIO)  # of a file that another machine has just replaced, on NFS: it is read again
TRIES, PAUSE = 5, 0.2  # seconds


class NoRoom(OSError):
    """A file could not be written, as the disk or a quota is full; once there is room, the same may succeed."""

    def __init__(self, path: Path, size: int | None = None) -> None:
        needed = f" ({size:,} bytes are needed)" if size else ""
        super().__init__(errno.ENOSPC, f"no space left for it{needed}", str(path))

    def __str__(self) -> str:
        return f"{self.filename}: {self.strerror}"


def read_steadily(path: Path) -> bytes:
    """All of it, tried again where a network's file system has lost sight of it. Raises OSError."""
    for left in reversed(range(TRIES)):
        try:
            return path.read_bytes()
        except OSError as error:
            if error.errno not in PASSING or not left:
                raise
            time.sleep(PAUSE)
    raise AssertionError


@contextlib.contextmanager
def needing_room(path: Path, size: int | None = None) -> Iterator[None]:
    """Of what writes ``path``, of ``size`` bytes where that is known. Raises NoRoom where there is none."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL and not isinstance(error, NoRoom):
            raise NoRoom(path, size) from None
        raise


@contextlib.contextmanager
def replacing(
    path: Path, *, only_writer: bool = False, durable: bool = False, size: int | None = None
) -> Iterator[Path]:
    """A path beside ``path`` to write to; when the block ends well, what is there takes the place of ``path``.

    Several processes may do so at once. The ``only_writer`` takes away what others, which were killed, have left there.
    After a power cut ``path`` may be as it was before, unless ``durable``, which writes the folder to disk too: for
    what others rely on, such as a checkpoint whose rows are sent on. Raises NoRoom, telling the ``size`` if it is
    given, and OSError.
    """
    if only_writer:
        for left in path.parent.glob(f".{path.name}.*"):
            left.unlink(missing_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with needing_room(path, size):
            yield temporary
            _to_disk(temporary)
            temporary.replace(path)
            if durable:
                _to_disk(path.parent)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def set_aside(path: Path) -> Path:
    """Give a damaged file another name beside its own, for whoever wants to look at it, and return that."""
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    path.replace(aside)
    return aside


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write all of ``path`` in one step. Raises NoRoom, and OSError."""
    data = content.encode() if isinstance(content, str) else content
    with replacing(path, size=len(data)) as temporary:
        temporary.write_bytes(data)


def write_if_changed(path: Path, content: str | bytes) -> Path:
    """The same, with the folders that it needs; a file that holds just that is left alone."""
    data = content.encode() if isinstance(content, str) else content
    if not path.exists() or path.read_bytes() != data:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, data)
    return path


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
