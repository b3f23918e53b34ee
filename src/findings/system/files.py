"""Files that are whole or not there: whoever reads one, now or after a crash, sees the old content or the new."""

import contextlib
import os
import uuid
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def replacing(path: Path, *, only_writer: bool = False, durable: bool = False) -> Iterator[Path]:
    """A path beside ``path`` to write to; when the block ends well, what is there takes the place of ``path``.

    Several processes may do so at once, unless this is the ``only_writer``: what a killed one leaves behind is then
    written over by the next. After a power cut ``path`` may be as it was before, unless ``durable``, which writes the
    folder to disk too: for what others rely on, such as a checkpoint whose rows are sent on. Raises OSError.
    """
    temporary = path.with_name(f".{path.name}.{'part' if only_writer else uuid.uuid4().hex}")
    try:
        yield temporary
        _to_disk(temporary)
        temporary.replace(path)
        if durable:
            _to_disk(path.parent)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write all of ``path`` in one step. Raises OSError."""
    with replacing(path) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


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
