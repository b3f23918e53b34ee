"""Which test images a run gets wrong: ``images.csv``, a row per run and a bit per image, kept with the other tables.

Two networks err on much the same images, so that what a sample of images says of their difference is far more than
what it says of each. The bits hold that; a claim's interval is then as narrow as the images allow, and never narrower.
"""

import base64
import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from findings.errors import InputError
from findings.judging.evidence import Evidence, Run, short
from findings.records import predictions
from findings.system.files import write_if_changed
from findings.system.tables import as_csv

FILE = "images.csv"
COLUMNS = ("id", "images", "wrong")  # wrong: base64, an image's bit is 1 where its class is another

Wrong = NDArray[np.bool_]  # (N,)


def merge_images(runs: Sequence[Run], folder: Path, runs_dir: Path) -> dict[str, Wrong]:
    """{run id: wrong images} of ``runs`` that have ended, from the table or from predictions in ``runs_dir``.

    What is new joins the table, of which no row is ever dropped. Raises :class:`InputError` where it is damaged.
    """
    path = folder / FILE
    rows = {row["id"]: row for row in _rows(path)}
    for run in runs:
        if run.status == "finished" and run.id not in rows:
            found = predictions.read(runs_dir / run.id / "predictions.npz")
            if found is not None:
                bits = base64.b64encode(np.packbits(found.classes != found.labels).tobytes()).decode()
                rows[run.id] = {"id": run.id, "images": str(len(found.labels)), "wrong": bits}
    if rows:
        write_if_changed(path, as_csv(COLUMNS, [rows[key] for key in sorted(rows)]))
    return {run.id: _bits(path, rows[run.id]) for run in runs if run.id in rows}


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _bits(path: Path, row: dict[str, str]) -> Wrong:
    try:
        packed = np.frombuffer(base64.b64decode(row["wrong"]), dtype=np.uint8)
        return np.unpackbits(packed, count=int(row["images"])).astype(bool)
    except (KeyError, ValueError, TypeError) as error:
        raise InputError(short(path), f"is no table of images ({error!r}): restore the file") from error


def sampling_error(contrast: Mapping[str, float], evidence: Evidence) -> float | None:
    """Standard error, in percentage points, of a contrast of test errors by the sampling of the images.

    Of the images' own contrasts, means over seeds; one more image is taken to differ than does, so that arms that agree
    on all are not certain to. None where not every run of the contrast has its bits, or they are of other images.
    """
    means = {}
    for term in contrast:
        bits = [evidence.wrong.get(run.id) for run in evidence.runs_of(term)]
        known = [each for each in bits if each is not None]
        if not known or len(known) < len(bits):
            return None
        means[term] = np.mean(known, axis=0)
    number = len(next(iter(means.values())))
    if any(len(mean) != number for mean in means.values()):
        return None
    each = sum((weight * means[term] for term, weight in contrast.items()), start=np.zeros(number))
    return 100 * math.sqrt(float(np.square(each - each.mean()).sum()) + 1) / number
