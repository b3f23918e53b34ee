"""Read W&B's transaction logs, as `wandb sync` does: a LevelDB log of protobuf messages."""

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

BLOCK, FILE_HEADER, RECORD_HEADER = 32_768, 7, 7
FULL, LAST = 1, 4


def messages(path: Path) -> Iterator[bytes]:
    content, position, parts = path.read_bytes(), FILE_HEADER, b""
    assert content[:4] == b":W&B"
    while position + RECORD_HEADER <= len(content):
        left = BLOCK - position % BLOCK
        if left < RECORD_HEADER:
            position += left
            continue
        length, kind = struct.unpack_from("<HB", content, position + 4)
        position += RECORD_HEADER
        parts += content[position : position + length]
        position += length
        if kind in (FULL, LAST):
            yield parts
            parts = b""


def segments(directory: Path) -> list[dict[str, Any]]:
    """What each log of a run directory holds, oldest first: run, config, rows with their steps, summary."""
    from wandb.proto.wandb_internal_pb2 import Record

    found = []
    for path in sorted(directory.glob("wandb/offline-run-*/run-*.wandb")):
        segment: dict[str, Any] = {"rows": [], "config": {}, "summary": {}}
        for message in messages(path):
            entry = Record.FromString(message)
            if entry.HasField("run"):
                segment["run"] = entry.run
                segment["config"] = {item.key: json.loads(item.value_json) for item in entry.run.config.update}
            elif entry.HasField("history"):
                items = entry.history.item
                row = {item.key or item.nested_key[0]: json.loads(item.value_json) for item in items}
                segment["rows"].append(row | {"_step": entry.history.step.num})
            elif entry.HasField("summary"):
                items = entry.summary.update
                segment["summary"] |= {item.key or item.nested_key[0]: json.loads(item.value_json) for item in items}
        found.append(segment)
    return found
