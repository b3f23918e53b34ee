"""Records, and the checkpoints of unfinished runs, in files small enough to be carried to another machine.

One tar stream, compressed and cut into parts, export.000, export.001, ..., which export.json lists.
"""

import hashlib
import io
import json
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from findings.config.arguments import strange
from findings.config.frozen import fields_of, thaw
from findings.errors import InputError
from findings.records.lease import Leased, lease
from findings.records.library import readable
from findings.records.record import Record
from findings.system.files import needing_room, write_atomically

PART = 15 * 2**20  # bytes, at most
MANIFEST = "export.json"
CHECKPOINT = "checkpoints/last.ckpt"
# in this order: what is read later may be ahead of the checkpoint, never behind it; resuming cuts it back
FILES = (CHECKPOINT, "config.yaml", "metrics.csv", "probes.csv", "predictions.npz", "record.json")


@dataclass(frozen=True)
class Carried:
    """What became of one run: taken, or why it was left."""

    id: str
    taken: bool
    why: str


def export(runs_dir: Path, folder: Path, part: int = PART) -> list[Path]:
    """Write every run of ``runs_dir`` into parts of ``part`` bytes at most in ``folder``; returns the files.

    Raises InputError where there is no run, or where ``folder`` holds another export.
    """
    records = readable(runs_dir)
    if not records:
        raise InputError(str(runs_dir), "holds no run to export")
    if (folder / MANIFEST).exists() or any(folder.glob("export.[0-9]*")):
        raise InputError(str(folder), "holds an export already; name a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    parts = _Parts(folder, part)
    try:
        _pack(records, parts)
        content = {"runs": [record.directory.name for record in records], "parts": parts.written}
        write_atomically(folder / MANIFEST, json.dumps(content, indent=1) + "\n")
    except BaseException:
        parts.remove()  # half an export is none, and stands in the way of the next
        raise
    return [*(folder / entry["name"] for entry in parts.written), folder / MANIFEST]


def _pack(records: list[Record], parts: "_Parts") -> None:
    with tarfile.open(fileobj=parts, mode="w|gz") as archive:  # type: ignore[call-overload]  # write() is all it needs
        for record in records:
            for name in FILES:
                path = record.directory / name
                if path.exists() and (name != CHECKPOINT or record.status != "finished"):
                    archive.add(path, f"{record.directory.name}/{name}")
    parts.close()


def bring(folder: Path, runs_dir: Path) -> Iterator[Carried]:
    """Bring the runs of an export into ``runs_dir``; of a run on both sides the one further on stays.

    Raises InputError where a part is missing or damaged, or holds what is no run: nothing has been brought then.
    """
    manifest = _manifest(folder)
    runs_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=runs_dir, prefix=".import-") as temporary:
        _unpack(folder, manifest, Path(temporary))
        found = [Record(path.parent) for path in sorted(Path(temporary).glob("*/record.json"))]
        for record in found:
            refuse_strange(record, str(folder))
        for record in found:
            yield place(record, runs_dir)


def place(record: Record, runs_dir: Path) -> Carried:
    """Move the files of a run that was brought here into ``runs_dir``, unless what is there is as far."""
    name = record.directory.name
    target = runs_dir / name
    try:
        with lease(target):
            here = Record(target)
            if here.path.exists() and progress(here) >= progress(record):
                return Carried(name, False, f"{here.status} here at iteration {here.get('iteration', 0)}")
            for file in FILES:  # the record last: until then the directory is what it was, or resumes anyway
                source = record.directory / file
                if source.exists():
                    (target / file).parent.mkdir(parents=True, exist_ok=True)
                    source.replace(target / file)
            return Carried(name, True, f"{record.status} at iteration {record.get('iteration', 0)}")
    except Leased as holder:
        return Carried(name, False, str(holder))


def progress(record: Record) -> tuple[bool, int]:
    """How far a run is, to be compared with the same run elsewhere."""
    return record.status == "finished", int(record.get("iteration") or 0)


def refuse_strange(record: Record, source: str) -> None:
    """Raises InputError naming the ``source`` if what came from it is no run, or would import what is not ours."""
    name = record.directory.name
    if not record.config.exists():
        raise InputError(source, f"{name} has no config.yaml: it is no run")
    try:
        target = strange(fields_of(record.config))
    except InputError as error:  # it lies in a temporary folder, which says nothing
        raise InputError(source, f"{name}/config.yaml {error.problem}") from None
    if target is not None:
        raise InputError(
            source,
            f"{name} names '{target}', which is neither findings' own nor in {Path.cwd()}: import it where it is",
        )
    try:
        held = thaw(record.config).id
    except InputError as error:
        raise InputError(source, f"{name}/config.yaml {error.problem}") from None
    if held != name:
        raise InputError(source, f"{name} holds the config of {held}")


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    if not path.exists():
        raise InputError(str(folder), f"holds no {MANIFEST}: `findings export` writes it beside the parts")
    try:
        content: dict[str, Any] = json.loads(path.read_text())
        for part in content["parts"]:
            file = folder / Path(part["name"]).name
            if not file.exists():
                raise InputError(str(file), "is missing: carry every part that export.json lists")
            if hashlib.sha256(file.read_bytes()).hexdigest() != part["sha256"]:
                raise InputError(str(file), "is damaged (another SHA-256 than export.json says): carry it again")
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(str(path), f"is no manifest of an export ({error!r})") from None
    return content


def _unpack(folder: Path, manifest: dict[str, Any], target: Path) -> None:
    joined = _Joined([folder / Path(part["name"]).name for part in manifest["parts"]])
    try:
        with tarfile.open(fileobj=io.BufferedReader(joined), mode="r|gz") as archive:
            for member in archive:
                run, _, file = member.name.partition("/")
                if file not in FILES or not member.isfile() or run in ("", ".", ".."):
                    raise InputError(str(folder), f"holds '{member.name}', which is no file of a run")
                source = archive.extractfile(member)
                assert source is not None
                path = target / run / file
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("wb") as sink:
                    shutil.copyfileobj(source, sink)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise InputError(str(folder), f"cannot be unpacked ({error})") from None


class _Parts:
    """A file that begins a new one wherever it reaches ``size`` bytes."""

    def __init__(self, folder: Path, size: int) -> None:
        self.folder, self.size = folder, size
        self.written: list[dict[str, Any]] = []
        self.buffer = bytearray()

    def write(self, data: bytes) -> int:
        self.buffer += data
        while len(self.buffer) >= self.size:
            self._flush(self.size)
        return len(data)

    def close(self) -> None:
        if self.buffer:
            self._flush(len(self.buffer))

    def remove(self) -> None:
        for path in self.folder.glob("export.[0-9]*"):
            path.unlink(missing_ok=True)

    def _flush(self, length: int) -> None:
        content, self.buffer = bytes(self.buffer[:length]), self.buffer[length:]
        name = f"export.{len(self.written):03}"
        with needing_room(self.folder / name, length):
            (self.folder / name).write_bytes(content)
        self.written.append({"name": name, "bytes": length, "sha256": hashlib.sha256(content).hexdigest()})


class _Joined(io.RawIOBase):
    """The parts, read as one file."""

    def __init__(self, paths: list[Path]) -> None:
        self.waiting, self.current = list(paths), b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self.current and self.waiting:
            self.current = self.waiting.pop(0).read_bytes()
        taken = self.current[: len(buffer)]
        buffer[: len(taken)] = taken
        self.current = self.current[len(taken) :]
        return len(taken)
