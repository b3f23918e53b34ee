"""python -m benchmarks.study [--record]     what `make study` takes once installed: `findings study quick`, as a whole

From the command to its return, in an empty folder. The target: 100 s on two cores for the whole scale.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.table import Benchmark, Row, parser
from findings.records import provenance

STUDY = Benchmark(
    name="study",
    title="A whole study",
    shown={
        "sweep": "{sweep}",
        "runs": "{runs}",
        "verdicts": "{verdicts}",
        "training, core-seconds": "{training_seconds:.0f}",
        "seconds": "{seconds:.1f}",
    },
    columns=("sweep", "runs", "verdicts", "training_seconds", "seconds"),
)


def main(arguments: Sequence[str] | None = None) -> None:
    options = parser("study", __doc__)
    options.add_argument("sweep", nargs="?", default="quick", metavar="SWEEP", help="default: quick")
    options.add_argument("overrides", nargs="*", metavar="override", help="Hydra's key=value")
    given = options.parse_args(arguments)
    STUDY.run(_rows(given.sweep, given.overrides), provenance.processor(), record=given.record)


def _rows(sweep: str, overrides: Sequence[str]) -> Iterator[Row]:
    command = [sys.executable, "-m", "findings.cli", "study", sweep, *overrides]
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - started
        records = [json.loads(path.read_text()) for path in Path(folder).glob("runs/*/record.json")]
        verdicts = [json.loads(path.read_text()) for path in Path(folder).glob("results/*/verdicts.json")]
    yield {
        "sweep": sweep,
        "runs": len(records),
        "verdicts": sum(len(found) for found in verdicts),
        "training_seconds": sum(record["wall_seconds"] for record in records),
        "seconds": seconds,
    }


if __name__ == "__main__":
    main()
