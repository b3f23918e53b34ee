"""findings import DIR [runs_dir=DIR]"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from findings.cli.arguments import folders


def run(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    parser.add_argument("folder", metavar="DIR", type=Path, help="what `findings export` has written")
    parser.add_argument("overrides", metavar="override", nargs="*", help="runs_dir=DIR")
    given = parser.parse_intermixed_args(arguments)
    from findings.records.transfer import bring

    for carried in bring(given.folder, folders(given.overrides, "runs_dir")["runs_dir"]):
        print(f"{'brought' if carried.taken else 'left'}: {carried.id} ({carried.why})")
    return 0
