"""Decoded arrays, kept on disk so that a data set is decoded once and not once per run.

One uncompressed .npz per source. The name comes from where the source lies and how it is decoded; its state (size, time
of change) is written inside, so a source that changed replaces its entry instead of adding one.
"""

import hashlib
import json
import logging
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from findings.data.dataset import Dataset, build
from findings.system.files import replacing

FORMAT = 2  # raise it when the decoding changes: older entries are then decoded again

_ARRAYS = ("train_images", "train_labels", "test_images", "test_labels")
# whatever NumPy, zipfile and json say of a missing or broken file
_DAMAGED = (OSError, EOFError, zipfile.BadZipFile, LookupError, TypeError, ValueError, MemoryError, RuntimeError)
_log = logging.getLogger(__name__)


def directory(given: str | None) -> Path:
    """``data.cache``, or ``findings/`` in the user's cache directory."""
    if given:
        return Path(given).expanduser()
    home = os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(home) if home else Path.home() / ".cache") / "findings"
    except RuntimeError:  # of a user without a home, as in containers
        return Path(tempfile.gettempdir()) / f"findings-{os.getuid()}"


def state_of_file(path: Path) -> str:
    """Changes whenever the file is replaced or written to."""
    stat = path.stat()
    return f"{stat.st_size}-{stat.st_mtime_ns}"


def through(
    folder: Path, source: Path, decoding: str, state: Callable[[], str], decode: Callable[[], Dataset]
) -> Dataset:
    """The cached arrays of ``source``, or those that ``decode()`` gives, which are then kept.

    ``decoding`` says how the pixels are read (two ways of reading one source are two entries). A damaged entry is
    decoded again; a cache that cannot be written to is no error.
    """
    key = hashlib.sha256(json.dumps([str(source.resolve()), decoding]).encode()).hexdigest()[:24]
    entry = folder / f"{key}.npz"
    before = state()
    nearest = _nearest(entry)
    cached = _read(nearest, before)
    if cached is None and nearest != entry:  # a copy may be damaged where its entry is not
        cached = _read(entry, before)
    if cached is not None:
        return cached
    dataset = decode()
    if state() == before:  # not changed under our hands: what was read is what the state describes
        _write(entry, dataset, before)
    return dataset


def _nearest(entry: Path) -> Path:
    """On a cluster's node that has a disk of its own (FINDINGS_SCRATCH), a copy there, made by who comes first.

    The entry itself where there is none, or no room for a copy.
    """
    scratch = os.environ.get("FINDINGS_SCRATCH")
    if not scratch or not entry.exists():
        return entry
    copy = Path(scratch) / "findings" / entry.name
    try:
        if not copy.exists() or state_of_file(copy) != state_of_file(entry):
            _copy(entry, copy)
    except OSError as error:
        _log.warning("%s: no copy of %s (%s); it is read where it is", copy, entry, error.strerror)
        return entry
    return copy


def _copy(entry: Path, copy: Path) -> None:
    """With the entry's time of change, which tells when the copy is out of date. Raises OSError."""
    copy.parent.mkdir(parents=True, exist_ok=True)
    with replacing(copy) as temporary:
        changed = entry.stat().st_mtime_ns  # before it is read: if it is replaced meanwhile, the next one copies again
        shutil.copyfile(entry, temporary)
        os.utime(temporary, ns=(changed, changed))


def _read(entry: Path, state: str) -> Dataset | None:
    """None where there is no entry, or an older, damaged or foreign one. The zip's own checksums guard the pixels."""
    try:
        with np.load(entry, allow_pickle=False) as stored:
            header = json.loads(str(stored["header"]))
            if header["format"] != FORMAT or header["state"] != state:
                return None
            train_images, train_labels, test_images, test_labels = (stored[name] for name in _ARRAYS)
        shapes = [list(array.shape) for array in (train_images, train_labels, test_images, test_labels)]
        if shapes != header["shapes"]:
            return None
        train, test = (train_images, train_labels), (test_images, test_labels)
        return build(header["name"], train, test, tuple(header["classes"]), header["fingerprint"])
    except _DAMAGED:
        return None


def _write(entry: Path, dataset: Dataset, state: str) -> None:
    arrays = {name: getattr(dataset, name) for name in _ARRAYS}
    header = {
        "format": FORMAT,
        "state": state,
        "name": dataset.name,
        "classes": dataset.classes,
        "fingerprint": dataset.fingerprint,
        "shapes": [list(array.shape) for array in arrays.values()],
    }
    try:
        entry.parent.mkdir(parents=True, exist_ok=True)
        with replacing(entry) as temporary, temporary.open("xb") as file:  # several processes may decode at once
            np.savez(file, header=np.array(json.dumps(header)), **arrays)
    except OSError as error:
        _log.warning(
            "%s: the decoded images could not be kept (%s); they are decoded again next time", entry, error.strerror
        )
