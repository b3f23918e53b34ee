"""How worker processes come to be."""

import multiprocessing as mp
import signal
import sys
import tempfile
from functools import cache
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext, SpawnContext
from pathlib import Path

from findings.training.allocator import inherited

TRAINING = "findings.training.train"
LONGEST = 60  # characters of TMPDIR: in it lie sockets, whose names Linux limits to 107
GPU_DRIVERS = ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd")


@cache
def context() -> SpawnContext | ForkServerContext:
    """Forked from a server that paid the 5 s of imports for all; started anew where a GPU's driver forbids forks."""
    if sys.platform != "linux" or any(Path(driver).exists() for driver in GPU_DRIVERS):
        return mp.get_context("spawn")
    chosen = mp.get_context("forkserver")
    chosen.set_forkserver_preload([TRAINING])
    return chosen


def prepare(*modules: str) -> None:
    """Begin with the imports in the background, while the plan is made; of ``modules`` beside those of training."""
    if isinstance(context(), ForkServerContext):
        context().set_forkserver_preload([TRAINING, *modules])
        if len(tempfile.gettempdir()) > LONGEST:
            tempfile.tempdir = "/tmp"
        handler = signal.signal(signal.SIGINT, signal.SIG_IGN)  # inherited: a terminal's ^C is for the command alone
        with inherited():
            forkserver.ensure_running()
        signal.signal(signal.SIGINT, handler)
