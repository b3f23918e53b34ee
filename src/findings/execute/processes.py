"""How worker processes come to be."""

import multiprocessing as mp
import sys
from functools import cache
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext, SpawnContext
from pathlib import Path

GPU_DRIVERS = ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd")


@cache
def context() -> SpawnContext | ForkServerContext:
    """Forked from a server that paid the 5 s of imports for all; started anew where a GPU's driver forbids forks."""
    if sys.platform != "linux" or any(Path(driver).exists() for driver in GPU_DRIVERS):
        return mp.get_context("spawn")
    chosen = mp.get_context("forkserver")
    chosen.set_forkserver_preload(["findings.train"])
    return chosen


def prepare() -> None:
    """Begin with the imports in the background, while the plan is made."""
    if isinstance(context(), ForkServerContext):
        forkserver.ensure_running()
