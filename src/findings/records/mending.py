"""What is damaged in one run's directory is set aside, and the run goes on from what is left."""

import zipfile

from findings.records.record import Damaged, Record
from findings.system.files import set_aside


def mend(record: Record) -> list[str]:
    """Set aside what cannot be read; a line for each file. Only by the process that holds the run's lease.

    Without its record a run goes on from its checkpoint. Without its rows, or its checkpoint, it begins anew: a
    finished one whose rows are cut short is not finished any more.
    """
    told = []
    if record.damage:
        told.append(f"{record.damage.where} was damaged and is now {set_aside(record.path).name}")
        record.damage, record.fields = None, {}
    try:
        record.rows()
        rows_are_whole = not record.is_cut_short
    except Damaged:
        rows_are_whole = False
    if not rows_are_whole and record.metrics.exists():
        told.append(f"{record.metrics} was damaged and is now {set_aside(record.metrics).name}: its run begins anew")
    if not rows_are_whole:
        record.forget_training()
        record.update(status="interrupted", reason="its rows were damaged")
    elif record.status != "finished" and record.checkpoint.exists() and not _is_whole(record):
        told.append(
            f"{record.checkpoint} was damaged and is now {set_aside(record.checkpoint).name}: its run begins anew"
        )
        record.forget_training()
    return told


def _is_whole(record: Record) -> bool:
    """Whether every byte of the checkpoint is as it was written."""
    try:
        with zipfile.ZipFile(record.checkpoint) as archive:
            return archive.testzip() is None
    except (zipfile.BadZipFile, OSError, EOFError, ValueError):
        return False
