"""findings export DIR [runs_dir=DIR]"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from findings.cli.arguments import folders


def run(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    parser.add_argument("folder", metavar="DIR", type=Path, help="a new folder; its files are 15 MiB at most")
    parser.add_argument("overrides", metavar="override", nargs="*", help="runs_dir=DIR")
    given = parser.parse_intermixed_args(arguments)
    from findings.records.transfer import export

    for path in export(folders(given.overrides, "runs_dir")["runs_dir"], given.folder):
        print(f"{path}  {path.stat().st_size:,} bytes")
    return 0
