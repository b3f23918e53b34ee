"""Whether a run needs training at all."""

from findings.config.frozen import thaw
from findings.config.identity import Run, refuse_other
from findings.records import provenance
from findings.records.record import Record


def standing(record: Record, run: Run, *, retry_failed: bool) -> tuple[str, str] | None:
    """(skipped or failed, why) for a run that needs no training, otherwise None.

    Raises InputError where the directory holds another config.
    """
    if record.config.exists():
        refuse_other(thaw(record.config), run)
    if record.is_finished:
        return "skipped", _made_by_other_code(record)
    if record.status == "failed" and not retry_failed:
        return "failed", f"{record.get('reason')} (--retry-failed tries again)"
    return None


def _made_by_other_code(record: Record) -> str:
    before, today = record.get("provenance", {}).get("git", {}), provenance.code()
    if before == today or before.get("sha") is None:
        return ""
    return f"made by commit {str(before.get('sha'))[:10]}{' with changes' if before.get('dirty') else ''}"
