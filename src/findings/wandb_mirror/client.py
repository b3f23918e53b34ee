"""The W&B client and one run: begin it, log its rows, end it, and ask the server whether they arrived."""

import os
import tempfile
import time
from collections.abc import Iterable
from typing import Any

from findings.records.record import Record
from findings.system.terminal import warn
from findings.training.signals import shielding
from findings.wandb_mirror.contents import summary_of, values_of

INIT_SECONDS = 30  # for the server to open the run
ARRIVAL_SECONDS = 10  # for the server to have what it has taken
PROGRAM = "findings train"  # as W&B shows it, whatever process of ours mirrors


def start(arguments: dict[str, Any], mode: str, *, ends: bool = True, live: bool = True) -> Any:
    """The client's run. Where it does not end with us (``ends``), W&B goes on calling it running.

    ``live``: the run trains meanwhile, and what the machine does is of interest.
    """
    import wandb

    told = {key: value for key, value in arguments.items() if key != "judged"}
    wanted = {
        "silent": True,
        "console": "off",
        "disable_git": True,  # provenance is the record's, by allowlist
        "save_code": False,
        "program": PROGRAM,
        "program_relpath": PROGRAM,
        "x_save_requirements": False,  # the record names the versions that matter; to list all takes seconds
        "x_disable_meta": True,  # it would name this machine's folders, and whoever is at it
        "x_disable_stats": not live,
        "x_update_finish_state": ends,
        "init_timeout": INIT_SECONDS,
        "sweep_id": told.pop("sweep"),
    }
    settings = wandb.Settings(**{name: wanted[name] for name in _known(wandb, wanted)})
    resume = {"resume": "allow"} if mode == "online" else {}
    with shielding():  # the client's own process writes what the run still has to say
        run = wandb.init(mode=mode, settings=settings, **resume, **told)  # type: ignore[arg-type]
    run.define_metric("epoch")
    run.define_metric("*", step_metric="epoch")
    return run


def _known(wandb: Any, wanted: Iterable[str]) -> list[str]:
    """The settings that the installed client has: its own, ``x_...``, come and go with its versions."""
    fields = wandb.Settings.model_fields
    gone = [name for name in wanted if name.startswith("x_") and name not in fields]
    if gone:
        warn(f"wandb {wandb.__version__} knows no setting {', '.join(gone)}: it mirrors without")
    return [name for name in wanted if name not in gone]


def be_alone() -> None:
    """Let this process have a client of its own: told of its parent's, it would share that, and its fate."""
    os.environ.pop("WANDB_SERVICE", None)


def finish(run: Any, status: str) -> None:
    """End the client's run as the record's has: what was interrupted is preempted, and W&B's agents start it again."""
    if status == "interrupted":
        run.mark_preempting()
    run.finish(exit_code=0 if status == "finished" else 1)


def arrived(path: str, iteration: int) -> bool:
    """Whether the server has the rows: the client ends without a word if it had to give some up."""
    import wandb

    with tempfile.TemporaryDirectory() as temporary:
        os.environ["WANDB_DIR"] = temporary  # for each run that is asked for, the client makes a folder
        run = wandb.Api(timeout=INIT_SECONDS).run(path)
        deadline = time.monotonic() + ARRIVAL_SECONDS
        while run.lastHistoryStep < iteration:
            if time.monotonic() > deadline:
                return False
            time.sleep(1)
    return True


def log_row(run: Any, row: dict[str, Any]) -> None:
    values = values_of(row)
    run.log(values, step=values["iteration"])


def log_summary(run: Any, record: Record) -> None:
    """The numbers of the run's probes, beside its last row."""
    run.summary.update(summary_of(record))
