"""A run's record as an artifact of its W&B run: what it was judged by, for whoever has W&B and not the run's folder.

It holds the frozen config, the record, its rows, probes and predictions, and the plans, locks and verdicts of the
findings that asked for the run, as they were when it was sent; no checkpoint. Its metadata say which run it is, how
far, and on what data, by their fingerprint. ``findings pull`` (pull.py) makes records of it again.
"""

from pathlib import Path
from typing import Any

from findings.config.frozen import fields_of
from findings.records.record import ENDED, Record

TYPE = "record"
OWN = ("config.yaml", "record.json", "metrics.csv", "probes.csv", "predictions.npz")
PREFIX, LONGEST = "record-", 128  # of W&B's names


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

    run = record.directory.name
    told = {
        "run": run,
        "scale": fields_of(record.config).get("scale", ""),
        "findings": record.get("findings", []),
        "status": record.status,
        "iteration": record.get("iteration", 0),
        "data": record.get("provenance", {}).get("data"),
    }
    # of a name that is too long the end is kept: the hash and the seed
    artifact = wandb.Artifact(PREFIX + run[-(LONGEST - len(PREFIX)) :], type=TYPE, metadata=told)
    for name, path in {name: str(record.directory / name) for name in OWN}.items() | judged.items():
        if Path(path).exists():
            artifact.add_file(path, name=name, policy="immutable", skip_cache=True)
    return artifact
