"""Arguments that several actions share."""

import argparse
import re
from collections.abc import Sequence
from pathlib import Path

from findings.errors import InputError


def add_sweep(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sweep", metavar="SWEEP", help="scale/finding, a whole scale, or a sweep file")
    parser.add_argument(
        "overrides", metavar="override", nargs="*", default=[], help="Hydra's key=value; a comma list adds an axis"
    )


def folders(overrides: Sequence[str], *names: str) -> dict[str, Path]:
    """{name: folder} of actions that need no config: ``runs_dir=DIR``, by default the folder runs, and so on."""
    found = {name: Path(name.removesuffix("_dir")) for name in names}
    for override in overrides:
        key, _, value = override.partition("=")
        if key not in found or not value:
            raise InputError(f"'{override}'", "no such override of this action", [f"{name}=DIR" for name in found], key)
        found[key] = Path(_unquoted(value))
    return found


def _unquoted(text: str) -> str:
    """Without the quotes that Hydra wants around spaces, beside the shell's own."""
    quoted = re.fullmatch(r"""(['"])(.*)\1""", text)
    return text if quoted is None else quoted[2].replace(f"\\{quoted[1]}", quoted[1])


def jobs(text: str) -> int | None:
    if text == "auto":
        return None
    if not text.isdigit() or int(text) < 1:
        raise InputError("--jobs", f"'{text}' is neither a number above 0 nor auto")
    return int(text)


def count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise InputError("--gpus", f"'{text}' is no number above 0")
    return int(text)


def seconds(text: str, key: str = "--time-limit") -> float:
    """90s, 9m, 1.5h, or a number of seconds."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text)
    if not match or float(match[1]) == 0:
        raise InputError(key, f"'{text}' is no time such as 90s, 9m or 1.5h")
    return float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]]
