"""One file from the web, whole and checked, or none: resumed where it was cut off, fetched by one process at a time."""

import contextlib
import hashlib
import http.client
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import IO

from findings.errors import InputError
from findings.system.locks import locked

ATTEMPTS = 4  # in a row without a byte
_BLOCK = 1 << 20
_TIMEOUT = 30.0  # seconds without an answer
_REPORT_EVERY = 5.0  # seconds
_PASSING = (408, 425, 429)  # HTTP errors worth another attempt, beside 500 and above


def fetch(url: str, path: Path, md5: str, *, pause: float = 1.0) -> None:
    """Put the file at ``url`` to ``path``, unless it is there already. Raises :class:`InputError`.

    What has arrived waits in ``<path>.part``. ``pause`` seconds pass before the second attempt, twice as many before
    each further one.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _lock(path):
            if not path.exists():  # another process may have fetched it while this one waited
                _fetch(url, path, md5, pause)
    except OSError as error:
        raise InputError(str(path), f"could not be written ({error.strerror or error}); {_remedy(url)}") from None


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Held by the process that downloads."""
    lock = path.with_name(f".{path.name}.lock")
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(locked(lock, wait=False))
        except BlockingIOError:
            _say(f"waiting for another process, which is downloading {path.name}")
            held.enter_context(locked(lock))
        yield


def _fetch(url: str, path: Path, md5: str, pause: float) -> None:
    part = path.with_name(f"{path.name}.part")
    _say(f"downloading {url} to {path.parent}")
    failures = 0
    while True:
        had = _size(part)
        problem = _receive(url, part)
        if problem is None:
            if md5_of(part) == md5:
                part.replace(path)
                return
            part.unlink()
            if had == 0:
                raise InputError(url, f"has a wrong checksum, so the download was deleted; {_remedy(url)}")
            _say(f"{path.name}: the resumed file has a wrong checksum; starting again")
            continue
        failures = 0 if _size(part) > had else failures + 1
        if failures == ATTEMPTS:
            raise InputError(url, f"could not be fetched ({problem}); {_remedy(url)}")
        wait = pause * 2 ** max(failures - 1, 0)
        _say(f"{path.name}: {problem}; trying again in {wait:g} s")
        time.sleep(wait)


def _receive(url: str, part: Path) -> str | None:
    """Append to ``part`` what the server has beyond it. None when complete, otherwise what went wrong, for a retry."""
    had = _size(part)
    try:
        request = urllib.request.Request(url, headers={"Range": f"bytes={had}-"} if had else {})
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as response:
            resumed = response.status == HTTPStatus.PARTIAL_CONTENT
            if resumed and not response.headers.get("Content-Range", "").startswith(f"bytes {had}-"):
                part.unlink()
                return "the server sent another part than was asked for"
            start = had if resumed else 0  # a server that ignores Range sends everything again
            length = response.headers.get("Content-Length")
            total = start + int(length) if length else None
            with part.open("r+b" if start else "wb") as file:
                file.seek(start)
                _copy(response, file, start, total, part.stem)
    except urllib.error.HTTPError as error:
        if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and had:
            return None  # nothing lies beyond what is here: the checksum will tell
        if error.code in _PASSING or error.code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return f"HTTP {error.code}"
        raise InputError(url, f"could not be fetched (HTTP {error.code}: {error.reason}); {_remedy(url)}") from None
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
        return str(getattr(error, "reason", "") or error or type(error).__name__)
    except ValueError as error:
        raise InputError(url, f"is no URL that can be fetched ({error}); {_remedy(url)}") from None
    if total is not None and _size(part) < total:
        return f"cut off after {_size(part)} of {total} bytes"
    return None


def _copy(response: http.client.HTTPResponse, file: IO[bytes], done: int, total: int | None, name: str) -> None:
    reported = time.monotonic()
    for block in _blocks(response):
        file.write(block)
        done += len(block)
        if time.monotonic() - reported > _REPORT_EVERY:
            reported = time.monotonic()
            share = f" of {total / 1e6:.0f}" if total else ""
            _say(f"{name}: {done / 1e6:.0f}{share} MB")
    file.flush()
    os.fsync(file.fileno())


def _blocks(response: http.client.HTTPResponse) -> Iterator[bytes]:
    while True:
        try:
            block = response.read1(_BLOCK)
        except OSError as error:  # told apart from an error of the disk, which no retry mends
            raise ConnectionError(str(error)) from error
        if not block:
            return
        yield block


def md5_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _remedy(url: str) -> str:
    return f"fetch {url.rsplit('/', 1)[-1]} by hand and put it in data.root, or set data.mirror to a folder that has it"
