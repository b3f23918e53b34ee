"""NVIDIA's Multi-Process Service: the kernels of several processes run on one GPU side by side, not in turns."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator

CONTROL = "nvidia-cuda-mps-control"
VARIABLES = ("CUDA_MPS_PIPE_DIRECTORY", "CUDA_MPS_LOG_DIRECTORY")
SECONDS = 20  # for the service to start, or to end


@contextlib.contextmanager
def shared_gpus(processes: int, gpus: int) -> Iterator[bool]:
    """A service of our own within the block, where several processes share a GPU; yields whether there is one.

    A service that the user or the cluster has set up is used as it is. Where none can be had (no control program, a
    GPU in exclusive use, a driver that refuses), processes share the GPU by turns, as CUDA has them do without it.
    """
    if gpus == 0 or processes <= gpus or not shutil.which(CONTROL):
        yield False
        return
    if "CUDA_MPS_PIPE_DIRECTORY" in os.environ:
        yield True
        return
    # a short path: the service's sockets lie in it, and their names may have about 100 characters
    with tempfile.TemporaryDirectory(prefix="mps-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        os.environ.update(dict.fromkeys(VARIABLES, folder))
        started = False
        try:
            started = _tell("-d")
            if not started:
                _forget()  # or CUDA would look for the service there, and fail
            yield started
        finally:
            if started:
                _tell(said="quit\n")
            _forget()


def _tell(*arguments: str, said: str | None = None) -> bool:
    """Whether the control program did as it was told."""
    try:
        subprocess.run(
            [CONTROL, *arguments], input=said, text=True, check=True, timeout=SECONDS, stdout=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def _forget() -> None:
    for name in VARIABLES:
        os.environ.pop(name, None)
