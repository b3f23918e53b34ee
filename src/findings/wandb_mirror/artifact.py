"""A run's record as an artifact of its W&B run: what it was judged by, for whoever has W&B and not the run's folder.

It holds the frozen config, the record, its rows and probes, and the plans and verdicts of the findings that asked for
the run, as they were when it was sent; no checkpoint. Its metadata name the data by their fingerprint.
"""

from pathlib import Path
from typing import Any

from findings.records.record import ENDED, Record

OWN = ("config.yaml", "record.json", "metrics.csv", "probes.csv")
LONGEST = 128  # W&B's names


def log_record(run: Any, record: Record, judged: dict[str, str]) -> None:
    """Add the artifact to the client's ``run`` if the record's has ended; ``judged``: {name in it: path}.

    What is said to standard output, if a server or a client does not take it: the rows are worth more.
    """
    if record.status not in ENDED:
        return
    try:
        run.log_artifact(_artifact(record, judged))
    except Exception as error:  # the client's own kinds, and those of whatever it is made of
        print(f"W&B has no artifact of the record: {type(error).__name__}: {' '.join(str(error).split())}", flush=True)


def _artifact(record: Record, judged: dict[str, str]) -> Any:
    import wandb

    known = {"status": record.status, "iteration": record.get("iteration", 0), "findings": record.get("findings", [])}
    data = record.get("provenance", {}).get("data")
    artifact = wandb.Artifact(
        f"record-{record.directory.name}"[:LONGEST], type="record", metadata=known | {"data": data}
    )
    for name, path in {name: str(record.directory / name) for name in OWN}.items() | judged.items():
        if Path(path).exists():
            artifact.add_file(path, name=name, policy="immutable", skip_cache=True)
    return artifact
