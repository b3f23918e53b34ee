"""Locks between processes on any file system: by flock where it has that, or by a file that only one can make."""

import contextlib
import errno
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

WITHOUT_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL)
ABANDONED = 60.0  # seconds without a sign of life, after which the file of a killed process is taken away
POLL = 0.05


@contextlib.contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold the lock file ``path``, which stays: removing it would let two processes hold one each.

    Raises BlockingIOError if another process holds it and we do not ``wait``. Where the file system has no locks
    (Lustre without ``flock``, NFS without its daemon), what a killed process held is free again after a minute.
    """
    import fcntl

    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except OSError as error:
            if error.errno not in WITHOUT_LOCKS:
                raise
            with _exclusively(path.with_name(f"{path.name}.held"), wait=wait):
                yield
        else:
            yield


def has_locks(folder: Path) -> bool:
    """Whether the file system of ``folder`` refuses a lock that is held. Raises OSError if nothing can be written."""
    import fcntl

    with tempfile.NamedTemporaryFile(dir=folder, prefix=".lock-") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX)
            with Path(held.name).open("a") as other:
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError as error:
            if error.errno not in WITHOUT_LOCKS:
                raise
    return False


def file_system_time(folder: Path) -> float:
    """What a file that is written now would have as its time: of two machines' clocks, one may be minutes ahead."""
    probe = folder / f".time-{os.getpid()}-{time.monotonic_ns()}"
    try:
        probe.touch()
        return probe.stat().st_mtime
    except OSError:  # nothing can be written here
        return time.time()
    finally:
        with contextlib.suppress(OSError):
            probe.unlink()


@contextlib.contextmanager
def _exclusively(path: Path, *, wait: bool) -> Iterator[None]:
    while True:
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            break
        except FileExistsError:
            with contextlib.suppress(OSError):
                if file_system_time(path.parent) - path.stat().st_mtime > ABANDONED:
                    path.unlink()
                    continue
            if not wait:
                raise BlockingIOError(errno.EWOULDBLOCK, os.strerror(errno.EWOULDBLOCK), str(path)) from None
            time.sleep(POLL)
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(ABANDONED / 6):
            with contextlib.suppress(OSError):
                os.utime(path)

    threading.Thread(target=beat, daemon=True).start()
    try:
        yield
    finally:
        ended.set()
        path.unlink(missing_ok=True)
